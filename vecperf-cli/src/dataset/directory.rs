//! A data set in a directory, as `vecperf dataset prepare` writes it.
//!
//! | file | what it holds |
//! |---|---|
//! | `base.fbin` | the vectors to search |
//! | `queries.fbin` | the queries |
//! | `groundtruth.ibin` | the exact neighbours of each query: rows of the base, nearest first |
//! | `groundtruth_distances.fbin` | their distances; for other tools, not read |
//! | `dataset.json` | [`Card`]: name, metric, where it is from |

use std::path::Path;

use serde::{Deserialize, Serialize};
use vecperf::{Error, ErrorKind, Result};
use vecperf_engines::{GroundTruth, Metric, Vectors};

use super::format::{Ids, Table};
use super::source::Found;
use super::{Given, Progress, Quiet, metric_name, metric_named, save};

const BASE: &str = "base.fbin";
const QUERIES: &str = "queries.fbin";
const TRUTH: &str = "groundtruth.ibin";
const DISTANCES: &str = "groundtruth_distances.fbin";
const CARD: &str = "dataset.json";

/// No card is longer.
const MAX_CARD: u64 = 1 << 16;

/// `dataset.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Card {
    /// The data set's name in reports.
    pub(crate) name: String,
    /// `l2`, `cosine` or `ip`: the metric of the ground truth.
    pub(crate) metric: String,
    /// The file it was made of, and how.
    pub(crate) source: String,
}

impl Card {
    /// A card.
    pub(crate) fn new(name: String, metric: Metric, source: String) -> Self {
        Self {
            name,
            metric: metric_name(metric).to_owned(),
            source,
        }
    }
}

/// True for a directory with base vectors in it.
pub(crate) fn is_one(path: &Path) -> bool {
    path.join(BASE).exists()
}

/// Ground truth as it is read back from what [`save()`] wrote.
pub(crate) fn given(truth: GroundTruth, metric: Metric) -> Given {
    Given {
        ids: Ids {
            k: truth.k,
            ids: truth.ids,
        },
        metric: Some(metric),
        file: None,
    }
}

/// Reads the data set in `path`, or its first `limit` vectors.
pub(super) fn find(path: &Path, limit: Option<usize>, progress: &dyn Progress) -> Result<Found> {
    if !is_one(path) {
        let message = format!(
            "{}: no {BASE} in this directory. Expected is a directory that `vecperf dataset prepare` wrote, or a file of vectors",
            path.display()
        );
        return Err(Error::new(ErrorKind::Data, message));
    }
    let card = card(path)?;
    let mut table = Table::open(&path.join(BASE))?;
    let queries = path.join(QUERIES);
    let truth = path.join(TRUTH);
    Ok(Found {
        name: card
            .as_ref()
            .map_or_else(|| path.display().to_string(), |card| card.0.name.clone()),
        base: table.vectors(0..limit.unwrap_or(usize::MAX), progress)?,
        queries: if queries.exists() {
            Some(Table::open(&queries)?.vectors(0..usize::MAX, &Quiet)?)
        } else {
            None
        },
        metric: card.map(|card| card.1),
        truth: if truth.exists() {
            Some(Table::open(&truth)?.ids()?)
        } else {
            None
        },
        rows: table.rows(),
        notes: Vec::new(),
    })
}

fn card(path: &Path) -> Result<Option<(Card, Metric)>> {
    let path = path.join(CARD);
    let Ok(metadata) = std::fs::metadata(&path) else {
        return Ok(None);
    };
    let wrong = |what: String| {
        let expected = r#"{"name": "…", "metric": "l2, cosine or ip", "source": "…"}"#;
        Error::new(
            ErrorKind::Data,
            format!(
                "{}: {what}. Expected: {expected}. Write it again, or remove it",
                path.display()
            ),
        )
    };
    if metadata.len() > MAX_CARD {
        return Err(wrong(format!("{} bytes long", metadata.len())));
    }
    let text = std::fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
    let card: Card = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let metric =
        metric_named(&card.metric).ok_or_else(|| wrong(format!("metric {:?}", card.metric)))?;
    Ok(Some((card, metric)))
}

/// Writes a data set into `path`, which is made when missing: each file old-or-new, and never new vectors beside an old ground truth.
///
/// # Errors
/// [`ErrorKind::Io`].
pub(crate) fn save(
    path: &Path,
    base: &Vectors,
    queries: &Vectors,
    truth: &GroundTruth,
    card: &Card,
) -> Result<()> {
    let io = |what: &str, error| {
        Error::new(ErrorKind::Io, format!("{}: {what}", path.display())).because(error)
    };
    std::fs::create_dir_all(path).map_err(|error| io("the directory cannot be made", error))?;
    for about_the_old in [CARD, TRUTH, DISTANCES] {
        match std::fs::remove_file(path.join(about_the_old)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(io("the data set that was there cannot be removed", error));
            }
            _ => {}
        }
    }
    save::vectors(&path.join(BASE), base)?;
    save::vectors(&path.join(QUERIES), queries)?;
    save::ids(&path.join(TRUTH), truth.k, &truth.ids)?;
    save::distances(&path.join(DISTANCES), truth.k, &truth.distances)?;
    save::replace(&path.join(CARD), |out| {
        serde_json::to_writer_pretty(&mut *out, card)?;
        out.write_all(b"\n")
    })
}
