//! CPUs, neighbours, the build.

use super::{Check, Finding, Rule, Severity};
use crate::quantity::{count, duration, number, percent};
use crate::report::{OperationReport, Report, TimeSplitReport};

pub(super) const RULES: &[Check] = &[oversubscribed, serial_build, noisy_machine];

fn cpus(report: &Report) -> Option<f64> {
    let here = report.steady().resources.cpus_available;
    here.or(report.environment.cpus_available)
}

/// More search threads than CPUs to run them.
fn is_oversubscribed(report: &Report) -> Option<(u32, f64)> {
    let (threads, cpus) = (report.workload.as_ref()?.threads, cpus(report)?);
    (f64::from(threads) > cpus.max(1.0) * 1.01).then_some((threads, cpus))
}

fn oversubscribed(report: &Report) -> Vec<Finding> {
    let Some((threads, cpus)) = is_oversubscribed(report) else {
        return Vec::new();
    };
    let mut finding = Finding::new(
        Rule::Oversubscribed,
        Severity::Warning,
        "more search threads than CPUs: they take turns, and the tail is that of waiting for one",
        "use as many threads as CPUs, or fewer; more of them add latency and no throughput",
    )
    .shown_by(format!(
        "{} threads, {} CPUs available",
        threads,
        number(cpus)
    ));
    let preempted = report.steady().resources.involuntary_switches;
    finding
        .evidence
        .extend(preempted.map(|times| format!("preempted {} times", count(times))));
    vec![finding]
}

/// Phases called `build` that took a second or more on about one CPU.
fn serial_build(report: &Report) -> Vec<Finding> {
    let serial = report.phases.iter().filter_map(|phase| {
        let cores = phase.resources.cores_used?;
        let available = phase.resources.cpus_available?;
        let is = phase.name == "build"
            && phase.duration_seconds >= 1.0
            && cores <= 1.3
            && available >= 1.9;
        // Where others have the CPUs, a parallel build looks like this, too.
        let is = is && !phase.operations.iter().any(lost_to_others);
        is.then(|| {
            Finding::new(
                Rule::SerialBuild,
                Severity::Note,
                "the index was built on about one CPU while more were there",
                "insert from several threads where the engine allows it",
            )
            .about(&phase.name)
            .shown_by(format!(
                "{} of {} CPUs busy over {}",
                number(cores),
                number(available),
                duration(phase.duration_seconds)
            ))
        })
    });
    serial.collect()
}

/// Operations lost more than this share of their time to others on the CPUs.
const PREEMPTED: f64 = 0.02;
/// The collector missed more than this share of its beats.
const MISSED: f64 = 0.05;

/// Whether the operation lost a share of its time to others on its CPU.
fn lost_to_others(operation: &OperationReport) -> bool {
    let split = operation.time_split.as_ref();
    split.is_some_and(|split| preempted_share(split) > PREEMPTED && split.all.count >= 100)
}

fn preempted_share(split: &TimeSplitReport) -> f64 {
    split.all.preempted_seconds / split.all.latency_seconds.max(f64::MIN_POSITIVE)
}

fn noisy_machine(report: &Report) -> Vec<Finding> {
    if is_oversubscribed(report).is_some() {
        return Vec::new();
    }
    let mut evidence = Vec::new();
    for operation in &report.steady().operations {
        if let Some(split) = operation
            .time_split
            .as_ref()
            .filter(|_| lost_to_others(operation))
        {
            let part = percent(100.0 * preempted_share(split));
            evidence.push(format!(
                "{} lost {part} of its time to others on its CPU",
                operation.name
            ));
        }
    }
    let beats = report.run.resources.samples.max(1) as f64;
    let missed = report.self_cost.missed_beats as f64;
    if missed >= 3.0 && missed / (beats + missed) > MISSED {
        evidence.push(format!(
            "{} of {} readings came too late to be taken",
            count(report.self_cost.missed_beats),
            count((beats + missed) as u64)
        ));
    }
    if evidence.is_empty() {
        return Vec::new();
    }
    let mut finding = Finding::new(
        Rule::NoisyMachine,
        Severity::Warning,
        "others took CPU time: figures of this run may not repeat",
        "measure on a quiet machine (no neighbours, a fixed frequency: cpupower frequency-set -g performance), or compare \
         interleaved runs: vecperf compare --run 'A' 'B'",
    );
    finding.evidence = evidence;
    vec![finding]
}
