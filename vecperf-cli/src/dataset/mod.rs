//! Data sets: what is searched, with which queries, and what the right answers are.
//!
//! [`load`] turns a [`Source`] (what the flags say) into a [`Dataset`]; [`truth()`] gives its exact neighbours, from the
//! data set, the cache or a computation; a [`RecallJudge`] holds results against them.
//!
//! | file | what it is |
//! |---|---|
//! | `source` | a name, a file, a directory or `synthetic:…` becomes a [`Dataset`] |
//! | `format/` | readers: `.fbin` and kin, `.fvecs` and kin, `.npy`, ann-benchmarks' HDF5 |
//! | `bundled` | the data inside the command |
//! | `directory` | the data that `vecperf dataset prepare` writes |
//! | `synthetic` | clustered Gaussians, the same on every machine |
//! | `check` | values no distance can be computed with |
//! | `truth`, `cache` | the exact neighbours, given, cached or computed |
//! | `recall` | results against the exact neighbours |
//! | `save` | files written old-or-new |

pub(crate) mod bundled;
mod cache;
mod check;
pub(crate) mod directory;
pub(crate) mod format;
mod recall;
pub(crate) mod save;
mod source;
pub(crate) mod synthetic;
mod truth;

use std::sync::Arc;

use vecperf_engines::{Metric, Vectors};

pub(crate) use cache::Cache;
pub(crate) use recall::RecallJudge;
pub(crate) use source::{Source, load};
pub(crate) use truth::{Given, Origin, compute, truth};

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
    /// The neighbours that came with the data or the flags.
    pub(crate) truth: Option<Given>,
    /// What the reader of a report should know: queries that were held out.
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

/// A metric as flags and reports name it.
pub(crate) fn metric_name(metric: Metric) -> &'static str {
    match metric {
        Metric::L2 => "l2",
        Metric::Cosine => "cosine",
        Metric::InnerProduct => "ip",
    }
}

/// The metric of that name.
pub(crate) fn metric_named(name: &str) -> Option<Metric> {
    [Metric::L2, Metric::Cosine, Metric::InnerProduct]
        .into_iter()
        .find(|&metric| metric_name(metric) == name)
}

/// " (did you mean X?)" when a known name is near, else nothing.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let alike = known.map(|known| (strsim::jaro_winkler(name, known), known));
    let best = alike
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|best| best.0 > 0.8);
    best.map(|(_, known)| format!(" (did you mean {known}?)"))
        .unwrap_or_default()
}
