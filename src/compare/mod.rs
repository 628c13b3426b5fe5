//! Comparison: what changed from some runs to others, with an interval, and whether that is a regression.
//!
//! ```text
//!  mod.rs        what comes out, and the way through
//!  metric.rs     what is compared, and which way is worse
//!  side.rs       the runs of a side, by setting and operation
//!  estimate.rs   a metric of a run, of all of it and drawn from its blocks
//!  within.rs     how much it varies within the run
//!  spread.rs     how far the difference of two sides may be off
//!  raw.rs        each metric of both sides, before it is judged
//!  judge.rs      two estimates to a judgement
//!  recall.rs     latency at equal recall
//!  functions.rs  which functions explain it
//!  machine.rs    whether the runs can be compared at all
//!  student.rs    quantiles of Student's t
//!  random.rs     the bootstrap's random sequence, always the same
//! ```
//!
//! The intervals of one comparison hold together with 98.5 % (Bonferroni), so one in a hundred comparisons of equals shows a
//! regression at most. `docs/compare.md` has the method and the rates seen.

mod estimate;
mod functions;
mod judge;
mod machine;
mod metric;
mod random;
mod raw;
mod recall;
mod side;
mod spread;
mod student;
#[cfg(test)]
mod tests;
mod within;

use serde::{Deserialize, Serialize};

use crate::report::Report;

pub use functions::{FunctionChange, functions};
pub(crate) use judge::CONFIDENCE;
pub use machine::Fingerprint;
pub use metric::Metric;

/// What a comparison may take for a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// The smallest relative change that matters, 0 to 1: a result is `same` only when the interval lies within it, and a
    /// change counts from a fifth of it on. 0.05 unless told otherwise. Of shares (recall, errors), a fifth of it in
    /// absolute terms: 0.01.
    pub effect: f64,
    /// How often runs that are still added are looked at: intervals of each look are so much wider that they hold together.
    /// 1 unless told otherwise.
    pub looks: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            effect: 0.05,
            looks: 1,
        }
    }
}

/// What a change came to; in the order of severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// Surely better.
    Improved,
    /// Surely no change that matters.
    Same,
    /// The interval holds both a change that matters and none.
    Inconclusive,
    /// Surely worse.
    Regressed,
}

impl Judgement {
    /// Its name in files: `regressed`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Improved => "improved",
            Self::Same => "same",
            Self::Inconclusive => "inconclusive",
            Self::Regressed => "regressed",
        }
    }
}

/// A metric of both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The operation; absent: the process.
    pub operation: Option<String>,
    /// The setting that the runs share, where a side has several; or the recall at which latencies are compared.
    pub setting: Option<String>,
    /// What is compared.
    pub metric: Metric,
    /// The value of the base, in the metric's unit.
    pub base: f64,
    /// The value of the new runs.
    pub new: f64,
    /// The change: relative to the base, or a difference of shares; positive: more.
    pub change: f64,
    /// The lower end of its interval; absent where nothing can be said.
    pub low: Option<f64>,
    /// The upper end of its interval.
    pub high: Option<f64>,
    /// The smallest change for the worse that these runs would have shown, nineteen times in twenty.
    pub visible: Option<f64>,
    /// What it came to.
    pub judgement: Judgement,
    /// Why nothing can be said, or what was assumed.
    pub reason: Option<String>,
}

/// The runs of a side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SideSummary {
    /// Runs.
    pub runs: u64,
    /// When the first of them started, RFC 3339.
    pub started_at: String,
    /// The vecperf that wrote it.
    pub vecperf_version: String,
    /// Its machine.
    pub machine: Fingerprint,
}

/// What changed from the base to the new runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The gravest judgement.
    pub judgement: Judgement,
    /// The base.
    pub base: SideSummary,
    /// The new runs.
    pub new: SideSummary,
    /// The smallest change that matters, as asked.
    pub effect: f64,
    /// Each metric of each operation, the gravest first.
    pub changes: Vec<Change>,
    /// The functions whose CPU time changed most, when profiles were given ([`Comparison::explain`]).
    pub functions: Vec<FunctionChange>,
    /// The operation that they are of; absent where there are none.
    #[serde(default)]
    pub functions_of: Option<String>,
    /// What the reader should know: other machines, other settings, one run a side.
    pub notes: Vec<String>,
}

impl Comparison {
    /// How many changes came to `judgement`.
    pub fn count(&self, judgement: Judgement) -> usize {
        self.changes
            .iter()
            .filter(|it| it.judgement == judgement)
            .count()
    }
}

/// Compares the runs in `base` with those in `new`: the judged phase of each. Pure and repeatable: the same reports give
/// the same comparison. Takes some milliseconds a run and operation.
///
/// Without a run on a side there is nothing to compare: the judgement is inconclusive, with a note.
///
/// ```
/// use vecperf::compare::{Judgement, Options, compare};
///
/// let monitor = vecperf::Monitor::in_memory(vecperf::Settings::default())?;
/// monitor.operation("search").measure(|| ());
/// let report = monitor.report();
/// // One operation says nothing about the next one: that is no pass.
/// let comparison = compare(&[&report], &[&report], Options::default());
/// assert_eq!(comparison.judgement, Judgement::Inconclusive);
/// # Ok::<(), vecperf::Error>(())
/// ```
pub fn compare(base: &[&Report], new: &[&Report], options: Options) -> Comparison {
    let effect = if options.effect.is_finite() && options.effect > 0.0 {
        options.effect
    } else {
        Options::default().effect
    };
    let (base_side, new_side) = (side::Side::new(base), side::Side::new(new));
    let mut notes = machine::notes(base, new);
    let pairs = side::pairs(&base_side, &new_side, &mut notes);
    if pairs.iter().any(side::Pair::is_one_run_a_side) {
        let alone = "one run a side: what differs from run to run (memory layout, frequency, neighbours) cannot be told from a \
                     change; three runs a side can";
        notes.push(alone.to_owned());
    }
    let mut raws: Vec<judge::Raw> = pairs.iter().flat_map(raw::raw).collect();
    raws.extend(recall::at_equal(&base_side, &new_side));
    let judged = raws.len().max(1) * options.looks.max(1) as usize;
    let mut changes: Vec<_> = raws
        .into_iter()
        .map(|raw| raw.judge(effect, judged))
        .collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.judgement));
    if changes.is_empty() {
        notes.push("no operation ended on both sides: there is nothing to compare".to_owned());
    }
    let judgement = changes.iter().map(|it| it.judgement).max();
    Comparison {
        judgement: judgement.unwrap_or(Judgement::Inconclusive),
        base: summary(base),
        new: summary(new),
        effect,
        changes,
        functions: Vec::new(),
        functions_of: None,
        notes,
    }
}

fn summary(reports: &[&Report]) -> SideSummary {
    let first = reports.first();
    SideSummary {
        runs: reports.len() as u64,
        started_at: first.map(|it| it.started_at.clone()).unwrap_or_default(),
        vecperf_version: first
            .map(|it| it.vecperf_version.clone())
            .unwrap_or_default(),
        machine: first.map(|it| Fingerprint::of(it)).unwrap_or_default(),
    }
}
