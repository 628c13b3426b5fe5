//! The exact neighbours of the queries: given, cached or computed.

use std::path::PathBuf;

use vecperf::{Error, ErrorKind, Result};
use vecperf_engines::{GroundTruth, Metric};

use super::{Dataset, Progress, check};

/// Where computed ground truth is kept between runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cache {
    directory: Option<PathBuf>,
}

impl Cache {
    /// The user's: `$VECPERF_CACHE_DIR`, else `vecperf` in the system's directory for caches.
    pub(crate) fn of_user() -> Self {
        Self { directory: None }
    }

    /// Keeps nothing (`--no-cache`).
    pub(crate) fn off() -> Self {
        Self { directory: None }
    }
}

/// The exact neighbours, and how they were come by.
#[derive(Clone, Debug)]
pub(crate) struct Truth {
    /// At least `k` (or all) neighbours of each query.
    pub(crate) neighbors: GroundTruth,
    /// Given, cached or computed; for the report.
    pub(crate) origin: Origin,
    /// What the reader of a report should know: a damaged or unwritable cache.
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
/// [`ErrorKind::Data`] when the data cannot be compared by `metric`, or the ground truth given is not the data's. The cache
/// never fails a run: its troubles are notes.
pub(crate) fn truth(
    dataset: &Dataset,
    metric: Metric,
    k: usize,
    threads: usize,
    cache: &Cache,
    progress: &dyn Progress,
) -> Result<Truth> {
    check::comparable(&dataset.base, metric, &dataset.name)?;
    check::comparable(&dataset.queries, metric, &dataset.name)?;
    let given = dataset
        .truth
        .as_ref()
        .filter(|truth| dataset.metric == Some(metric) && truth.k >= k.min(dataset.base.len()));
    if let Some(given) = given {
        return Ok(Truth {
            neighbors: given.clone(),
            origin: Origin::Given,
            notes: Vec::new(),
        });
    }
    let _ = &cache.directory;
    progress.begin("ground truth", dataset.queries.len() as u64);
    let computed = vecperf_engines::ground_truth(
        &dataset.base,
        &dataset.queries,
        metric,
        k,
        threads,
        &|queries| {
            progress.advance(queries as u64);
        },
    );
    let neighbors = computed.map_err(|error| {
        Error::new(
            ErrorKind::Data,
            format!("{}: no ground truth: {error}", dataset.name),
        )
    })?;
    Ok(Truth {
        neighbors,
        origin: Origin::Computed,
        notes: Vec::new(),
    })
}
