//! Judging: pure functions from what was observed to verdicts.
//!
//! A response-time threshold is a statement about this run: *of the operations that ended, at most so many percent took
//! longer*. All of them were counted, so the share is a fact and the verdict is pass or fail, as long as there are
//! `min_samples`. Slow operations come in clusters (a page fault, a neighbour on the machine), so a binomial interval
//! would claim to know more about the next run than it does; where even that interval holds the limit, the evidence
//! says that a repetition may come out otherwise. A recall is another matter: the queries are a sample of
//! what users will ask, so its verdict goes by the confidence interval and can be inconclusive. So does that on the growth
//! of memory, which a run of any length shows only a piece of.

mod alarm;
mod growth;
mod judge;
#[cfg(test)]
mod tests;
mod words;

use serde::{Deserialize, Serialize};

use crate::config::{OperationThresholds, Settings};
use crate::snapshot::Snapshot;

pub use alarm::{Alarm, Change};

/// What a threshold came to; in the order of severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Within the limit.
    Pass,
    /// Too little was observed to say.
    NoData,
    /// Observed, but the uncertainty spans the limit.
    Inconclusive,
    /// Over the limit.
    Fail,
}

impl Status {
    /// What these verdicts come to together: the gravest; `None` without any.
    ///
    /// ```
    /// # use vecperf::Status;
    /// assert_eq!(Status::of_all(&[]), None);
    /// ```
    pub fn of_all(verdicts: &[Verdict]) -> Option<Self> {
        verdicts.iter().map(|verdict| verdict.status).max()
    }

    /// The exit code of a gate: 0 pass, 3 fail, 4 inconclusive or no data. (1 is a run-time error, 2 wrong usage.)
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 3,
            Self::NoData | Self::Inconclusive => 4,
        }
    }
}

/// A limit on something observed.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// What is judged.
    pub limit: Limit,
    /// The operation it is about; `None`: the process, or every operation that has no threshold of this kind.
    pub operation: Option<String>,
}

/// What a threshold limits.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Limit {
    /// Anonymous plus swapped memory, MiB, peak over the run.
    MemoryMib(f64),
    /// Growth of anonymous plus swapped memory over the steady phase, MiB an hour.
    MemoryGrowthMibPerHour(f64),
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
    /// At most `max_percent` of at least `min_samples` operations end in an error or panic.
    Errors {
        /// Percent of operations that may.
        max_percent: f64,
        /// Operations needed for a verdict.
        min_samples: u64,
    },
    /// Mean recall@k, 0 to 1.
    Recall(f64),
    /// Mean allocations per operation over the steady phase.
    AllocationsPerOperation(f64),
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
    /// What was observed, in `unit`. Of response times, the quantile that may not exceed the limit: with 1 % of
    /// violations allowed, the 99th percentile.
    pub observed: Option<f64>,
    /// `MiB`, `MiB/h`, `%`, `ms`, or empty for a ratio.
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

/// The thresholds that `settings` ask for: for the process, for every operation, then for those with a section of
/// their own (`[thresholds.operations.NAME]`), which take what they do not set from the general ones.
pub fn thresholds(settings: &Settings) -> Vec<Threshold> {
    let general = &settings.thresholds;
    let mut limits = vec![
        Limit::MemoryMib(general.max_memory_mb),
        Limit::CpuPercent(general.max_cpu_percent),
    ];
    let growth = general.max_memory_growth_mb_per_hour;
    limits.extend(growth.map(Limit::MemoryGrowthMibPerHour));
    limits.extend(of_operation(settings, &OperationThresholds::default()));
    limits.extend(general.min_recall.map(Limit::Recall));
    let general = limits.into_iter().map(|limit| Threshold {
        limit,
        operation: None,
    });
    let named = settings
        .thresholds
        .operations
        .iter()
        .flat_map(|(name, own)| {
            of_operation(settings, own)
                .chain(own.min_recall.map(Limit::Recall))
                .map(|limit| Threshold {
                    limit,
                    operation: Some(name.clone()),
                })
        });
    general.chain(named).collect()
}

/// Response time; errors and allocations where they are limited.
fn of_operation(
    settings: &Settings,
    own: &OperationThresholds,
) -> impl Iterator<Item = Limit> + use<> {
    let general = &settings.thresholds;
    let min_samples = own.min_samples.unwrap_or(general.min_samples);
    let response = Limit::ResponseTime {
        max_ms: own
            .max_response_time_ms
            .unwrap_or(general.max_response_time_ms),
        max_violation_percent: own
            .max_violation_percent
            .unwrap_or(general.max_violation_percent),
        min_samples,
    };
    let errors = own
        .max_error_percent
        .or(general.max_error_percent)
        .map(|max_percent| Limit::Errors {
            max_percent,
            min_samples,
        });
    let allocations = own
        .max_allocations_per_operation
        .or(general.max_allocations_per_operation)
        .map(Limit::AllocationsPerOperation);
    [response].into_iter().chain(errors).chain(allocations)
}

/// Judges `evidence` by each threshold; the failed ones come first, then inconclusive, no data, pass.
///
/// A threshold for every operation gives a verdict for each that ended in the steady phase and has no threshold of
/// that kind of its own. One for a named operation that did not end in the steady phase (`build`) is judged over the
/// whole run, and the evidence says so; if it never ended at all, there is no data.
///
/// ```
/// use std::time::Duration;
/// use vecperf::{Settings, Snapshot, Status, threshold};
///
/// let mut run = Snapshot::default();
/// run.operations.push(Default::default());
/// run.operations[0].name = "search".to_owned();
/// for query in 0..1000 {
///     run.operations[0].ok.record(Duration::from_millis(if query < 3 { 212 } else { 5 }));
/// }
///
/// let evidence = threshold::Evidence { run: &run, steady: &run };
/// let verdicts = threshold::evaluate(evidence, &threshold::thresholds(&Settings::default()));
/// let search = verdicts.iter().find(|verdict| verdict.operation.is_some()).unwrap();
/// assert_eq!(search.status, Status::Pass);
/// assert_eq!(
///     search.evidence,
///     "3 of 1,000 `search` operations (0.3 %) took longer than 100 ms; 1 % may. Slowest: 212 ms."
/// );
/// // Nobody sampled this made-up process.
/// assert_eq!(threshold::overall(&verdicts), Status::NoData);
/// ```
pub fn evaluate(evidence: Evidence<'_>, thresholds: &[Threshold]) -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> = thresholds
        .iter()
        .flat_map(|threshold| judge::judge(evidence, threshold, thresholds))
        .collect();
    verdicts.sort_by_key(|verdict| std::cmp::Reverse(verdict.status));
    verdicts
}

/// What all verdicts come to: the gravest. Without any, nothing was asked for and nothing failed.
pub fn overall(verdicts: &[Verdict]) -> Status {
    verdicts
        .iter()
        .map(|verdict| verdict.status)
        .max()
        .unwrap_or(Status::Pass)
}
