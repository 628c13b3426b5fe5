//! The exact neighbours of the queries: given, cached or computed.

use std::path::PathBuf;

use vecperf::{Error, ErrorKind, Result};
use vecperf_engines::{GroundTruth, Metric};

use super::cache::{Cache, Kept};
use super::format::Ids;
use super::recall::distance;
use super::{Dataset, Progress, check, metric_name};

/// How far a given neighbour may be out of order, in parts of the vectors' sizes. Others compute ground truth in 32-bit floats and
/// by formulas that lose digits; that is forgiven, the truth of other data or of another metric is not.
const FORGIVEN: f64 = 1e-5;

/// Neighbours that are computed where fewer are wanted: they cost next to nothing more, and a run with another `k` finds them.
const AT_LEAST: usize = 100;

/// Queries whose given neighbours are compared with exact ones.
const SPOT_CHECKS: usize = 5;

/// Neighbours that were given with the data or with `--truth`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    /// Of each query, nearest first.
    pub(crate) ids: Ids,
    /// The metric they were computed by, where that is known.
    pub(crate) metric: Option<Metric>,
    /// `--truth`; absent: they came with the data.
    pub(crate) file: Option<PathBuf>,
}

/// The exact neighbours, and how they were come by.
#[derive(Clone, Debug)]
pub(crate) struct Truth {
    /// At least `k` (or all) neighbours of each query.
    pub(crate) neighbors: GroundTruth,
    /// Given, cached or computed.
    pub(crate) origin: Origin,
    /// What the reader of a report should know: a ground truth that does not fit, a damaged or unwritable cache.
    pub(crate) notes: Vec<String>,
}

/// How ground truth was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It came with the data or with `--truth`.
    Given,
    /// A former run computed it.
    Cached,
    /// This run computed it.
    Computed,
}

/// The exact nearest `k` neighbours (or all) of each query by `metric`.
///
/// # Errors
/// [`ErrorKind::Data`] when the data cannot be compared by `metric`, or `--truth` is not the truth about them. What came with the
/// data is computed anew when it does not fit, and the cache never fails a run: both are notes.
pub(crate) fn truth(
    dataset: &Dataset,
    metric: Metric,
    k: usize,
    threads: usize,
    cache: &Cache,
    progress: &dyn Progress,
) -> Result<Truth> {
    comparable(dataset, metric)?;
    let k = k.min(dataset.base.len());
    let mut notes = Vec::new();
    if let Some(given) = &dataset.truth {
        match (given.misfit(dataset, metric, k), &given.file) {
            (None, _) => {
                let neighbors = given.neighbors(dataset, metric);
                return Ok(Truth {
                    neighbors,
                    origin: Origin::Given,
                    notes,
                });
            }
            (Some(misfit), Some(file)) => {
                let remedy = "Leave out --truth to have it computed";
                return Err(Error::new(
                    ErrorKind::Data,
                    format!("{}: {misfit}. {remedy}", file.display()),
                ));
            }
            (Some(misfit), None) => notes.push(format!(
                "the ground truth of {} was not used: {misfit}",
                dataset.name
            )),
        }
    }
    let k = k.max(AT_LEAST).min(dataset.base.len());
    let entry = cache.entry(dataset, metric, k);
    match entry.read() {
        Kept::Whole(neighbors) => {
            return Ok(Truth {
                neighbors,
                origin: Origin::Cached,
                notes,
            });
        }
        Kept::Damaged(note) => notes.push(note),
        Kept::Nothing => {}
    }
    let neighbors = compute(dataset, metric, k, threads, progress)?;
    notes.extend(entry.write(&neighbors).err());
    Ok(Truth {
        neighbors,
        origin: Origin::Computed,
        notes,
    })
}

/// Computes the exact nearest `k` neighbours (or all) of each query by `metric`, whatever is given or kept.
///
/// # Errors
/// [`ErrorKind::Data`] when the data cannot be compared by `metric`.
pub(crate) fn compute(
    dataset: &Dataset,
    metric: Metric,
    k: usize,
    threads: usize,
    progress: &dyn Progress,
) -> Result<GroundTruth> {
    comparable(dataset, metric)?;
    progress.begin("ground truth", dataset.queries.len() as u64);
    let told = |queries| progress.advance(queries as u64);
    vecperf_engines::ground_truth(&dataset.base, &dataset.queries, metric, k, threads, &told)
        .map_err(|error| {
            Error::new(
                ErrorKind::Data,
                format!("{}: no ground truth: {error}", dataset.name),
            )
        })
}

fn comparable(dataset: &Dataset, metric: Metric) -> Result<()> {
    check::comparable(&dataset.base, metric, &dataset.name)?;
    check::comparable(
        &dataset.queries,
        metric,
        &format!("{} (queries)", dataset.name),
    )
}

impl Given {
    /// Why these are not the `k` nearest neighbours of the queries by `metric`; `None` when they seem to be.
    pub(crate) fn misfit(&self, dataset: &Dataset, metric: Metric, k: usize) -> Option<String> {
        let Ids { k: listed, ids } = &self.ids;
        let (queries, base) = (dataset.queries.len(), dataset.base.len());
        if let Some(other) = self.metric.filter(|&other| other != metric) {
            return Some(format!(
                "it is by the metric {}, not {}",
                metric_name(other),
                metric_name(metric)
            ));
        }
        if *listed < k {
            return Some(format!(
                "it lists {listed} neighbours a query, wanted are {k}"
            ));
        }
        if ids.len() != listed * queries {
            return Some(format!(
                "it is about {} queries, there are {queries}",
                ids.len() / listed
            ));
        }
        if let Some(at) = ids.iter().position(|&id| id as usize >= base) {
            let (query, id) = (at / listed, ids[at]);
            return Some(format!(
                "query {query} has neighbour {id}, but there are {base} base vectors"
            ));
        }
        let mut rows = ids.chunks_exact(*listed).map(|ids| &ids[..k]).enumerate();
        let disorder = rows.find_map(|(query, ids)| disorder(dataset, metric, query, ids));
        disorder.or_else(|| {
            let step = queries.div_ceil(SPOT_CHECKS).max(1);
            let mut some = (0..queries).step_by(step);
            some.find_map(|query| nearer(dataset, metric, query, &ids[query * listed..][..k]))
        })
    }

    /// With distances, recomputed in 64-bit floats.
    fn neighbors(&self, dataset: &Dataset, metric: Metric) -> GroundTruth {
        let Ids { k, ids } = &self.ids;
        let rows = dataset.queries.rows().zip(ids.chunks_exact(*k));
        let distances = rows.flat_map(|(query, ids)| {
            ids.iter()
                .map(move |&id| distance(metric, query, dataset.base.row(id as usize)) as f32)
        });
        GroundTruth {
            k: *k,
            ids: ids.clone(),
            distances: distances.collect(),
        }
    }
}

/// Neighbours that are not in the order of their distances.
fn disorder(dataset: &Dataset, metric: Metric, query: usize, ids: &[u32]) -> Option<String> {
    let vector = dataset.queries.row(query);
    let mut last: Option<(u32, f64)> = None;
    for &id in ids {
        let row = dataset.base.row(id as usize);
        let here = distance(metric, vector, row);
        if let Some((before, farther)) =
            last.filter(|last| last.1 > here + forgiven(metric, vector, row))
        {
            return Some(format!(
                "query {query} has neighbour {before} (distance {farther}) before {id} (distance {here}), so it is of other vectors or \
                 another metric than {}",
                metric_name(metric)
            ));
        }
        last = Some((id, here));
    }
    None
}

/// A base vector that is nearer than the last of `ids`, and not among them.
fn nearer(dataset: &Dataset, metric: Metric, query: usize, ids: &[u32]) -> Option<String> {
    let vector = dataset.queries.row(query);
    let last = *ids.last()?;
    let row = dataset.base.row(last as usize);
    let limit = distance(metric, vector, row) - forgiven(metric, vector, row);
    let mut rows = (0..).zip(dataset.base.rows());
    let (id, row) =
        rows.find(|(id, row)| distance(metric, vector, row) < limit && !ids.contains(id))?;
    let here = distance(metric, vector, row);
    Some(format!(
        "query {query} lacks neighbour {id} (distance {here}), which is nearer than {last}, so it is of other vectors"
    ))
}

fn forgiven(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    let size = |vector: &[f32]| {
        vector
            .iter()
            .map(|&value| f64::from(value) * f64::from(value))
            .sum::<f64>()
    };
    let sizes = if metric == Metric::Cosine {
        2.0
    } else {
        size(a) + size(b)
    };
    FORGIVEN * sizes
}

#[cfg(test)]
mod tests;
