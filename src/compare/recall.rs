//! Latency at equal recall: where both sides ran several settings, what the same recall costs on each.
//!
//! The points (recall, logarithm of the cost) of a side are made monotone (more recall never costs less: pool adjacent
//! violators) and joined by straight lines. Nothing is said beyond the points of either side.

use std::collections::BTreeSet;

use super::estimate::Run;
use super::judge::{Raw, Spread};
use super::metric::Metric;
use super::raw::{doubt, pooled, taken, too_few};
use super::side::{Group, Side};
use super::spread::logs;
use super::student;
use super::within::mean;
use crate::recall::{RecallEstimate, Z};
use crate::report::OperationReport;

/// What is told at equal recall.
const METRICS: [Metric; 3] = [
    Metric::LatencyP50,
    Metric::LatencyP99,
    Metric::CpuPerOperation,
];
/// Where intervals end, about: by it the wider one of two errors is found.
const TAIL: f64 = 0.001;

/// An operation of a group that has a recall.
struct Setting<'a> {
    group: &'a Group<'a>,
    name: &'a str,
    family: String,
    recall: RecallEstimate,
}

/// What a setting cost, and found.
struct Point {
    name: String,
    recall: f64,
    /// Its standard error.
    recall_error: f64,
    /// The logarithm of the cost.
    cost: f64,
    /// Its standard error.
    cost_error: f64,
    /// Degrees of freedom of that.
    freedom: f64,
    /// What others took of the time, where one run alone tells it.
    taken: Option<f64>,
}

/// Between two points.
struct Between {
    cost: f64,
    error: f64,
    freedom: f64,
    taken: Option<f64>,
}

/// The changes at up to three recalls that both sides reach; none unless both have two settings with a recall.
///
/// Operations whose names differ in numbers only, or in words like `ef=64`, are one at several settings.
pub(super) fn at_equal(base: &Side<'_>, new: &Side<'_>) -> Vec<Raw> {
    let (base, new) = (settings(base), settings(new));
    let families: BTreeSet<_> = base.iter().map(|it| it.family.clone()).collect();
    let mut told = Vec::new();
    for family in families {
        let is_own = |it: &&Setting<'_>| it.family == family;
        let (base, new): (Vec<_>, Vec<_>) = (
            base.iter().filter(is_own).collect(),
            new.iter().filter(is_own).collect(),
        );
        // What follows draws from the blocks of every run.
        if base.len() < 2 || new.len() < 2 {
            continue;
        }
        let (base, new) = (measured(&base), measured(&new));
        for (at, metric) in METRICS.into_iter().enumerate() {
            told.extend(of_metric(&base[at], &new[at], metric));
        }
    }
    told
}

/// What has a recall.
fn settings<'a>(side: &'a Side<'_>) -> Vec<Setting<'a>> {
    let mut settings = Vec::new();
    for group in &side.groups {
        for name in group.names() {
            let operations = group.operation(name).into_iter();
            let recalls: Vec<_> = operations.filter_map(|it| it.recall.clone()).collect();
            settings.extend(pooled(&recalls).map(|recall| Setting {
                group,
                name,
                family: OperationReport::family(name),
                recall,
            }));
        }
    }
    settings
}

/// The points of each metric, by recall.
fn measured(settings: &[&Setting<'_>]) -> [Vec<Point>; METRICS.len()] {
    let mut points = [const { Vec::new() }; METRICS.len()];
    for setting in settings {
        let runs = setting.group.runs(setting.name);
        // The difference of the runs to themselves is as uncertain as √2 of their mean, by twice as many runs.
        let spreads = logs(&runs, &runs);
        for (points, metric) in points.iter_mut().zip(METRICS) {
            let known = spreads.iter().find(|it| it.0 == metric);
            if let Some((_, (Spread::Log { errors, .. }, _))) = known {
                points.extend(Point::new(setting, &runs, metric, errors));
            }
        }
    }
    points.map(|mut points| {
        points.sort_by(|a, b| a.recall.total_cmp(&b.recall));
        monotone(points)
    })
}

impl Point {
    /// `None` where the cost is not known, or from too little.
    fn new(
        setting: &Setting<'_>,
        runs: &[Run],
        metric: Metric,
        errors: &[(f64, f64)],
    ) -> Option<Self> {
        let of_another = !metric.is_of_the_wall() && !setting.group.is_main(setting.name);
        if of_another || too_few(runs, metric) {
            return None;
        }
        let costs: Vec<_> = runs.iter().map(|run| run.value(metric).ln()).collect();
        let width = |&(error, freedom): &(f64, f64)| error * student::quantile(TAIL, freedom);
        let halved = errors
            .iter()
            .map(|(error, freedom)| (error / std::f64::consts::SQRT_2, freedom / 2.0));
        let (cost_error, freedom) = halved.max_by(|a, b| width(a).total_cmp(&width(b)))?;
        let recall = &setting.recall;
        let point = Self {
            name: setting.name.to_owned(),
            recall: recall.mean,
            recall_error: (recall.high - recall.low) / (2.0 * Z),
            cost: mean(&costs),
            cost_error,
            freedom,
            taken: taken(setting.group, setting.name),
        };
        (point.cost.is_finite() && point.recall.is_finite()).then_some(point)
    }
}

fn of_metric(base: &[Point], new: &[Point], metric: Metric) -> Vec<Raw> {
    let Some((low, high)) = overlap(base, new) else {
        return Vec::new();
    };
    let inside = base.iter().chain(new).map(|point| point.recall);
    let mut recalls: Vec<f64> = inside
        .filter(|recall| (low..=high).contains(recall))
        .collect();
    recalls.sort_by(f64::total_cmp);
    recalls.dedup_by(|a, b| (*a - *b).abs() < 0.002);
    if let [first, .., last] = recalls[..]
        && recalls.len() > 3
    {
        recalls = vec![first, recalls[recalls.len() / 2], last];
    }
    let operation = label(base, new);
    let told = recalls.into_iter().filter_map(|recall| {
        let (before, after) = (at(base, recall)?, at(new, recall)?);
        Some(Raw {
            operation: operation.clone(),
            setting: Some(format!("at recall {recall:.3}")),
            metric,
            base: before.cost.exp(),
            new: after.cost.exp(),
            spread: Spread::Log {
                difference: after.cost - before.cost,
                errors: vec![(
                    before.error.hypot(after.error),
                    before.freedom.min(after.freedom),
                )],
            },
            reason: None,
            doubt: doubt(before.taken, after.taken).filter(|_| metric.is_of_the_wall()),
        })
    });
    told.collect()
}

/// The operation of all points; of several, the word that their names begin with.
fn label(base: &[Point], new: &[Point]) -> Option<String> {
    let mut names = base.iter().chain(new).map(|point| point.name.as_str());
    let first = names.next()?;
    if names.all(|name| name == first) {
        return Some(first.to_owned());
    }
    let word = first.split(|c: char| c.is_whitespace() || "{[(=:".contains(c));
    let word = word.into_iter().next().filter(|it| !it.is_empty());
    Some(word.unwrap_or(first).to_owned())
}

/// The ends of what both sides reach; `None` where they share nothing.
fn overlap(base: &[Point], new: &[Point]) -> Option<(f64, f64)> {
    if base.len() < 2 || new.len() < 2 {
        return None;
    }
    let first = base.first()?.recall.max(new.first()?.recall);
    let last = base.last()?.recall.min(new.last()?.recall);
    (first <= last).then_some((first, last))
}

/// Pools neighbours as long as one with more recall costs less.
fn monotone(points: Vec<Point>) -> Vec<Point> {
    let mut pools: Vec<Vec<Point>> = Vec::new();
    let cost =
        |pool: &[Point]| pool.iter().map(|it| it.cost).sum::<f64>() / pool.len().max(1) as f64;
    for point in points {
        pools.push(vec![point]);
        while let [.., before, last] = &pools[..]
            && cost(before) > cost(last)
            && let Some(last) = pools.pop()
            && let Some(before) = pools.last_mut()
        {
            before.extend(last);
        }
    }
    let level = |pool: Vec<Point>| {
        let level = cost(&pool);
        pool.into_iter().map(move |point| Point {
            cost: level,
            ..point
        })
    };
    pools.into_iter().flat_map(level).collect()
}

/// The cost at `recall`.
fn at(points: &[Point], recall: f64) -> Option<Between> {
    let pair = points
        .windows(2)
        .find(|pair| pair[0].recall <= recall && recall <= pair[1].recall)?;
    let (left, right) = (&pair[0], &pair[1]);
    let width = right.recall - left.recall;
    let share = if width > 0.0 {
        (recall - left.recall) / width
    } else {
        0.5
    };
    let slope = if width > 0.0 {
        (right.cost - left.cost) / width
    } else {
        0.0
    };
    let cost = left.cost + share * (right.cost - left.cost);
    let along = |point: &Point| point.cost_error.hypot(slope * point.recall_error);
    let error = ((1.0 - share) * along(left)).hypot(share * along(right));
    Some(Between {
        cost,
        error,
        freedom: left.freedom.min(right.freedom),
        taken: left.taken.into_iter().chain(right.taken).reduce(f64::max),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(recall: f64, cost: f64) -> Point {
        Point {
            name: "search".to_owned(),
            recall,
            recall_error: 0.001,
            cost,
            cost_error: 0.01,
            freedom: 10.0,
            taken: None,
        }
    }

    #[test]
    fn costs_never_fall_with_recall() {
        let made = monotone(vec![
            point(0.8, 1.0),
            point(0.9, 3.0),
            point(0.95, 2.0),
            point(0.99, 4.0),
        ]);
        let costs: Vec<_> = made.iter().map(|it| it.cost).collect();
        assert_eq!(costs, [1.0, 2.5, 2.5, 4.0]);
    }

    #[test]
    fn between_two_points_lies_a_line_and_beyond_them_nothing() {
        let points = [point(0.8, 1.0), point(0.9, 2.0)];
        assert!((at(&points, 0.85).unwrap().cost - 1.5).abs() < 1e-9);
        assert!(at(&points, 0.79).is_none() && at(&points, 0.91).is_none());
        assert!(at(&points, 0.8).unwrap().error > 0.0);
    }
}
