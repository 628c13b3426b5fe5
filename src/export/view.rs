//! What a person is shown of a report, in which order and words; the exporters only draw it.
//!
//! The texts hold names from outside as they are: whoever draws them makes them harmless for its reader.

use crate::export::quantity::{bytes, count, duration, number, percent, rate, share};
use crate::recall::RecallEstimate;
use crate::report::{Distribution, OperationReport, PhaseReport, Report, Workload};
use crate::threshold::{Status, Verdict};

/// The columns of the operations' table after the name.
pub(super) const COLUMNS: [&str; 8] = [
    "count", "rate", "p50", "p90", "p99", "p99.9", "max", "errors",
];

/// A phase in the operations' table.
pub(super) struct Group {
    pub(super) title: String,
    pub(super) rows: Vec<Row>,
}

/// An operation in the operations' table.
pub(super) struct Row {
    pub(super) name: String,
    /// One text a column of [`COLUMNS`]; empty where there is nothing to say.
    pub(super) cells: [String; COLUMNS.len()],
    /// What does not fit a column: work, recall, service time.
    pub(super) details: Vec<String>,
}

/// The run in one line an operation of the judged phase: its name, then rate, latency and recall.
pub(super) fn headlines(report: &Report) -> Vec<(String, String)> {
    let operations = &report.steady().operations;
    let judged = operations
        .iter()
        .filter(|operation| operation.recall.is_some());
    let mut shown: Vec<_> = judged.collect();
    if shown.is_empty() {
        shown = operations.iter().collect();
        shown.sort_by_key(|operation| std::cmp::Reverse(operation.count));
    }
    shown.truncate(3);
    shown
        .into_iter()
        .map(|operation| (operation.name.clone(), headline(operation)))
        .collect()
}

fn headline(operation: &OperationReport) -> String {
    let mut parts = vec![rate(operation.per_second)];
    if let Some(latency) = &operation.latency {
        parts.push(format!("p50 {}", duration(latency.p50_seconds)));
        parts.push(format!("p99 {}", duration(latency.p99_seconds)));
    }
    if let Some(recall) = &operation.recall {
        let margin = (recall.high - recall.mean).max(recall.mean - recall.low);
        parts.push(format!(
            "recall@{} {} ± {margin:.3}",
            recall.k,
            share(recall.mean)
        ));
    }
    if operation.errors > 0 {
        parts.push(plural(operation.errors, "error"));
    }
    parts.join(" · ")
}

/// The thresholds in one sentence.
pub(super) fn judgement(report: &Report) -> Option<String> {
    let all = report.verdicts.len() as u64;
    let count_of = |status| {
        report
            .verdicts
            .iter()
            .filter(|verdict| verdict.status == status)
            .count() as u64
    };
    let (failed, passed) = (count_of(Status::Fail), count_of(Status::Pass));
    match (all, failed) {
        (0, _) => None,
        (_, 0) if passed == all => Some(format!("{} held", plural(all, "threshold"))),
        (_, 0) => Some(format!(
            "no threshold failed, {} could not be judged",
            count(all - passed)
        )),
        _ => Some(format!("{failed} of {} failed", plural(all, "threshold"))),
    }
}

/// The mark and the word of a status.
pub(super) fn status(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Pass => ("✔", "pass"),
        Status::Fail => ("✘", "fail"),
        Status::NoData => ("–", "no data"),
        Status::Inconclusive => ("?", "inconclusive"),
    }
}

/// What a verdict is about: `max_response_time_ms of search`.
pub(super) fn subject(verdict: &Verdict) -> String {
    match &verdict.operation {
        Some(operation) => format!("{} of {operation}", verdict.threshold),
        None => verdict.threshold.clone(),
    }
}

/// The phases that had operations, in order; the whole run where the phases do not tell of all operations.
pub(super) fn groups(report: &Report) -> Vec<Group> {
    let in_phases = |name: &str| -> u64 {
        report
            .phases
            .iter()
            .filter_map(|phase| phase.operation(name))
            .map(|operation| operation.count)
            .sum()
    };
    let outside = report
        .run
        .operations
        .iter()
        .any(|operation| operation.count > in_phases(&operation.name));
    let whole = outside.then_some(&report.run);
    let phases = report
        .phases
        .iter()
        .filter(|phase| !phase.operations.is_empty());
    phases.chain(whole).map(group).collect()
}

fn group(phase: &PhaseReport) -> Group {
    let title = format!("{} · {}", phase.name, duration(phase.duration_seconds));
    Group {
        title,
        rows: phase.operations.iter().map(row).collect(),
    }
}

fn row(operation: &OperationReport) -> Row {
    let latency = |seconds: fn(&Distribution) -> f64| {
        operation
            .latency
            .as_ref()
            .map_or_else(String::new, |latency| duration(seconds(latency)))
    };
    let bad = operation.errors + operation.cancelled;
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
        details: details(operation),
    }
}

fn details(operation: &OperationReport) -> Vec<String> {
    let mut details = Vec::new();
    if !operation.work.is_empty() {
        let work = operation
            .work
            .iter()
            .map(|work| format!("{} {}", number(work.per_operation), work.name));
        details.push(format!("each: {}", work.collect::<Vec<_>>().join(" · ")));
    }
    details.extend(operation.recall.as_ref().map(recall));
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

fn times(what: &str, times: &Distribution) -> String {
    let [p50, p99, max] = [times.p50_seconds, times.p99_seconds, times.max_seconds].map(duration);
    format!("{what}: p50 {p50} · p99 {p99} · max {max}")
}

/// What was searched and how: the data, the engine, the load.
pub(super) fn workload(workload: &Workload) -> Vec<String> {
    let data = format!(
        "{} · {} × {} · {}",
        workload.dataset,
        count(workload.vectors),
        workload.dimensions,
        workload.metric
    );
    let parameters = workload
        .parameters
        .iter()
        .map(|(name, value)| format!("{name} {value}"));
    let engine = std::iter::once(workload.engine.clone())
        .chain(parameters)
        .collect::<Vec<_>>()
        .join(" · ");
    let mut load = vec![workload.arrival.clone()];
    load.extend(workload.rate.map(|asked| format!("{} asked", rate(asked))));
    load.extend(workload.late.map(|late| format!("{} late", count(late))));
    load.push(plural(workload.threads.into(), "thread"));
    load.push(plural_of(workload.queries, "query", "queries"));
    load.push(format!("k {}", workload.k));
    vec![data, engine, load.join(" · ")]
}

/// What the run used: a label and a text each; what was not measured is left out.
pub(super) fn resources(report: &Report) -> Vec<(&'static str, String)> {
    let run = &report.run.resources;
    let steady = report.steady();
    let mut lines = Vec::new();
    let mut add = |label, parts: Vec<Option<String>>| {
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        if !parts.is_empty() {
            lines.push((label, parts.join(" · ")));
        }
    };
    let last = run.last.as_ref();
    add(
        "memory",
        vec![
            run.peak_anonymous_swapped_bytes
                .map(|peak| format!("{} anonymous + swapped at peak", bytes(peak))),
            last.and_then(|last| last.file_backed_bytes)
                .map(|file| format!("{} file-backed", bytes(file))),
            run.cgroup_memory_limit_bytes
                .map(|limit| format!("limit {}", bytes(limit))),
        ],
    );
    add("index", report.workload.iter().map(index).collect());
    let used = &steady.resources;
    let of = |available: Option<f64>| {
        available.map_or_else(String::new, |cpus| format!(" of {} CPUs", short(cpus)))
    };
    add(
        "cpu",
        vec![
            used.cpu_percent.map(|cpu| {
                format!(
                    "{}{} in {}",
                    percent(cpu),
                    of(used.cpus_available),
                    steady.name
                )
            }),
            used.cpu_user_seconds
                .map(|user| format!("{} user", duration(user))),
            used.cpu_system_seconds
                .map(|system| format!("{} system", duration(system))),
        ],
    );
    add(
        "faults",
        vec![
            used.minor_faults
                .map(|faults| format!("{} minor", count(faults))),
            used.major_faults
                .map(|faults| format!("{} major in {}", count(faults), steady.name)),
            used.involuntary_switches
                .map(|switches| format!("preempted {} times", count(switches))),
        ],
    );
    add(
        "storage",
        vec![
            run.read_bytes.map(|read| format!("{} read", bytes(read))),
            run.written_bytes
                .map(|written| format!("{} written", bytes(written))),
        ],
    );
    lines
}

fn index(workload: &Workload) -> Option<String> {
    let total: u64 = workload
        .index_bytes
        .values()
        .fold(0, |sum, &part| sum.saturating_add(part));
    let parts = workload
        .index_bytes
        .iter()
        .map(|(name, size)| format!("{name} {}", bytes(*size)));
    let parts: Vec<_> = parts.collect();
    let each = (workload.vectors > 0).then(|| {
        format!(
            ", {} B a vector",
            number(total as f64 / workload.vectors as f64)
        )
    });
    (total > 0).then(|| {
        format!(
            "{}{} ({})",
            bytes(total),
            each.unwrap_or_default(),
            parts.join(", ")
        )
    })
}

/// What watching cost, in one line.
pub(super) fn self_cost(report: &Report) -> String {
    let cost = &report.self_cost;
    let all = cost.cpu_seconds;
    let mut parts = vec![format!("{} of CPU", duration(all))];
    let used = &report.run.resources;
    let process = used.cpu_user_seconds.unwrap_or(0.0) + used.cpu_system_seconds.unwrap_or(0.0);
    if process > 0.0 {
        parts.push(format!(
            "{} of the process'",
            percent(all / process * 100.0)
        ));
    }
    parts.push(bytes(cost.bytes));
    parts.push(plural_of(cost.series, "series", "series"));
    if cost.overflowed > 0 {
        parts.push(format!(
            "{} records in the overflow series",
            count(cost.overflowed)
        ));
    }
    if cost.missed_beats > 0 {
        parts.push(format!("{} late", plural(cost.missed_beats, "beat")));
    }
    parts.join(" · ")
}

/// The vecperf, the moment and the machine.
pub(super) fn origin(report: &Report) -> String {
    let machine = &report.environment;
    let mut parts = vec![
        format!("vecperf {}", report.vecperf_version),
        report.started_at.clone(),
    ];
    parts.push(format!("{} {}", machine.os, machine.architecture));
    parts.push(plural(machine.cpus.into(), "CPU"));
    parts.extend(machine.memory_bytes.map(bytes));
    parts.join(" · ")
}

/// What the reader should know, and what this machine could not measure.
pub(super) fn notes(report: &Report) -> Vec<(&'static str, String)> {
    let interrupted = (!report.complete).then(|| {
        (
            "note",
            "interrupted: this is what was measured until then".to_owned(),
        )
    });
    let notes = report.notes.iter().map(|note| ("note", note.clone()));
    let missing = report
        .environment
        .capabilities
        .iter()
        .filter(|capability| !capability.available);
    let missing =
        missing.map(|missing| ("missing", format!("{}: {}", missing.name, missing.reason)));
    interrupted
        .into_iter()
        .chain(notes)
        .chain(missing)
        .collect()
}

/// A number of CPUs: `2`, `1.5`.
fn short(value: f64) -> String {
    format!("{}", (value * 100.0).round() / 100.0)
}

fn plural(number: u64, one: &str) -> String {
    plural_of(number, one, &format!("{one}s"))
}

fn plural_of(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}
