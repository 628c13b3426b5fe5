//! Judging: pure functions from what was observed to verdicts.

use serde::{Deserialize, Serialize};

use crate::config::Settings;
use crate::snapshot::Snapshot;

/// What a threshold came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Within the limit.
    Pass,
    /// Over the limit.
    Fail,
    /// Too little was observed to say.
    NoData,
    /// Observed, but the uncertainty spans the limit.
    Inconclusive,
}

/// A limit on something observed.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// What is judged.
    pub limit: Limit,
    /// The operation it is about; `None`: the process, or every operation.
    pub operation: Option<String>,
}

/// What a threshold limits.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Limit {
    /// Anonymous plus swapped memory, MiB, peak over the run.
    MemoryMib(f64),
    /// CPU use over the steady phase, percent of the available CPUs.
    CpuPercent(f64),
    /// At most `max_violation_percent` of at least `min_samples` operations are slower than this.
    ResponseTime {
        /// Milliseconds.
        max_ms: f64,
        /// Percent of operations that may be slower.
        max_violation_percent: f64,
        /// Operations needed for a verdict.
        min_samples: u64,
    },
    /// Mean recall@k, 0 to 1.
    Recall(f64),
}

/// A threshold's outcome with its evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verdict {
    /// The settings key: `max_response_time_ms`.
    pub threshold: String,
    /// The operation judged; `None`: the process.
    pub operation: Option<String>,
    /// What it came to.
    pub status: Status,
    /// The limit, in `unit`.
    pub limit: f64,
    /// What was observed, in `unit`.
    pub observed: Option<f64>,
    /// `MiB`, `%`, `ms`, or empty for a ratio.
    pub unit: String,
    /// The evidence in plain words.
    pub evidence: String,
}

/// What is judged: the whole run, and its steady phase (the run itself when no phase is marked steady).
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// From the monitor's start.
    pub run: &'a Snapshot,
    /// The phase whose CPU use and response times count.
    pub steady: &'a Snapshot,
}

/// The thresholds that `settings` ask for.
pub fn thresholds(_settings: &Settings) -> Vec<Threshold> {
    Vec::new()
}

/// Judges `evidence` by each threshold.
pub fn evaluate(_evidence: Evidence<'_>, _thresholds: &[Threshold]) -> Vec<Verdict> {
    Vec::new()
}
