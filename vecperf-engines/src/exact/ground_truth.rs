//! The true nearest neighbours of a query set, against which recall is judged.

use crate::{EngineError, Metric, Vectors};

/// The exact nearest neighbours of each query, nearest first.
#[derive(Clone, Debug, PartialEq)]
pub struct GroundTruth {
    /// Neighbours per query: the `k` asked for, or all vectors when there are fewer.
    pub k: usize,
    /// Rows of the base vectors, `k` per query, query after query.
    pub ids: Vec<u32>,
    /// Their distances by the metric, in the same order.
    pub distances: Vec<f32>,
}

/// Computes the exact nearest `k` base vectors of each query, ties in the order of rows. `progress` is called from the
/// computing threads with the number of queries finished since its last call; the calls sum up to all of them.
///
/// # Errors
/// The two sets differ in dimensions, or hold a row that `metric` cannot compare.
pub fn ground_truth(
    base: &Vectors,
    queries: &Vectors,
    metric: Metric,
    k: usize,
    threads: usize,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<GroundTruth, EngineError> {
    let _ = threads;
    if base.dimensions() != queries.dimensions() {
        return Err(EngineError::Dimensions {
            expected: base.dimensions(),
            found: queries.dimensions(),
        });
    }
    let k = k.min(base.len());
    let mut truth = GroundTruth {
        k,
        ids: Vec::new(),
        distances: Vec::new(),
    };
    for query in queries.rows() {
        let mut all: Vec<(f64, u32)> = base
            .rows()
            .zip(0..)
            .map(|(row, id)| (distance(metric, query, row), id))
            .collect();
        all.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        truth.ids.extend(all.iter().take(k).map(|&(_, id)| id));
        truth
            .distances
            .extend(all.iter().take(k).map(|&(distance, _)| distance as f32));
        progress(1);
    }
    Ok(truth)
}

fn distance(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    let sum = |term: fn(f64, f64) -> f64| {
        a.iter()
            .zip(b)
            .map(|(&x, &y)| term(x.into(), y.into()))
            .sum::<f64>()
    };
    match metric {
        Metric::L2 => sum(|x, y| (x - y) * (x - y)),
        Metric::InnerProduct => 1.0 - sum(|x, y| x * y),
        Metric::Cosine => 1.0 - sum(|x, y| x * y) / (sum(|x, _| x * x) * sum(|_, y| y * y)).sqrt(),
    }
}
