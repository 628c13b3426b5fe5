//! What a person is shown of a report, in which order and words; the exporters only draw it.
//!
//! The texts hold names from outside as they are: whoever draws them makes them harmless for its reader.

mod costs;
mod findings;
mod heap;
mod memory;
mod operations;
mod profile;
mod slow;

use crate::export::quantity::{bytes, count, duration, rate, share};
use crate::report::{OperationReport, Report, Workload};
use crate::threshold::{Status, Verdict};

pub(super) use costs::{resources, self_cost};
pub(super) use findings::findings;
pub(super) use heap::{heap_profile, heap_sites};
pub(super) use memory::{extra, files, memory, parts, resident, share_of, stale, whole};
pub(super) use operations::{COLUMNS, Group, groups, named, phased};
pub(super) use profile::{functions, profile};
pub(super) use slow::{ended, facts, further, sentence, slowest, took};

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
    const INTERRUPTED: &str = "interrupted: this is what was measured until then";
    let mut notes = Vec::new();
    if !report.complete {
        notes.push(("note", INTERRUPTED.to_owned()));
    }
    notes.extend(report.notes.iter().map(|note| ("note", note.clone())));
    let mut missing: Vec<(&str, Vec<&str>)> = Vec::new();
    for one in report
        .environment
        .capabilities
        .iter()
        .filter(|one| !one.available)
    {
        match missing.iter_mut().find(|(reason, _)| *reason == one.reason) {
            Some((_, names)) => names.push(&one.name),
            None => missing.push((&one.reason, vec![&one.name])),
        }
    }
    notes.extend(
        missing
            .into_iter()
            .map(|(reason, names)| ("missing", format!("{}: {reason}", names.join(", ")))),
    );
    notes
}

fn plural(number: u64, one: &str) -> String {
    plural_of(number, one, &format!("{one}s"))
}

fn plural_of(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}
