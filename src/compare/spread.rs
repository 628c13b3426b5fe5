//! How far the difference of two sides may be off: from what varies within the runs, and from run to run.

use super::estimate::Run;
use super::judge::Spread;
use super::metric::Metric;
use super::within::{Lacking, WAVES, Within, mean, variance, widened};
use crate::quantity::percent;

/// Where runs say little of how they vary, as many degrees of freedom are lent to what varies within them.
const LENT: f64 = 4.0;
/// How much times are taken to vary from run to run on a shared host, where one run a side does not tell; of their logarithm.
/// Eight equal runs in turn varied by that on a virtual machine with nothing else on it, of which the host took 0.3 to 13 %.
const BETWEEN_RUNS: f64 = 0.1;
/// The same of a 99th percentile.
const BETWEEN_P99: f64 = 0.2;

/// The metrics whose spread comes from blocks.
const OF_BLOCKS: [Metric; 6] = [
    Metric::LatencyP50,
    Metric::LatencyP99,
    Metric::LatencyMean,
    Metric::Throughput,
    Metric::CpuPerOperation,
    Metric::Allocations,
];

/// What is known, and where that is nothing, why.
pub(super) type Known = (Spread, Option<String>);

/// The spread of each metric that comes from blocks, or where there are none, from the runs.
pub(super) fn logs(base: &[Run], new: &[Run]) -> Vec<(Metric, Known)> {
    let estimates = |runs: &[Run], seed: u64| -> Vec<Vec<Result<Within, Lacking>>> {
        let numbered = runs.iter().zip(seed..);
        numbered
            .map(|(run, seed)| run.estimates(&OF_BLOCKS, seed))
            .collect()
    };
    let (within_base, within_new) = (estimates(base, 1), estimates(new, 1001));
    let is_assumed = is_assumed(base, new);
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
            let mut known = combine(&logs(base), &logs(new), within);
            if let Some(between) = between_runs(metric).filter(|_| is_assumed) {
                assume(&mut known, between);
            }
            (metric, known)
        })
        .collect()
}

/// Whether what differs from run to run is assumed: nothing tells it, and it is known to be much.
fn is_assumed(base: &[Run], new: &[Run]) -> bool {
    let mut all = base.iter().chain(new);
    base.len() == 1 && new.len() == 1 && all.any(Run::shares_its_cpus)
}

/// What a slower processor changes is taken to vary by this.
fn between_runs(metric: Metric) -> Option<f64> {
    match metric {
        Metric::LatencyP99 => Some(BETWEEN_P99),
        metric if metric.is_of_the_wall() => Some(BETWEEN_RUNS),
        Metric::CpuPerOperation => Some(BETWEEN_RUNS),
        _ => None,
    }
}

/// Adds what the runs are taken to vary by to what varies within them, and says so.
fn assume((spread, reason): &mut Known, between: f64) {
    if let Spread::Log { errors, .. } = spread {
        let within = errors.first().map_or(0.0, |it| it.0);
        errors.push((within.hypot(std::f64::consts::SQRT_2 * between), 1e4));
        *reason = Some(format!(
            "the host gave its CPUs to others, too: one run is taken to vary by {}; several a side tell",
            percent(100.0 * between)
        ));
    }
}

/// The spread of the difference of two means of runs.
pub(super) fn combine(
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
            errors.extend(joint(base, new));
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

/// The errors from what varies within the runs, each with its degrees of freedom: by blocks that resemble those before
/// them, and by slow waves.
fn joint(base: &[Within], new: &[Within]) -> [(f64, f64); 2] {
    // One run's blocks tell little of how much they resemble each other, and where it seems much, the error is wide already.
    // So all runs together tell how many independent ones they are as good as.
    let all = base.iter().chain(new).map(|it| it.likeness);
    let likeness = widened(all.sum::<f64>() / (base.len() + new.len()) as f64);
    let neighbours = |it: &Within| (it.variance, (it.blocks / likeness - 1.0).max(2.0));
    let waves = |it: &Within| (it.by_waves, WAVES);
    [welch(base, new, neighbours), welch(base, new, waves)]
}

/// Welch's and Satterthwaite's error of a difference of means, of each run's variance and its degrees of freedom.
fn welch(base: &[Within], new: &[Within], of: impl Fn(&Within) -> (f64, f64)) -> (f64, f64) {
    let (mut variance, mut least) = (0.0, 0.0);
    for runs in [base, new] {
        let count = runs.len() as f64;
        for (of_run, freedom) in runs.iter().map(&of) {
            let part = of_run / (count * count);
            variance += part;
            least += part * part / freedom.max(1.0);
        }
    }
    let freedom = variance * variance / least.max(f64::MIN_POSITIVE);
    (variance.sqrt(), freedom.clamp(2.0, 1e4))
}
