//! Latency at equal recall: where both sides ran several settings, what the same recall costs on each.
//!
//! The points (recall, logarithm of the cost) of a side are made monotone (more recall never costs less: pool adjacent
//! violators) and joined by straight lines. Nothing is said beyond the points of either side.

use super::estimate::Run;
use super::judge::{Raw, Spread};
use super::metric::Metric;
use super::raw::pooled;
use super::side::Side;
use super::spread::logs;
use super::student;

/// What is told at equal recall.
const METRICS: [Metric; 3] = [
    Metric::LatencyP50,
    Metric::LatencyP99,
    Metric::CpuPerOperation,
];

/// A setting of a side.
struct Point {
    recall: f64,
    /// Its standard error.
    recall_error: f64,
    /// The logarithm of the cost.
    cost: f64,
    /// Its standard error.
    cost_error: f64,
}

/// The changes at up to three recalls that both sides reach; none unless both have two settings with a recall.
pub(super) fn at_equal(base: &Side<'_>, new: &Side<'_>) -> Vec<Raw> {
    METRICS
        .into_iter()
        .flat_map(|metric| of_metric(base, new, metric))
        .collect()
}

fn of_metric(base: &Side<'_>, new: &Side<'_>, metric: Metric) -> Vec<Raw> {
    let (base, new) = (
        monotone(points(base, metric)),
        monotone(points(new, metric)),
    );
    let (Some(low), Some(high)) = (overlap(&base, &new, true), overlap(&base, &new, false)) else {
        return Vec::new();
    };
    let inside = base.iter().chain(&new).map(|point| point.recall);
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
    let told = recalls.into_iter().filter_map(|recall| {
        let (before, before_error) = at(&base, recall)?;
        let (after, after_error) = at(&new, recall)?;
        Some(Raw {
            operation: None,
            setting: Some(format!("at recall {recall:.3}")),
            metric,
            base: before.exp(),
            new: after.exp(),
            spread: Spread::Log {
                difference: after - before,
                errors: vec![(before_error.hypot(after_error), 30.0)],
            },
            reason: None,
            doubt: None,
        })
    });
    told.collect()
}

/// The ends of what both sides reach; `None` where they share nothing.
fn overlap(base: &[Point], new: &[Point], low: bool) -> Option<f64> {
    if base.len() < 2 || new.len() < 2 {
        return None;
    }
    let first = base.first()?.recall.max(new.first()?.recall);
    let last = base.last()?.recall.min(new.last()?.recall);
    (first <= last).then_some(if low { first } else { last })
}

fn points(side: &Side<'_>, metric: Metric) -> Vec<Point> {
    let z = student::quantile(0.025, f64::INFINITY);
    let mut points = Vec::new();
    for group in &side.groups {
        let named = group.names().into_iter();
        for name in named.filter(|name| {
            metric != Metric::CpuPerOperation || group.main_operation() == Some(name)
        }) {
            let recalls: Vec<_> = group
                .operation(name)
                .iter()
                .filter_map(|it| it.recall.clone())
                .collect();
            let runs = group.runs(name);
            let (Some(recall), Some(error)) = (pooled(&recalls), standard_error(&runs, metric))
            else {
                continue;
            };
            let costs: Vec<_> = runs.iter().map(|run| run.value(metric).ln()).collect();
            let cost = super::estimate::mean(&costs);
            if cost.is_finite() && recall.mean.is_finite() {
                points.push(Point {
                    recall: recall.mean,
                    recall_error: (recall.high - recall.low) / (2.0 * z),
                    cost,
                    cost_error: error,
                });
            }
        }
    }
    points.sort_by(|a, b| a.recall.total_cmp(&b.recall));
    points
}

/// Of the mean of the runs: that of the difference between them and themselves, over √2.
fn standard_error(runs: &[Run], metric: Metric) -> Option<f64> {
    let spread = logs(runs, runs).into_iter().find(|it| it.0 == metric)?.1.0;
    match spread {
        Spread::Log { errors, .. } => {
            let widest = errors.iter().map(|it| it.0).fold(0.0, f64::max);
            Some(widest / std::f64::consts::SQRT_2)
        }
        _ => None,
    }
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

/// The cost at `recall` and its standard error.
fn at(points: &[Point], recall: f64) -> Option<(f64, f64)> {
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
    Some((cost, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(recall: f64, cost: f64) -> Point {
        Point {
            recall,
            recall_error: 0.001,
            cost,
            cost_error: 0.01,
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
        assert!((at(&points, 0.85).unwrap().0 - 1.5).abs() < 1e-9);
        assert!(at(&points, 0.79).is_none() && at(&points, 0.91).is_none());
        assert!(at(&points, 0.8).unwrap().1 > 0.0);
    }
}
