//! The operations' table: a group a phase, a row an operation.

use super::{plural, plural_of};
use crate::export::quantity::{bytes, count, duration, number, percent, rate, share};
use crate::recall::RecallEstimate;
use crate::report::{
    AllocationReport, Distribution, FaultReport, OperationReport, PhaseReport, Report,
};

/// The columns of the operations' table after the name.
pub(in crate::export) const COLUMNS: [&str; 8] = [
    "count", "rate", "p50", "p90", "p99", "p99.9", "max", "errors",
];

/// A phase in the operations' table.
pub(in crate::export) struct Group {
    pub(in crate::export) title: String,
    pub(in crate::export) rows: Vec<Row>,
}

/// An operation in the operations' table.
pub(in crate::export) struct Row {
    pub(in crate::export) name: String,
    /// One text a column of [`COLUMNS`]; empty where there is nothing to say.
    pub(in crate::export) cells: [String; COLUMNS.len()],
    /// What does not fit a column: work, recall, service time.
    pub(in crate::export) details: Vec<String>,
    /// Where the time went, for who does not draw it.
    pub(in crate::export) time: Vec<String>,
}

/// An operation in a phase, or in the whole run.
pub(in crate::export) struct Phased<'a> {
    /// `search in phase steady`
    pub(in crate::export) name: String,
    /// Whether it is judged by.
    pub(in crate::export) judged: bool,
    /// Whether it is of the whole run.
    pub(in crate::export) whole: bool,
    pub(in crate::export) operation: &'a OperationReport,
}

/// The operations of all groups, in their order.
pub(in crate::export) fn phased(report: &Report) -> Vec<Phased<'_>> {
    let of_phase = |phase| {
        let one = move |operation| Phased {
            name: named(report, phase, operation),
            judged: std::ptr::eq(phase, report.steady()),
            whole: std::ptr::eq(phase, &report.run),
            operation,
        };
        phase.operations.iter().map(one)
    };
    grouped(report).flat_map(of_phase).collect()
}

/// `search in phase steady`, `search in the whole run`, `search` in a phase of its own.
pub(in crate::export) fn named(
    report: &Report,
    phase: &PhaseReport,
    operation: &OperationReport,
) -> String {
    match std::ptr::eq(phase, &report.run) {
        true => format!("{} in the whole run", operation.name),
        // A phase of its own.
        false if phase.name == operation.name => phase.name.clone(),
        false => format!("{} in phase {}", operation.name, phase.name),
    }
}

/// The phases in order; the whole run where they do not tell of all operations.
fn grouped(report: &Report) -> impl Iterator<Item = &PhaseReport> {
    let in_phases = |name: &str| -> u64 {
        let phases = report.phases.iter();
        let operations = phases.filter_map(|phase| phase.operation(name));
        operations.map(|operation| operation.count).sum()
    };
    let mut operations = report.run.operations.iter();
    let outside = operations.any(|operation| operation.count > in_phases(&operation.name));
    report.phases.iter().chain(outside.then_some(&report.run))
}

/// The phases in order; the whole run where they do not tell of all operations.
pub(in crate::export) fn groups(report: &Report) -> Vec<Group> {
    grouped(report).map(|phase| group(report, phase)).collect()
}

fn group(report: &Report, phase: &PhaseReport) -> Group {
    let judged = std::ptr::eq(phase, report.steady());
    let mut title = format!("{} · {}", phase.name, duration(phase.duration_seconds));
    if judged && report.phases.len() > 1 {
        title.push_str(" · steady phase");
    }
    // A stated recall is that of a steady phase, in whatever phase its queries were judged.
    let steady = judged || phase.steady;
    let rows = phase
        .operations
        .iter()
        .map(|operation| row(operation, steady));
    Group {
        title,
        rows: rows.collect(),
    }
}

fn row(operation: &OperationReport, steady: bool) -> Row {
    let latency = |seconds: fn(&Distribution) -> f64| {
        operation
            .latency
            .as_ref()
            .map_or_else(String::new, |latency| duration(seconds(latency)))
    };
    let bad = operation.errors + operation.cancelled;
    let time = operation.time_split.iter();
    let time = time.flat_map(super::profile::time_split);
    Row {
        name: operation.name.clone(),
        cells: [
            count(operation.count),
            rate(operation.per_second),
            latency(|it| it.p50_seconds),
            latency(|it| it.p90_seconds),
            latency(|it| it.p99_seconds),
            latency(|it| it.p999_seconds),
            latency(|it| it.max_seconds),
            if bad > 0 { count(bad) } else { String::new() },
        ],
        details: details(operation, steady),
        time: time.collect(),
    }
}

fn details(operation: &OperationReport, steady: bool) -> Vec<String> {
    let mut details = Vec::new();
    if !operation.work.is_empty() {
        let work = operation
            .work
            .iter()
            .map(|work| format!("{} {}", number(work.per_operation), work.name));
        details.push(format!("each: {}", work.collect::<Vec<_>>().join(" · ")));
    }
    details.extend(operation.allocations.as_ref().map(allocations));
    details.extend(operation.faults.as_ref().and_then(faults));
    let judged = operation.recall.as_ref().filter(|_| steady);
    details.extend(judged.map(recall));
    details.extend(
        operation
            .service_time
            .as_ref()
            .map(|it| times("service time", it)),
    );
    details.extend(
        operation
            .poll_time
            .as_ref()
            .map(|it| times("inside polls", it)),
    );
    details.extend(
        operation
            .error_latency
            .as_ref()
            .map(|it| times(&plural(operation.errors, "error"), it)),
    );
    details.extend(operation.cancelled_latency.as_ref().map(|it| {
        let cancelled = format!("{} cancelled", count(operation.cancelled));
        times(&cancelled, it)
    }));
    if operation.untimed > 0 {
        let timed = operation.count.saturating_sub(operation.untimed);
        details.push(format!(
            "{} of {} timed",
            count(timed),
            count(operation.count)
        ));
    }
    details
}

fn allocations(of: &AllocationReport) -> String {
    if of.allocations == 0 {
        return "allocations: none".to_owned();
    }
    let whole = |bytes_each: f64| bytes(bytes_each.round() as u64);
    let each = |sum: u64| sum as f64 / of.operations.max(1) as f64;
    let mut parts = vec![format!("{} each", blocks(of.allocations_per_operation))];
    parts.push(whole(of.bytes_per_operation));
    if of.own_allocations != of.allocations {
        let (own, size) = (each(of.own_allocations), each(of.own_bytes));
        parts.push(format!("own {}, {}", blocks(own), whole(size)));
    }
    let most = of.max_allocations;
    parts.extend(most.map(|most| format!("at most {}", count(most))));
    let peak = of.max_peak_bytes;
    parts.extend(peak.map(|peak| format!("peak {}", bytes(peak))));
    let kept = of.net_bytes_per_operation;
    if kept.abs() >= 0.5 {
        let what = if kept > 0.0 { "kept" } else { "freed" };
        parts.push(format!("{} {what}", whole(kept.abs())));
    }
    format!("allocations: {}", parts.join(" · "))
}

/// A mean number of blocks; a whole one without a fraction.
fn blocks(mean: f64) -> String {
    if mean.fract() == 0.0 && mean < 1e15 {
        count(mean as u64)
    } else {
        number(mean)
    }
}

fn recall(recall: &RecallEstimate) -> String {
    let RecallEstimate {
        k,
        queries,
        mean,
        low,
        high,
    } = recall;
    let (mean, low, high) = (share(*mean), share(*low), share(*high));
    format!(
        "recall@{k} {mean}, 95 % between {low} and {high}, {}",
        plural_of(*queries, "query", "queries")
    )
}

/// `cold: 12.4 % of 3,400 sampled waited for storage, 1.4 major faults each · mean 2.1 ms, warm 310 µs`.
fn faults(faults: &FaultReport) -> Option<String> {
    let cold = faults.cold_mean_seconds?;
    let each = faults.major_faults as f64 / faults.cold as f64;
    let mut text = format!(
        "cold: {} of {} sampled waited for storage, {} major faults each · mean {}",
        percent(faults.cold_percent),
        count(faults.sampled),
        number(each),
        duration(cold)
    );
    if let Some(warm) = faults.warm_mean_seconds {
        text.push_str(&format!(", warm {}", duration(warm)));
    }
    Some(text)
}

fn times(what: &str, times: &Distribution) -> String {
    let [p50, p99, max] = [times.p50_seconds, times.p99_seconds, times.max_seconds].map(duration);
    format!("{what}: p50 {p50} · p99 {p99} · max {max}")
}
