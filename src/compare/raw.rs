//! Each metric of both sides, before it is judged.

use super::estimate::Run;
use super::judge::{Raw, Spread};
use super::metric::Metric;
use super::side::{Group, Pair};
use super::spread::{combine, logs};
use super::within::{Within, mean};
use crate::quantity::{count, percent};
use crate::recall::{RecallEstimate, Z};
use crate::report::Report;

/// How much memory is taken to vary from run to run, where one run a side does not tell; of its logarithm.
const MEMORY_SPREAD: f64 = 0.003;
/// Durations that a 99th percentile needs.
const FOR_P99: f64 = 1000.0;

/// Every metric of every operation that both have.
pub(super) fn raw(pair: &Pair<'_>) -> Vec<Raw> {
    let mut all = Vec::new();
    for name in pair.base.names() {
        let (base, new) = (pair.base.runs(name), pair.new.runs(name));
        if base.is_empty() || new.is_empty() {
            continue;
        }
        let doubt = doubt(taken(pair.base, name), taken(pair.new, name));
        let is_main = pair.base.is_main(name);
        for (metric, spread) in logs(&base, &new) {
            if metric == Metric::CpuPerOperation && !is_main {
                continue;
            }
            let value = |runs: &[Run]| {
                let values: Vec<_> = runs.iter().map(|run| run.value(metric)).collect();
                mean(&values)
            };
            let (before, after) = (value(&base), value(&new));
            if !before.is_finite() || !after.is_finite() {
                continue;
            }
            let few = too_few(&base, metric) || too_few(&new, metric);
            let (spread, reason) = if few {
                (
                    Spread::Unknown,
                    Some(format!("a p99 needs {} operations", count(FOR_P99 as u64))),
                )
            } else {
                spread
            };
            all.push(Raw {
                operation: Some(name.to_owned()),
                setting: pair.setting.clone(),
                metric,
                base: before,
                new: after,
                spread,
                reason,
                doubt: doubt.clone().filter(|_| metric.is_of_the_wall()),
            });
        }
        all.extend(recall(pair, name));
        all.extend(errors(pair, name));
    }
    all.extend(memory(pair));
    all
}

/// Whether a run is too short for the metric.
pub(super) fn too_few(runs: &[Run], metric: Metric) -> bool {
    metric == Metric::LatencyP99 && runs.iter().any(|run| run.timed() < FOR_P99)
}

/// More of an operation's time than this lost to others on its CPU makes one run a side say nothing of the program.
const TAKEN: f64 = 0.05;

/// The largest share of the operation's time in a run that others took on its CPUs, where one run alone tells of the side;
/// several tell by their spread.
pub(super) fn taken(group: &Group<'_>, name: &str) -> Option<f64> {
    if group.reports.len() > 1 {
        return None;
    }
    let splits = group
        .operation(name)
        .into_iter()
        .filter_map(|it| Some(&it.time_split.as_ref()?.all));
    let shares =
        splits.map(|all| all.preempted_seconds / all.latency_seconds.max(f64::MIN_POSITIVE));
    Some(shares.fold(0.0, f64::max))
}

/// Why a change of times is in doubt, where a run alone on its side was slowed down by others.
pub(super) fn doubt(base: Option<f64>, new: Option<f64>) -> Option<String> {
    let worst = base.unwrap_or(0.0).max(new.unwrap_or(0.0));
    let share = |taken: Option<f64>| taken.map_or("–".to_owned(), |it| percent(100.0 * it));
    (worst > TAKEN).then(|| {
        format!(
            "others on its CPUs took {} of its time in the base, {} in the new run: several runs a side, or --run, tell it apart",
            share(base),
            share(new)
        )
    })
}

/// Each side's recall; runs over the same queries are no more queries.
fn recall(pair: &Pair<'_>, name: &str) -> Option<Raw> {
    let of = |group: &Group<'_>| {
        let all: Vec<_> = group
            .operation(name)
            .iter()
            .filter_map(|it| it.recall.clone())
            .collect();
        pooled(&all)
    };
    let (base, new) = (of(pair.base)?, of(pair.new)?);
    // Zou and Donner, "Construction of confidence limits about effect measures" (2008): MOVER.
    let root = |one: f64, another: f64| one.hypot(another) / Z;
    Some(Raw {
        operation: Some(name.to_owned()),
        setting: pair.setting.clone(),
        metric: Metric::Recall,
        base: base.mean,
        new: new.mean,
        spread: Spread::Share {
            down: root(new.mean - new.low, base.high - base.mean),
            up: root(new.high - new.mean, base.mean - base.low),
        },
        reason: None,
        doubt: None,
    })
}

/// The mean of several runs' recalls, as uncertain as one of them.
pub(super) fn pooled(all: &[RecallEstimate]) -> Option<RecallEstimate> {
    let over = |of: fn(&RecallEstimate) -> f64| mean(&all.iter().map(of).collect::<Vec<_>>());
    let first = all.first()?;
    Some(RecallEstimate {
        mean: over(|it| it.mean),
        low: over(|it| it.low),
        high: over(|it| it.high),
        ..first.clone()
    })
}

/// The share of errors, where there are any.
fn errors(pair: &Pair<'_>, name: &str) -> Option<Raw> {
    let share = |group: &Group<'_>| {
        let operations = group.operation(name);
        let sum = |of: fn(&crate::report::OperationReport) -> u64| {
            operations.iter().map(|it| of(it) as f64).sum::<f64>()
        };
        (sum(|it| it.errors), sum(|it| it.count).max(1.0))
    };
    let (base, new) = (share(pair.base), share(pair.new));
    // Agresti and Coull: two more of each kind.
    let error = |(errors, all): (f64, f64)| {
        let part = (errors + 2.0) / (all + 4.0);
        (part * (1.0 - part) / (all + 4.0)).sqrt()
    };
    let both = error(base).hypot(error(new));
    (base.0 + new.0 > 0.0).then(|| Raw {
        operation: Some(name.to_owned()),
        setting: pair.setting.clone(),
        metric: Metric::Errors,
        base: base.0 / base.1,
        new: new.0 / new.1,
        spread: Spread::Share {
            down: both,
            up: both,
        },
        reason: None,
        doubt: None,
    })
}

fn memory(pair: &Pair<'_>) -> Option<Raw> {
    let peak = |report: &&Report| {
        report
            .run
            .resources
            .peak_anonymous_swapped_bytes
            .map(|bytes| bytes as f64)
    };
    let of = |group: &Group<'_>| -> Option<Vec<f64>> { group.reports.iter().map(peak).collect() };
    let (base, new) = (of(pair.base)?, of(pair.new)?);
    let logs = |side: &[f64]| -> Vec<f64> {
        side.iter()
            .map(|it| (it + Metric::PeakMemory.floor()).ln())
            .collect()
    };
    let assumed = Within::assumed(MEMORY_SPREAD * MEMORY_SPREAD);
    let within = (vec![assumed; base.len()], vec![assumed; new.len()]);
    let (spread, _) = combine(&logs(&base), &logs(&new), Ok(within));
    let reason = pair
        .is_one_run_a_side()
        .then(|| "taken to vary by 0.3 % from run to run: one run a side does not tell".to_owned());
    Some(Raw {
        operation: None,
        setting: pair.setting.clone(),
        metric: Metric::PeakMemory,
        base: mean(&base),
        new: mean(&new),
        spread,
        reason,
        doubt: None,
    })
}
