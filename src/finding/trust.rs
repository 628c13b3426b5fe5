//! How far the figures themselves can be trusted.

use super::{Check, Finding, Rule, Severity};
use crate::quantity::{count, duration, percent, rate};
use crate::report::Report;
use crate::threshold::Status;

pub(super) const RULES: &[Check] = &[
    too_few_samples,
    sampling_degraded,
    samples_lost,
    stacks_cut_off,
    series_overflow,
    cut_short,
];

/// Below it, fewer than ten operations lie above the 99th percentile.
const FOR_P99: u64 = 1000;

/// One finding of everything that is too short: measuring longer mends all of it.
fn too_few_samples(report: &Report) -> Vec<Finding> {
    let unjudged = report
        .verdicts
        .iter()
        .filter(|it| it.status == Status::NoData);
    let unjudged: Vec<_> = unjudged
        .map(|it| {
            (
                it.operation.as_deref(),
                format!("{}: {}", it.threshold, it.evidence),
            )
        })
        .collect();
    let few = report.steady().operations.iter().filter_map(|it| {
        let latency = it.latency.as_ref().filter(|it| it.count < FOR_P99)?;
        let shown = format!(
            "{}: {} timed, p99 {}, longest {}",
            it.name,
            count(latency.count),
            duration(latency.p99_seconds),
            duration(latency.max_seconds)
        );
        Some((Some(it.name.as_str()), shown))
    });
    let few: Vec<_> = few.collect();
    let (severity, title) = match (unjudged.is_empty(), few.is_empty()) {
        (true, true) => return Vec::new(),
        (true, false) => (
            Severity::Note,
            "a 99th percentile rests on fewer than ten operations",
        ),
        (false, _) => (
            Severity::Warning,
            "a threshold could not be judged: too little was observed",
        ),
    };
    let next = "measure longer, or judge fewer settings at once";
    let mut finding = Finding::new(Rule::TooFewSamples, severity, title, next);
    let all: Vec<_> = unjudged.into_iter().chain(few).collect();
    if let [(Some(first), _), ..] = all[..]
        && all.iter().all(|it| it.0 == Some(first))
    {
        finding = finding.about(first);
    }
    finding.evidence = all.into_iter().map(|it| it.1).collect();
    vec![finding]
}

fn sampling_degraded(report: &Report) -> Vec<Finding> {
    let Some(profile) = &report.cpu_profile else {
        return Vec::new();
    };
    let slow = profile.asked_rate > 0.0
        && profile.achieved_rate < 0.7 * profile.asked_rate
        && profile.cpu_seconds >= 1.0;
    if !slow && profile.refusals.is_empty() {
        return Vec::new();
    }
    let remedy = profile
        .refusals
        .iter()
        .map(|it| it.remedy.as_str())
        .find(|it| !it.is_empty());
    let mut finding = Finding::new(
        Rule::SamplingDegraded,
        Severity::Note,
        "the profiler took fewer samples than asked for, or not by its best back end",
        remedy.unwrap_or("ask for a lower rate (monitoring.sample_rate), or see vecperf doctor"),
    )
    .shown_by(format!(
        "{} by {}, {} asked",
        rate(profile.achieved_rate),
        profile.back_end,
        rate(profile.asked_rate)
    ));
    let refused = profile
        .refusals
        .iter()
        .map(|it| format!("{}: {}", it.back_end, it.reason));
    finding.evidence.extend(refused);
    vec![finding]
}

fn samples_lost(report: &Report) -> Vec<Finding> {
    let Some(profile) = &report.cpu_profile else {
        return Vec::new();
    };
    let all = profile.samples.saturating_add(profile.lost).max(1);
    let share = profile.lost as f64 / all as f64;
    let mut evidence = Vec::new();
    if share >= 0.01 {
        evidence.push(format!(
            "{} of {} samples lost ({})",
            count(profile.lost),
            count(all),
            percent(100.0 * share)
        ));
    }
    if profile.operations_overrun > 0 {
        let overrun = count(profile.operations_overrun);
        evidence.push(format!(
            "{overrun} stretches of operations written over before they were read"
        ));
    }
    if evidence.is_empty() {
        return Vec::new();
    }
    let mut finding = Finding::new(
        Rule::SamplesLost,
        Severity::Warning,
        "the profiler lost samples: busy moments are underrepresented",
        "take fewer samples (monitoring.sample_rate), leave a CPU idle for the profiler's thread, or raise \
         kernel.perf_event_mlock_kb",
    );
    finding.evidence = evidence;
    vec![finding]
}

fn stacks_cut_off(report: &Report) -> Vec<Finding> {
    let cpu = report
        .cpu_profile
        .iter()
        .map(|it| ("CPU", it.samples, it.truncated_share, it.broken_share));
    let heap = report
        .heap_profile
        .iter()
        .map(|it| ("heap", it.samples, it.truncated_share, it.broken_share));
    let cut = cpu
        .chain(heap)
        .filter(|it| it.1 >= 100 && it.2 + it.3 >= 0.05);
    cut.map(|(kind, samples, truncated, broken)| {
        Finding::new(
            Rule::StacksCutOff,
            Severity::Note,
            "stacks of a profile end before their root: sums over callers are too low",
            "build with unwind tables (not -C force-unwind-tables=no); broken ones are often code made at run time",
        )
        .shown_by(format!(
            "{kind} profile: {} cut off and {} broken of {} samples",
            percent(100.0 * truncated),
            percent(100.0 * broken),
            count(samples)
        ))
    })
    .collect()
}

fn series_overflow(report: &Report) -> Vec<Finding> {
    let overflowed = report.self_cost.overflowed;
    if overflowed == 0 {
        return Vec::new();
    }
    let finding = Finding::new(
        Rule::SeriesOverflow,
        Severity::Warning,
        "more operations than series: those beyond share one",
        "give operations fewer names (no ids, no queries in them), or raise monitoring.series_limit",
    )
    .shown_by(format!("{} records in the overflow series", count(overflowed)))
    .shown_by(format!("{} series in use", count(report.self_cost.series)));
    vec![finding]
}

fn cut_short(report: &Report) -> Vec<Finding> {
    if report.complete {
        return Vec::new();
    }
    let mut finding = Finding::new(
        Rule::CutShort,
        Severity::Warning,
        "the run was cut short: this is what was measured until then",
        "run it to its end before comparing it with others",
    );
    finding.evidence = report
        .notes
        .iter()
        .filter(|note| note.contains("interrupted"))
        .take(1)
        .cloned()
        .collect();
    if finding.evidence.is_empty() {
        finding.evidence.push(format!(
            "it lasted {}",
            duration(report.run.duration_seconds)
        ));
    }
    vec![finding]
}
