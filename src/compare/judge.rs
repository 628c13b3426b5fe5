//! Two estimates to a verdict.

use super::estimate::{Lacking, Run, Within, mean, variance};
use super::metric::Metric;
use super::side::{Group, Pair};
use super::student;
use super::{Change, Outcome};
use crate::quantity::{count, percent};
use crate::recall::RecallEstimate;
use crate::report::Report;

/// All intervals of a comparison hold together with this probability: no end that says "worse" is wrong in 99 of 100.
const CONFIDENCE: f64 = 0.98;
/// What a change that is there is seen with.
const POWER_TAIL: f64 = 0.05;
/// Where runs say little of how they vary, as many degrees of freedom are lent to what varies within them.
const LENT: f64 = 4.0;
/// How much memory is taken to vary from run to run, where one run a side does not tell; of its logarithm.
const MEMORY_SPREAD: f64 = 0.003;
/// Durations that a 99th percentile needs.
const FOR_P99: f64 = 1000.0;

/// The metrics whose spread comes from blocks.
pub(super) const OF_BLOCKS: [Metric; 6] = [
    Metric::LatencyP50,
    Metric::LatencyP99,
    Metric::LatencyMean,
    Metric::Throughput,
    Metric::CpuPerOperation,
    Metric::Allocations,
];

/// A change before it is judged.
pub(super) struct Raw {
    pub(super) operation: Option<String>,
    pub(super) setting: Option<String>,
    pub(super) metric: Metric,
    pub(super) base: f64,
    pub(super) new: f64,
    pub(super) spread: Spread,
    pub(super) reason: Option<String>,
    /// Why a change may be none of the program's: it is then inconclusive.
    pub(super) doubt: Option<String>,
}

/// How far the change may be off.
pub(super) enum Spread {
    /// Of the difference of logarithms: standard errors, each with its degrees of freedom; the widest counts.
    Log {
        difference: f64,
        errors: Vec<(f64, f64)>,
    },
    /// Of the difference of shares: normal standard errors down and up.
    Share { down: f64, up: f64 },
    /// Nothing is known.
    Unknown,
}

/// Every metric of every operation that both have.
pub(super) fn raw(pair: &Pair<'_>) -> Vec<Raw> {
    let mut all = Vec::new();
    for name in pair.base.names() {
        let (base, new) = (pair.base.runs(name), pair.new.runs(name));
        if base.is_empty() || new.is_empty() {
            continue;
        }
        let doubt = taken_by_others(pair, name);
        let is_main = pair.base.main_operation() == Some(name);
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
            let few = metric == Metric::LatencyP99
                && base.iter().chain(&new).any(|run| run.timed() < FOR_P99);
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

type Known = (Spread, Option<String>);

/// More of an operation's time than this lost to others on its CPU makes one run a side say nothing of the program.
const TAKEN: f64 = 0.05;

/// Where one run a side was slowed down by others: why its times are in doubt. Several runs tell by their spread.
fn taken_by_others(pair: &Pair<'_>, name: &str) -> Option<String> {
    if pair.base.reports.len() > 1 && pair.new.reports.len() > 1 {
        return None;
    }
    let of = |group: &Group<'_>| {
        let splits = group
            .operation(name)
            .into_iter()
            .filter_map(|it| Some(&it.time_split.as_ref()?.all));
        let shares =
            splits.map(|all| all.preempted_seconds / all.latency_seconds.max(f64::MIN_POSITIVE));
        shares.fold(0.0, f64::max)
    };
    let (base, new) = (of(pair.base), of(pair.new));
    (base.max(new) > TAKEN).then(|| {
        format!(
            "others on its CPUs took {} of its time in the base, {} in the new run: several runs a side, or --run, tell it apart",
            percent(100.0 * base),
            percent(100.0 * new)
        )
    })
}

/// The spread of each metric that comes from blocks, or where there are none, from the runs.
pub(super) fn logs(base: &[Run], new: &[Run]) -> Vec<(Metric, Known)> {
    let estimates = |runs: &[Run], seed: u64| -> Vec<Vec<Result<Within, Lacking>>> {
        let numbered = runs.iter().zip(seed..);
        numbered
            .map(|(run, seed)| run.estimates(&OF_BLOCKS, seed))
            .collect()
    };
    let (within_base, within_new) = (estimates(base, 1), estimates(new, 1001));
    let metrics = OF_BLOCKS.iter().enumerate();
    metrics
        .map(|(at, &metric)| {
            let logs = |runs: &[Run]| -> Vec<f64> {
                let values = runs.iter().map(|run| run.value(metric) + metric.floor());
                values.map(f64::ln).collect()
            };
            let of = |all: &[Vec<Result<Within, Lacking>>]| -> Result<Vec<Within>, Lacking> {
                all.iter().map(|run| run[at]).collect()
            };
            let within = of(&within_base).and_then(|base| Ok((base, of(&within_new)?)));
            (metric, combine(&logs(base), &logs(new), within))
        })
        .collect()
}

/// The spread of the difference of two means of runs.
fn combine(
    base: &[f64],
    new: &[f64],
    within: Result<(Vec<Within>, Vec<Within>), Lacking>,
) -> Known {
    let difference = mean(new) - mean(base);
    let runs = (base.len() as f64, new.len() as f64);
    let freedom = runs.0 + runs.1 - 2.0;
    let squares = |values: &[f64]| variance(values).unwrap_or(0.0) * (values.len() as f64 - 1.0);
    let between = (freedom > 0.0).then(|| (squares(base) + squares(new)) / freedom);
    let mut errors = Vec::new();
    match &within {
        Ok((base, new)) => {
            errors.push(joint(base, new));
            if let Some(between) = between {
                let all = base.iter().chain(new).map(|it| it.variance);
                let typical = all.sum::<f64>() / (runs.0 + runs.1);
                let moderated = (LENT * typical + freedom * between) / (LENT + freedom);
                let variance = between.max(moderated) * (1.0 / runs.0 + 1.0 / runs.1);
                errors.push((variance.sqrt(), freedom + LENT));
            }
        }
        Err(lacking) => match between {
            Some(between) if base.len() > 1 && new.len() > 1 => {
                errors.push(((between * (1.0 / runs.0 + 1.0 / runs.1)).sqrt(), freedom));
            }
            _ => return (Spread::Unknown, Some(lacking.reason())),
        },
    }
    (Spread::Log { difference, errors }, None)
}

/// The error from what varies within the runs, and its degrees of freedom: Welch's and Satterthwaite's.
fn joint(base: &[Within], new: &[Within]) -> (f64, f64) {
    let part = |side: &[Within]| {
        let runs = side.len() as f64;
        side.iter().map(|it| it.variance).sum::<f64>() / (runs * runs)
    };
    let (one, another) = (part(base), part(new));
    let freedom = |side: &[Within]| side.iter().map(|it| it.freedom).sum::<f64>().max(1.0);
    let least = one * one / freedom(base) + another * another / freedom(new);
    let freedom = (one + another).powi(2) / least.max(f64::MIN_POSITIVE);
    ((one + another).sqrt(), freedom.clamp(2.0, 1e4))
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
    let z = student::quantile(0.025, f64::INFINITY);
    // Zou and Donner, "Construction of confidence limits about effect measures" (2008): MOVER.
    let root = |one: f64, another: f64| one.hypot(another) / z;
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
    let assumed = Within {
        variance: MEMORY_SPREAD * MEMORY_SPREAD,
        freedom: 1e4,
    };
    let within = (vec![assumed; base.len()], vec![assumed; new.len()]);
    let (spread, _) = combine(&logs(&base), &logs(&new), Ok(within));
    let alone = base.len() + new.len() < 4;
    let reason = alone
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

impl Raw {
    /// The verdict, as one of `judged`.
    pub(super) fn judge(self, effect: f64, judged: usize) -> Change {
        let metric = self.metric;
        let tail = (1.0 - CONFIDENCE) / 2.0 / judged as f64;
        let effect = if metric.is_share() {
            effect / 5.0
        } else {
            effect
        };
        let tolerance = effect / 5.0;
        let (change, interval, error) = self.interval(tail);
        // From here on more is worse.
        let harm = interval.map(|(low, high)| {
            if metric.more_is_better() {
                (-high, -low)
            } else {
                (low, high)
            }
        });
        let outcome = match harm {
            Some((low, high)) if !(low.is_finite() && high.is_finite()) => Outcome::Inconclusive,
            Some((low, _)) if low > tolerance => Outcome::Regressed,
            Some((_, high)) if high < -tolerance => Outcome::Improved,
            Some((low, high)) if low >= -effect && high <= effect => Outcome::Same,
            _ => Outcome::Inconclusive,
        };
        let doubted = self
            .doubt
            .clone()
            .filter(|_| matches!(outcome, Outcome::Regressed | Outcome::Improved));
        let outcome = if doubted.is_some() {
            Outcome::Inconclusive
        } else {
            outcome
        };
        let visible = interval.map(|(low, high)| {
            let half = if metric.more_is_better() {
                high - change
            } else {
                change - low
            };
            tolerance + half + error
        });
        let finite = |it: f64| Some(it).filter(|it| it.is_finite());
        Change {
            operation: self.operation,
            setting: self.setting,
            metric,
            base: self.base,
            new: self.new,
            change: finite(change).unwrap_or(0.0),
            low: interval.and_then(|it| finite(it.0)),
            high: interval.and_then(|it| finite(it.1)),
            visible: visible.and_then(finite),
            outcome,
            reason: doubted.or(self.reason),
        }
    }

    /// The change, its interval, and how far beyond it one must be to be seen nineteen times in twenty.
    fn interval(&self, tail: f64) -> (f64, Option<(f64, f64)>, f64) {
        let floor = self.metric.floor();
        let scale = (self.base + floor) / self.base.max(floor).max(f64::MIN_POSITIVE);
        match &self.spread {
            Spread::Share { down, up } => {
                let change = self.new - self.base;
                let z = student::quantile(tail, f64::INFINITY);
                let power = student::quantile(POWER_TAIL, f64::INFINITY);
                let both = (change - z * down, change + z * up);
                (change, Some(both), power * down.max(*up))
            }
            Spread::Log { difference, errors } => {
                let relative = |log: f64| log.exp_m1() * scale;
                let half = |tail: f64| {
                    let halves = errors
                        .iter()
                        .map(|(error, freedom)| error * student::quantile(tail, *freedom));
                    halves.fold(0.0, f64::max)
                };
                let wide = half(tail);
                let both = (relative(difference - wide), relative(difference + wide));
                (
                    relative(*difference),
                    Some(both),
                    relative(half(POWER_TAIL)),
                )
            }
            Spread::Unknown => {
                let change = if self.metric.is_share() {
                    self.new - self.base
                } else {
                    (self.new - self.base) / self.base.max(floor)
                };
                (change, None, 0.0)
            }
        }
    }
}
