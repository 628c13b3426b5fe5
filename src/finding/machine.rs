//! CPUs, neighbours, the build.

use super::{Check, Finding, Rule, Severity};
use crate::quantity::{count, duration, number, percent};
use crate::report::{OperationReport, Report, TimeSplitReport};
use crate::resource::CpuInterference;

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

/// The hypervisor ran others for this share of the time that the CPUs had work, in percent.
const STOLEN: f64 = 2.0;
/// The CPU quota was used up in this share of its periods, in percent.
const THROTTLED: f64 = 1.0;
/// The governor under which a CPU's frequency does not follow its load.
const STEADY_GOVERNOR: &str = "performance";

/// A cause of figures that may not repeat: its evidence, and what helps against it.
type Cause = (Vec<String>, &'static str);

fn noisy_machine(report: &Report) -> Vec<Finding> {
    let from_outside = [neighbours(report), used_up_quota(report), heat(report)];
    let causes: Vec<Cause> = from_outside.into_iter().flatten().collect();
    let (severity, title) = match causes.is_empty() {
        false => (
            Severity::Warning,
            "CPU time was taken from the process: figures of this run may not repeat",
        ),
        true => (
            Severity::Note,
            "the CPUs' frequency follows their load: figures of a short run may not repeat",
        ),
    };
    let causes: Vec<_> = causes.into_iter().chain(governor(report)).collect();
    if causes.is_empty() {
        return Vec::new();
    }
    let help: Vec<_> = causes.iter().map(|cause| cause.1).collect();
    let next = format!(
        "{}; or compare interleaved runs: vecperf compare --run 'A' 'B'",
        help.join("; ")
    );
    let mut finding = Finding::new(Rule::NoisyMachine, severity, title, &next);
    finding.evidence = causes.into_iter().flat_map(|cause| cause.0).collect();
    vec![finding]
}

/// What took CPU time in the judged phase, else in the run: a short phase does not know.
fn interference<T>(report: &Report, of: impl Fn(&CpuInterference) -> Option<T>) -> Option<T> {
    let steady = of(&report.steady().resources.cpu_interference);
    steady.or_else(|| of(&report.run.resources.cpu_interference))
}

/// Other machines on the host, other programs on this one; not told from own threads where there are too many of them.
fn neighbours(report: &Report) -> Option<Cause> {
    let mut evidence = Vec::new();
    let stolen = interference(report, |it| it.steal_percent.zip(it.steal_seconds));
    if let Some((part, seconds)) = stolen.filter(|(part, _)| *part >= STOLEN) {
        evidence.push(format!(
            "steal: the host ran others for {} of the time that the CPUs had work ({})",
            percent(part),
            duration(seconds)
        ));
    }
    if is_oversubscribed(report).is_none() {
        let operations = report.steady().operations.iter();
        let lost = operations.filter(|it| lost_to_others(it));
        evidence.extend(lost.filter_map(|operation| {
            let part = percent(100.0 * preempted_share(operation.time_split.as_ref()?));
            let name = &operation.name;
            Some(format!(
                "{name} lost {part} of its time to others on its CPU"
            ))
        }));
        evidence.extend(missed(report));
    }
    let next = "measure on a quiet machine, without neighbours";
    (!evidence.is_empty()).then_some((evidence, next))
}

fn missed(report: &Report) -> Option<String> {
    let beats = report.run.resources.samples.max(1) as f64;
    let missed = report.self_cost.missed_beats as f64;
    (missed >= 3.0 && missed / (beats + missed) > MISSED).then(|| {
        format!(
            "{} of {} readings came too late to be taken",
            count(report.self_cost.missed_beats),
            count((beats + missed) as u64)
        )
    })
}

fn used_up_quota(report: &Report) -> Option<Cause> {
    let throttled = interference(report, |it| it.throttled_percent.zip(it.throttled_seconds));
    let (part, seconds) = throttled.filter(|(part, _)| *part >= THROTTLED)?;
    let evidence = format!(
        "the CPU quota of the cgroup was used up in {} of its periods: threads stood still for {}",
        percent(part),
        duration(seconds)
    );
    let next = "give the cgroup a larger CPU quota, or use fewer threads";
    Some((vec![evidence], next))
}

fn heat(report: &Report) -> Option<Cause> {
    let events = interference(report, |it| it.thermal_throttles).filter(|&events| events > 0)?;
    let evidence = format!(
        "a CPU was slowed down because it was too hot: {} times",
        count(events)
    );
    let next = "cool the machine, or bound its frequency";
    Some((vec![evidence], next))
}

fn governor(report: &Report) -> Option<Cause> {
    let names = report.environment.frequency_governor.as_ref();
    let names = names.filter(|names| *names != STEADY_GOVERNOR)?;
    let cpus = count(report.environment.cpus.into());
    let evidence = format!("frequency governor {names}, on {cpus} CPUs");
    let next = "fix the frequency: cpupower frequency-set -g performance";
    Some((vec![evidence], next))
}
