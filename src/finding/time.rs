//! Where operations' time went.

use super::modes::modes;
use super::{Check, Finding, Rule, Severity};
use crate::quantity::{count, duration, percent};
use crate::report::{OperationReport, Report, TimeSplit};

pub(super) const RULES: &[Check] = &[
    blocked_tail,
    preempted_tail,
    cold_pages,
    bimodal,
    distance_bound,
    kernel_bound,
];

/// A part of the slow operations' time that explains them, and the same part of all.
struct Tail<'a> {
    operation: &'a OperationReport,
    slow: &'a TimeSplit,
    seconds: f64,
    share: f64,
    share_of_all: f64,
}

/// Operations of which the slowest hundredth spent much more of their time in `part` than all of them do.
fn tails(report: &Report, part: fn(&TimeSplit) -> f64) -> impl Iterator<Item = Tail<'_>> {
    let share = move |split: &TimeSplit| part(split) / split.latency_seconds.max(f64::MIN_POSITIVE);
    report
        .steady()
        .operations
        .iter()
        .filter_map(move |operation| {
            let split = operation.time_split.as_ref()?;
            let slow = split.above_p99.as_ref().filter(|it| it.count >= 10)?;
            let tail = Tail {
                operation,
                slow,
                seconds: part(slow),
                share: share(slow),
                share_of_all: share(&split.all),
            };
            (tail.share >= 0.3 && tail.share >= tail.share_of_all).then_some(tail)
        })
}

fn tail(rule: Rule, title: &str, verb: &str, next: &str, tail: &Tail<'_>) -> Finding {
    Finding::new(rule, Severity::Warning, title, next)
        .about(&tail.operation.name)
        .shown_by(format!(
            "the {} slowest took {} each, of it {} {verb} ({})",
            count(tail.slow.count),
            duration(tail.slow.latency_seconds),
            duration(tail.seconds),
            percent(100.0 * tail.share)
        ))
        .shown_by(format!(
            "of all, {} {verb}",
            percent(100.0 * tail.share_of_all)
        ))
}

fn blocked_tail(report: &Report) -> Vec<Finding> {
    let next = "see what the slow ones do that the others do not: vecperf flame PROFILE --cohort above_p99 --against rest; a lock \
                held while searching, a read from storage and a full channel are the usual causes";
    tails(report, |split| split.blocked_seconds)
        .map(|it| {
            let title = "the slow operations waited: for a lock, for I/O, or asleep";
            let blocks = format!("they left the CPU to wait {:.1} times each", it.slow.blocks);
            tail(Rule::BlockedTail, title, "waiting", next, &it).shown_by(blocks)
        })
        .collect()
}

fn preempted_tail(report: &Report) -> Vec<Finding> {
    let next = "run fewer threads than CPUs, keep other work off them (taskset, cpuset), or give the process its own quota: \
                code is not what makes these slow";
    let title = "the slow operations were ready to run while others had the CPUs";
    tails(report, |split| split.preempted_seconds)
        .map(|it| tail(Rule::PreemptedTail, title, "preempted", next, &it))
        .collect()
}

fn cold_pages(report: &Report) -> Vec<Finding> {
    let cold = report.steady().operations.iter().filter_map(|operation| {
        let faults = operation.faults.as_ref()?;
        (faults.cold > 0 && faults.cold_percent >= 0.1).then(|| {
            let mut finding = Finding::new(
                Rule::ColdPages,
                Severity::Warning,
                "operations waited for pages that were not in memory",
                "read the index once before serving (warm-up, MAP_POPULATE, madvise WILLNEED), lock it (mlock), or give it the \
                 memory it needs; for latencies of a cold start, compare with vecperf bench --cold",
            )
            .about(&operation.name)
            .shown_by(format!(
                "{} of {} looked at ({}) had {} major faults",
                count(faults.cold),
                count(faults.sampled),
                percent(faults.cold_percent),
                count(faults.major_faults)
            ));
            if let (Some(cold), Some(warm)) = (faults.cold_mean_seconds, faults.warm_mean_seconds) {
                let means = format!("{} each, the others {}", duration(cold), duration(warm));
                finding = finding.shown_by(means);
            }
            finding
        })
    });
    cold.collect()
}

fn bimodal(report: &Report) -> Vec<Finding> {
    let two = report.steady().operations.iter().filter_map(|operation| {
        let modes = modes(operation.latency.as_ref()?)?;
        Some(
            Finding::new(
                Rule::Bimodal,
                Severity::Note,
                "latencies have two modes: two kinds of operations under one name",
                "name them apart (another operation, or a label) and compare: a cache, a filter, or another code path is likely; a \
                 mean over both says little",
            )
            .about(&operation.name)
            .shown_by(format!(
                "most around {} and around {}",
                duration(modes.quick_seconds),
                duration(modes.slow_seconds)
            ))
            .shown_by(format!("{} are of the slow kind", percent(100.0 * modes.slow_share))),
        )
    });
    two.collect()
}

/// Parts of names of functions that compute distances, as engines call them.
const DISTANCES: [&str; 11] = [
    "distance",
    "euclid",
    "cosine",
    "inner_product",
    "innerproduct",
    "dot_product",
    "l2sq",
    "l2_sq",
    "simsimd",
    "hamming",
    "fmadd",
];

fn distance_bound(report: &Report) -> Vec<Finding> {
    let Some(profile) = &report.cpu_profile else {
        return Vec::new();
    };
    let kernels: Vec<_> = profile
        .functions
        .iter()
        .filter(|it| {
            let name = it.name.to_ascii_lowercase();
            DISTANCES.iter().any(|part| name.contains(part))
        })
        .collect();
    // A kernel is inlined or called: whichever of the two shows it.
    let own: f64 = kernels.iter().map(|it| it.self_share).sum();
    let within = kernels.iter().map(|it| it.total_share).fold(0.0, f64::max);
    let share = own.max(within);
    if share < 0.4 || profile.samples < 100 {
        return Vec::new();
    }
    let names: Vec<_> = kernels.iter().take(3).map(|it| it.name.as_str()).collect();
    let finding = Finding::new(
        Rule::DistanceBound,
        Severity::Note,
        "most CPU time is spent in computing distances",
        "make them fewer or cheaper: fewer candidates at the same recall, smaller values (f16, i8), the widest vector instructions \
         of this CPU",
    )
    .shown_by(format!(
        "{} of the CPU time of {} samples",
        percent(100.0 * share),
        count(profile.samples)
    ))
    .shown_by(names.join(", "));
    vec![finding]
}

fn kernel_bound(report: &Report) -> Vec<Finding> {
    let used = &report.steady().resources;
    let (Some(user), Some(system)) = (used.cpu_user_seconds, used.cpu_system_seconds) else {
        return Vec::new();
    };
    let share = system / (user + system).max(f64::MIN_POSITIVE);
    if share < 0.3 || user + system < 0.5 {
        return Vec::new();
    }
    let mut finding = Finding::new(
        Rule::KernelBound,
        Severity::Warning,
        "much CPU time is spent in the kernel",
        "look for page faults, system calls and locks in the flame graph; memory that is mapped and given back again and again is \
         the usual cause",
    )
    .shown_by(format!(
        "{} in the kernel, {} in user mode ({})",
        duration(system),
        duration(user),
        percent(100.0 * share)
    ));
    let faults = used
        .minor_faults
        .map(|faults| format!("{} minor page faults", count(faults)));
    finding.evidence.extend(faults);
    vec![finding]
}
