//! One threshold, one or more verdicts.

use std::time::Duration;

use super::growth::growth;
use super::words::{count, limit, name, number, percent, ratio};
use super::{Evidence, Limit, Status, Threshold, Verdict};
use crate::recall::{RecallEstimate, upper_mean};
use crate::snapshot::{OperationSnapshot, Snapshot};

const MIB: f64 = 1_048_576.0;

/// The verdicts of `threshold`, one of `all`.
pub(super) fn judge(
    evidence: Evidence<'_>,
    threshold: &Threshold,
    all: &[Threshold],
) -> Vec<Verdict> {
    match (&threshold.limit, &threshold.operation) {
        (Limit::MemoryMib(max), _) => vec![memory(evidence.run, *max)],
        (Limit::MemoryGrowthMibPerHour(max), _) => vec![growth(evidence.steady, *max)],
        (Limit::CpuPercent(max), _) => vec![cpu(evidence.steady, *max)],
        (Limit::Recall(min), Some(operation)) => {
            vec![recall(operation, measured(evidence, operation), *min)]
        }
        (Limit::Recall(min), None) => every_recall(evidence, *min, all),
        (kind, Some(operation)) => vec![named(evidence, operation, kind)],
        (kind, None) => every_operation(evidence, kind, all),
    }
}

fn memory(run: &Snapshot, max: f64) -> Verdict {
    let peak = run
        .resources
        .peak_anonymous_swapped_bytes
        .map(|bytes| bytes as f64 / MIB);
    let evidence = match peak {
        Some(peak) => format!(
            "Anonymous plus swapped memory peaked at {} MiB in {} readings; the limit is {} MiB.",
            number(peak),
            count(run.resources.samples),
            limit(max)
        ),
        None => unknown(
            "Memory",
            "`memory_tracking` is off, or this system does not tell",
        ),
    };
    at_most("max_memory_mb", max, peak, "MiB", evidence)
}

fn cpu(steady: &Snapshot, max: f64) -> Verdict {
    let used = &steady.resources;
    let evidence = match (used.cpu_percent, used.cores_used, used.cpus_available) {
        (Some(percent), Some(cores), Some(available)) => format!(
            "{} of {} available CPUs were busy ({} %) over {} s; the limit is {} %.",
            number(cores),
            number(available),
            number(percent),
            number(steady.duration().as_secs_f64()),
            limit(max)
        ),
        (Some(percent), ..) => {
            format!(
                "{} % of the available CPUs were busy; the limit is {} %.",
                number(percent),
                limit(max)
            )
        }
        (None, ..) => unknown(
            "CPU use",
            "the window was too short, or this system does not tell",
        ),
    };
    at_most("max_cpu_percent", max, used.cpu_percent, "%", evidence)
}

pub(super) fn unknown(what: &str, why: &str) -> String {
    format!("{what} is not known: {why} (`vecperf doctor` says which).")
}

/// Fails above `max`; without an observation, no data.
fn at_most(key: &str, max: f64, observed: Option<f64>, unit: &str, evidence: String) -> Verdict {
    let status = match observed {
        Some(observed) if observed <= max => Status::Pass,
        // NaN is no observation.
        Some(observed) if observed > max => Status::Fail,
        _ => Status::NoData,
    };
    verdict(key, None, status, (max, observed, unit), evidence)
}

pub(super) fn verdict(
    key: &str,
    operation: Option<&str>,
    status: Status,
    (limit, observed, unit): (f64, Option<f64>, &str),
    evidence: String,
) -> Verdict {
    Verdict {
        threshold: key.to_owned(),
        operation: operation.map(str::to_owned),
        status,
        limit,
        observed: observed.filter(|observed| observed.is_finite()),
        unit: unit.to_owned(),
        evidence,
    }
}

/// A named operation: in the steady phase, or where it did not end there, in the whole run.
fn named(evidence: Evidence<'_>, operation: &str, kind: &Limit) -> Verdict {
    let ended = |snapshot: &'_ Snapshot| {
        snapshot
            .operation(operation)
            .filter(|found| found.count() > 0)
            .cloned()
    };
    match (ended(evidence.steady), ended(evidence.run)) {
        (Some(steady), _) => of_operation(&steady, kind, ""),
        (None, Some(run)) => of_operation(&run, kind, " in the whole run"),
        (None, None) => never(
            Some(operation),
            kind,
            format!("No {} operation ended.", name(operation)),
        ),
    }
}

/// Every operation of the steady phase that has no threshold of this kind of its own.
fn every_operation(evidence: Evidence<'_>, kind: &Limit, all: &[Threshold]) -> Vec<Verdict> {
    let ended: Vec<_> = evidence
        .steady
        .operations
        .iter()
        .filter(|operation| operation.count() > 0)
        .collect();
    if ended.is_empty() && !all.iter().any(|other| other.operation.is_some()) {
        return vec![never(
            None,
            kind,
            "No operation ended in the steady phase.".to_owned(),
        )];
    }
    let judged = ended
        .into_iter()
        .filter(|operation| !has_own(&operation.name, kind, all));
    judged
        .map(|operation| of_operation(operation, kind, ""))
        .collect()
}

fn has_own(operation: &str, kind: &Limit, all: &[Threshold]) -> bool {
    let same = |other: &Limit| std::mem::discriminant(other) == std::mem::discriminant(kind);
    all.iter()
        .any(|other| other.operation.as_deref() == Some(operation) && same(&other.limit))
}

/// Nothing to judge.
fn never(operation: Option<&str>, kind: &Limit, evidence: String) -> Verdict {
    let (key, max, unit) = match *kind {
        Limit::ResponseTime { max_ms, .. } => ("max_response_time_ms", max_ms, "ms"),
        Limit::Errors { max_percent, .. } => ("max_error_percent", max_percent, "%"),
        Limit::Recall(min) => ("min_recall", min, ""),
        Limit::MemoryMib(max) => ("max_memory_mb", max, "MiB"),
        Limit::MemoryGrowthMibPerHour(max) => (super::growth::KEY, max, super::growth::UNIT),
        Limit::CpuPercent(max) => ("max_cpu_percent", max, "%"),
        Limit::AllocationsPerOperation(max) => (ALLOCATIONS, max, ""),
    };
    verdict(key, operation, Status::NoData, (max, None, unit), evidence)
}

fn of_operation(operation: &OperationSnapshot, kind: &Limit, place: &str) -> Verdict {
    match *kind {
        Limit::ResponseTime {
            max_ms,
            max_violation_percent,
            min_samples,
        } => response_time(operation, max_ms, max_violation_percent, min_samples, place),
        Limit::Errors {
            max_percent,
            min_samples,
        } => errors(operation, max_percent, min_samples, place),
        Limit::AllocationsPerOperation(max) => allocations(operation, max, place),
        // Only those above are judged operation by operation from what it did.
        _ => never(Some(&operation.name), kind, String::new()),
    }
}

fn response_time(
    operation: &OperationSnapshot,
    max_ms: f64,
    max_violation_percent: f64,
    min_samples: u64,
    place: &str,
) -> Verdict {
    let latency = operation.latency();
    let share = Share {
        part: latency
            .count_above(Duration::try_from_secs_f64(max_ms / 1e3).unwrap_or(Duration::MAX)),
        whole: latency.count(),
        max_percent: max_violation_percent,
        min_samples,
    };
    let what = format!("took longer than {} ms", limit(max_ms));
    let slowest = match latency.max() {
        Some(slowest) => format!(" Slowest: {} ms.", number(milliseconds(slowest))),
        None => String::new(),
    };
    let evidence = share.evidence(operation, &what, place) + &slowest + &share.doubt();
    let status = share.status();
    // A quantile is the middle of its bucket (0.55 %): at the limit itself, the counts have the last word.
    let quantile = latency
        .quantile(1.0 - max_violation_percent / 100.0 - 1e-12)
        .map(milliseconds);
    let observed = quantile.map(|observed| match status {
        Status::Pass => observed.min(max_ms),
        Status::Fail => observed.max(max_ms),
        Status::NoData | Status::Inconclusive => observed,
    });
    verdict(
        "max_response_time_ms",
        Some(&operation.name),
        status,
        (max_ms, observed, "ms"),
        evidence,
    )
}

fn errors(
    operation: &OperationSnapshot,
    max_percent: f64,
    min_samples: u64,
    place: &str,
) -> Verdict {
    let share = Share {
        part: operation.error.count(),
        whole: operation.latency().count(),
        max_percent,
        min_samples,
    };
    let evidence = share.evidence(operation, "ended in an error or panic", place) + &share.doubt();
    let observed = (share.whole > 0).then(|| percent(share.part, share.whole));
    verdict(
        "max_error_percent",
        Some(&operation.name),
        share.status(),
        (max_percent, observed, "%"),
        evidence,
    )
}

const ALLOCATIONS: &str = "max_allocations_per_operation";

fn allocations(operation: &OperationSnapshot, max: f64, place: &str) -> Verdict {
    let Some(counted) = &operation.allocations else {
        let evidence = format!(
            "No allocation of the {} operations{place} was counted: install `vecperf::Allocator` in the program.",
            name(&operation.name)
        );
        let kind = Limit::AllocationsPerOperation(max);
        return never(Some(&operation.name), &kind, evidence);
    };
    let mean = counted.allocations as f64 / counted.operations.max(1) as f64;
    let most = match counted.max_allocations {
        Some(most) => format!(" The most of one: {}.", count(most)),
        None => String::new(),
    };
    let evidence = format!(
        "{} of {} {} operations{place} allocated {} times each on average; {} is allowed.{most}",
        count(counted.operations),
        count(operation.count()),
        name(&operation.name),
        number(mean),
        limit(max)
    );
    Verdict {
        operation: Some(operation.name.clone()),
        ..at_most(ALLOCATIONS, max, Some(mean), "", evidence)
    }
}

/// So many of so many, and how many may.
struct Share {
    part: u64,
    whole: u64,
    max_percent: f64,
    min_samples: u64,
}

impl Share {
    fn status(&self) -> Status {
        if self.whole < self.min_samples || self.whole == 0 {
            Status::NoData
        } else if percent(self.part, self.whole) <= self.max_percent {
            Status::Pass
        } else {
            Status::Fail
        }
    }

    fn evidence(&self, operation: &OperationSnapshot, what: &str, place: &str) -> String {
        let timed = if operation.untimed > 0 { "timed " } else { "" };
        let (part, whole, name) = (count(self.part), count(self.whole), name(&operation.name));
        if self.status() == Status::NoData {
            let needed = count(self.min_samples);
            return format!(
                "{part} of {whole} {timed}{name} operations{place} {what}; a verdict needs {needed}."
            );
        }
        let percent = number(percent(self.part, self.whole));
        let may = limit(self.max_percent);
        format!(
            "{part} of {whole} {timed}{name} operations{place} ({percent} %) {what}; {may} % may."
        )
    }

    /// Whether another run could well come out otherwise: the Clopper–Pearson interval holds the limit.
    fn doubt(&self) -> String {
        let (part, rest) = (self.part, self.whole.saturating_sub(self.part));
        let low = 100.0 * (1.0 - upper_mean(&[(1.0, rest), (0.0, part)]));
        let high = 100.0 * upper_mean(&[(0.0, rest), (1.0, part)]);
        let close = low <= self.max_percent && self.max_percent <= high;
        if self.status() == Status::NoData || !close || self.max_percent >= 100.0 {
            return String::new();
        }
        format!(
            " Another run may be judged otherwise: the share lies between {} and {} %.",
            number(low),
            number(high)
        )
    }
}

fn every_recall(evidence: Evidence<'_>, min: f64, all: &[Threshold]) -> Vec<Verdict> {
    let kind = Limit::Recall(min);
    let mut names: Vec<&str> = Vec::new();
    for operation in evidence
        .steady
        .operations
        .iter()
        .chain(&evidence.run.operations)
    {
        if operation.recall().is_some() && !names.contains(&operation.name.as_str()) {
            names.push(&operation.name);
        }
    }
    if names.is_empty()
        && !all
            .iter()
            .any(|other| other.operation.is_some() && matches!(other.limit, Limit::Recall(_)))
    {
        return vec![never(
            None,
            &kind,
            "No operation stated its recall.".to_owned(),
        )];
    }
    let judged = names.into_iter().filter(|name| !has_own(name, &kind, all));
    judged
        .map(|name| recall(name, measured(evidence, name), min))
        .collect()
}

/// The recall of `operation`: in the steady phase where there is one of it.
fn measured(evidence: Evidence<'_>, operation: &str) -> Option<RecallEstimate> {
    let of = |snapshot: &Snapshot| snapshot.operation(operation)?.recall();
    of(evidence.steady).or_else(|| of(evidence.run))
}

fn recall(operation: &str, estimate: Option<RecallEstimate>, min: f64) -> Verdict {
    let Some(estimate) = estimate else {
        let evidence = format!("No recall was stated for {}.", name(operation));
        return never(Some(operation), &Limit::Recall(min), evidence);
    };
    let status = if estimate.low >= min {
        Status::Pass
    } else if estimate.high < min {
        Status::Fail
    } else {
        Status::Inconclusive
    };
    let doubt = if status == Status::Inconclusive {
        " The interval holds the limit: more queries would decide."
    } else {
        ""
    };
    let evidence = format!(
        "recall@{} of {} was {} over {} distinct queries (95 % interval {} to {}); at least {} is asked for.{doubt}",
        estimate.k,
        name(operation),
        ratio(estimate.mean),
        count(estimate.queries),
        ratio(estimate.low),
        ratio(estimate.high),
        limit(min)
    );
    verdict(
        "min_recall",
        Some(operation),
        status,
        (min, Some(estimate.mean), ""),
        evidence,
    )
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
