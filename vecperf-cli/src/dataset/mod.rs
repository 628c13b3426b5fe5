//! Data sets: what is searched, with which queries, and what the right answers are.
//!
//! [`load`] turns a [`Source`] (what the flags say) into a [`Dataset`]; [`truth`] gives its exact neighbours, from the
//! data set, the cache or a computation; a [`RecallJudge`] holds results against them.
//!
//! | file | what it is |
//! |---|---|
//! | `source` | a name, a file, a directory or `synthetic:…` becomes a [`Dataset`] |
//! | `format/` | readers: `.fbin` and kin, `.fvecs` and kin, `.npy`, ann-benchmarks' HDF5 |
//! | `bundled` | the data inside the command |
//! | `synthetic` | clustered Gaussians, the same on every machine |
//! | `check` | values no distance can be computed with |
//! | `truth`, `cache` | the exact neighbours, given, cached or computed |
//! | `recall` | results against the exact neighbours |

mod bundled;
mod check;
mod recall;
mod source;
mod truth;

use std::sync::Arc;

use vecperf_engines::{GroundTruth, Metric, Vectors};

pub(crate) use recall::{Judged, RecallJudge};
pub(crate) use source::{Source, load};
pub(crate) use truth::{Cache, truth};

/// Vectors to search, queries to search them with, and what is known about them.
#[derive(Clone, Debug)]
pub(crate) struct Dataset {
    /// The bundled name, the file, or the synthetic data's parameters.
    pub(crate) name: String,
    /// The vectors that are searched.
    pub(crate) base: Arc<Vectors>,
    /// The query set; same dimensions as `base`, never empty.
    pub(crate) queries: Arc<Vectors>,
    /// The metric the data was made for, where it says so.
    pub(crate) metric: Option<Metric>,
    /// The exact neighbours by `metric` that came with the data.
    pub(crate) truth: Option<GroundTruth>,
    /// What the reader of a report should know: queries held out, a ground truth that does not fit.
    pub(crate) notes: Vec<String>,
}

/// Is told how far a long step has come.
pub(crate) trait Progress: Sync {
    /// A step of `total` parts begins; the last one, if any, is over.
    fn begin(&self, step: &str, total: u64);
    /// `parts` more are done. Called from any thread.
    fn advance(&self, parts: u64);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _: &str, _: u64) {}
    fn advance(&self, _: u64) {}
}
