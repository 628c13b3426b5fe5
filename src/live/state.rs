//! From windows to the state: rates and quantiles of the last ten seconds.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{OperationState, ProcessState, SCHEMA_VERSION, State};
use crate::snapshot::{OperationSnapshot, Snapshot};
use crate::threshold::Verdict;

/// Who tells.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    /// Its file name.
    pub(crate) name: String,
    pub(crate) pid: u32,
    /// RFC 3339.
    pub(crate) started_at: String,
}

/// The state at the end of `window`, the last ten seconds of `run`, which is everything since the start; `own_cpu`: of all our
/// threads since then.
pub(crate) fn of_window(
    program: &Program,
    (now, own_cpu): (String, Duration),
    (run, window): (&Snapshot, &Snapshot),
    verdicts: Vec<Verdict>,
) -> State {
    let seconds = window.duration().as_secs_f64();
    let nothing = OperationSnapshot::default();
    let operations = run.operations.iter().map(|whole| {
        let recent = window.operation(&whole.name).unwrap_or(&nothing);
        operation(whole, recent, seconds)
    });
    let gauges = run.gauges.iter().filter(|gauge| gauge.value.is_finite());
    State {
        schema_version: SCHEMA_VERSION,
        vecperf_version: env!("CARGO_PKG_VERSION").to_owned(),
        program: program.name.clone(),
        pid: program.pid,
        started_at: program.started_at.clone(),
        now,
        at_seconds: window.to.as_secs_f64(),
        window_seconds: seconds,
        operations: operations.collect(),
        process: process(window, seconds, own_cpu),
        components: BTreeMap::new(),
        gauges: gauges
            .map(|gauge| (gauge.name.clone(), gauge.value))
            .collect(),
        verdicts,
    }
}

/// How often a second; 0 in a window of no length.
fn rate(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 {
        count as f64 / seconds
    } else {
        0.0
    }
}

fn operation(
    whole: &OperationSnapshot,
    recent: &OperationSnapshot,
    seconds: f64,
) -> OperationState {
    let latency = recent.latency();
    let count = recent.count();
    let quantile = |q| latency.quantile(q).map(|latency| latency.as_secs_f64());
    let spent = recent.allocations.as_ref();
    let spent = spent.filter(|spent| spent.operations > 0);
    let work = recent.counters.iter().map(|counter| {
        let each = counter.total as f64 / count.max(1) as f64;
        (counter.name.clone(), each)
    });
    OperationState {
        name: whole.name.clone(),
        count: whole.count(),
        errors: whole.error.count(),
        window_count: count,
        rate: rate(count, seconds),
        error_rate: rate(recent.error.count(), seconds),
        p50_seconds: quantile(0.5),
        p99_seconds: quantile(0.99),
        max_seconds: latency.max().map(|longest| longest.as_secs_f64()),
        recall: whole.recall(),
        allocations_per_operation: spent
            .map(|spent| spent.allocations as f64 / spent.operations as f64),
        allocated_bytes_per_operation: spent
            .map(|spent| spent.bytes as f64 / spent.operations as f64),
        work_per_operation: if count > 0 {
            work.collect()
        } else {
            BTreeMap::new()
        },
    }
}

fn process(window: &Snapshot, seconds: f64, own_cpu: Duration) -> ProcessState {
    let used = &window.resources;
    let last = used.last.as_ref();
    let headroom = used.memory_headroom.as_ref();
    ProcessState {
        cpu_percent: used.cpu_percent,
        cores_used: used.cores_used,
        cpus_available: used.cpus_available,
        anonymous_bytes: last.and_then(|last| last.anonymous_bytes),
        file_backed_bytes: last.and_then(|last| last.file_backed_bytes),
        swapped_bytes: last.and_then(|last| last.swapped_bytes),
        headroom_bytes: headroom.map(|headroom| headroom.headroom_bytes),
        major_fault_rate: used
            .major_faults
            .filter(|_| seconds > 0.0)
            .map(|faults| rate(faults, seconds)),
        threads: last.and_then(|last| last.threads),
        own_cpu_seconds: own_cpu.as_secs_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::CounterReading;

    #[test]
    fn rates_are_of_the_window_and_counts_of_the_run() {
        let mut whole = OperationSnapshot {
            name: "search".to_owned(),
            ..OperationSnapshot::default()
        };
        let mut recent = whole.clone();
        for query in 0..200 {
            whole.ok.record(Duration::from_millis(1));
            if query < 50 {
                recent.ok.record(Duration::from_millis(4));
            }
        }
        recent.error.record(Duration::from_millis(40));
        recent.counters.push(CounterReading {
            name: "hops".to_owned(),
            total: 510,
        });
        let snapshot = |from, operation: OperationSnapshot| Snapshot {
            from: Duration::from_secs(from),
            to: Duration::from_secs(20),
            operations: vec![operation],
            ..Snapshot::default()
        };
        let (run, window) = (snapshot(0, whole), snapshot(10, recent));
        let state = of_window(
            &Program::default(),
            (String::new(), Duration::ZERO),
            (&run, &window),
            Vec::new(),
        );
        let search = &state.operations[0];
        assert_eq!((search.count, search.window_count), (200, 51));
        assert_eq!((search.rate, search.error_rate), (5.1, 0.1));
        assert_eq!(search.work_per_operation["hops"], 10.0);
        assert!(
            search
                .p50_seconds
                .is_some_and(|p50| (p50 - 0.004).abs() < 1e-4)
        );
    }

    #[test]
    fn an_operation_that_rests_has_no_latency_and_no_work() {
        let whole = OperationSnapshot {
            name: "build".to_owned(),
            untimed: 3,
            ..OperationSnapshot::default()
        };
        let run = Snapshot {
            operations: vec![whole],
            ..Snapshot::default()
        };
        let empty = (&run, &Snapshot::default());
        let state = of_window(
            &Program::default(),
            (String::new(), Duration::ZERO),
            empty,
            Vec::new(),
        );
        let build = &state.operations[0];
        assert_eq!((build.count, build.rate), (3, 0.0));
        assert_eq!(
            (build.p99_seconds, build.work_per_operation.len()),
            (None, 0)
        );
    }
}
