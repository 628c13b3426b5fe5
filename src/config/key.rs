//! The table of all settings: the one place that knows their names and what each allows. Files, the environment,
//! flags, `vecperf config show` and suggestions all read it.

use super::value::{Rule, Slot, Value};
use super::{OperationThresholds, Settings};

/// One setting of `T`: of all [`Settings`], or of one operation.
pub(super) struct Key<T: 'static> {
    /// `monitoring.sample_rate`; an operation's: `min_recall`.
    pub(super) name: &'static str,
    pub(super) rule: Rule,
    slot: fn(&mut T) -> &mut dyn Slot,
}

/// A day: nobody waits longer for one operation.
const LONGEST_MS: f64 = 86_400_000.0;
const MOST_SAMPLES: u64 = 1_000_000_000_000;
/// A TiB.
const MOST_BYTES: u64 = 1 << 40;
static CPU_BACK_ENDS: [&str; 4] = ["auto", "perf_event", "thread_timer", "ticker"];

#[rustfmt::skip] // One row a line: it is a table.
pub(super) static KEYS: &[Key<Settings>] = &[
    key("monitoring.enabled", Rule::Switch, |s| &mut s.monitoring.enabled),
    // perf_event_open refuses more than the sysctl perf_event_max_sample_rate, which falls under load.
    key("monitoring.sample_rate", whole(1, 10_000), |s| &mut s.monitoring.sample_rate),
    key("monitoring.memory_tracking", Rule::Switch, |s| &mut s.monitoring.memory_tracking),
    key("monitoring.cpu_profiling", Rule::Switch, |s| &mut s.monitoring.cpu_profiling),
    key("monitoring.cpu_back_end", Rule::Choice(&CPU_BACK_ENDS), |s| &mut s.monitoring.cpu_back_end),
    key("monitoring.heap_sample_bytes", whole(0, MOST_BYTES), |s| &mut s.monitoring.heap_sample_bytes),
    key("monitoring.resource_interval_ms", whole(1, 3_600_000), |s| &mut s.monitoring.resource_interval_ms),
    key("monitoring.series_limit", whole(1, 100_000), |s| &mut s.monitoring.series_limit),
    key("monitoring.series_points", whole(2, 1_000_000), |s| &mut s.monitoring.series_points),
    key("thresholds.max_memory_mb", positive(1e9), |s| &mut s.thresholds.max_memory_mb),
    key("thresholds.max_memory_growth_mb_per_hour", positive(1e9), |s| &mut s.thresholds.max_memory_growth_mb_per_hour),
    key("thresholds.max_cpu_percent", positive(100.0), |s| &mut s.thresholds.max_cpu_percent),
    key("thresholds.max_response_time_ms", positive(LONGEST_MS), |s| &mut s.thresholds.max_response_time_ms),
    key("thresholds.max_violation_percent", up_to(100.0), |s| &mut s.thresholds.max_violation_percent),
    key("thresholds.min_samples", whole(1, MOST_SAMPLES), |s| &mut s.thresholds.min_samples),
    key("thresholds.max_error_percent", up_to(100.0), |s| &mut s.thresholds.max_error_percent),
    key("thresholds.min_recall", positive(1.0), |s| &mut s.thresholds.min_recall),
    key("thresholds.max_allocations_per_operation", up_to(1e12), |s| &mut s.thresholds.max_allocations_per_operation),
    key("output.directory", Rule::Directory, |s| &mut s.output.directory),
    key("output.metrics_file", Rule::FileName, |s| &mut s.output.metrics_file),
    key("output.profiling_file", Rule::FileName, |s| &mut s.output.profiling_file),
    key("output.heap_profile_file", Rule::FileName, |s| &mut s.output.heap_profile_file),
    key("output.report_file", Rule::FileName, |s| &mut s.output.report_file),
    key("serve.socket", Rule::Socket, |s| &mut s.serve.socket),
    key("serve.port", whole(1, 65_535), |s| &mut s.serve.port),
    key("flight.minutes", whole(1, 60), |s| &mut s.flight.minutes),
    key("flight.on_breach", Rule::Switch, |s| &mut s.flight.on_breach),
    key("flight.on_signal", Rule::Switch, |s| &mut s.flight.on_signal),
    key("flight.on_panic", Rule::Switch, |s| &mut s.flight.on_panic),
];

/// `[thresholds.operations.NAME]`.
#[rustfmt::skip]
pub(super) static OPERATION_KEYS: &[Key<OperationThresholds>] = &[
    key("max_response_time_ms", positive(LONGEST_MS), |o| &mut o.max_response_time_ms),
    key("max_violation_percent", up_to(100.0), |o| &mut o.max_violation_percent),
    key("min_samples", whole(1, MOST_SAMPLES), |o| &mut o.min_samples),
    key("max_error_percent", up_to(100.0), |o| &mut o.max_error_percent),
    key("min_recall", positive(1.0), |o| &mut o.min_recall),
    key("max_allocations_per_operation", up_to(1e12), |o| &mut o.max_allocations_per_operation),
];

/// What stands before an operation's name and key.
pub(super) const OPERATIONS: &str = "thresholds.operations";

const fn key<T>(name: &'static str, rule: Rule, slot: fn(&mut T) -> &mut dyn Slot) -> Key<T> {
    Key { name, rule, slot }
}

const fn whole(min: u64, max: u64) -> Rule {
    Rule::Whole { min, max }
}

const fn positive(max: f64) -> Rule {
    Rule::Positive { max }
}

const fn up_to(max: f64) -> Rule {
    Rule::UpTo { max }
}

impl<T: Clone> Key<T> {
    pub(super) fn get(&self, of: &T) -> Option<Value> {
        // One accessor serves reading and writing; settings are read once in a while, so the copy costs nothing.
        (self.slot)(&mut of.clone()).get()
    }

    pub(super) fn set(&self, of: &mut T, value: &Value) {
        (self.slot)(of).set(value);
    }
}

/// A setting by its full name: the table's row, and the operation it is about.
pub(super) enum Found {
    General(&'static Key<Settings>),
    Operation(String, &'static Key<OperationThresholds>),
}

impl Found {
    /// In `section` (empty: the top level; `thresholds.operations.NAME` by `operation`) the key `name`.
    pub(super) fn general(section: &str, name: &str) -> Option<Self> {
        let matches = |key: &&Key<Settings>| {
            key.name
                .split_once('.')
                .is_some_and(|path| path == (section, name))
        };
        KEYS.iter().find(matches).map(Self::General)
    }

    pub(super) fn operation(operation: &str, name: &str) -> Option<Self> {
        let key = OPERATION_KEYS.iter().find(|key| key.name == name)?;
        Some(Self::Operation(operation.to_owned(), key))
    }

    /// `thresholds.operations.search.min_recall`.
    pub(super) fn full_name(&self) -> String {
        match self {
            Self::General(key) => key.name.to_owned(),
            Self::Operation(operation, key) => operation_key(operation, key.name),
        }
    }

    pub(super) fn rule(&self) -> Rule {
        match self {
            Self::General(key) => key.rule,
            Self::Operation(_, key) => key.rule,
        }
    }

    pub(super) fn set(&self, settings: &mut Settings, value: &Value) {
        match self {
            Self::General(key) => key.set(settings, value),
            Self::Operation(operation, key) => {
                let operations = &mut settings.thresholds.operations;
                key.set(operations.entry(operation.clone()).or_default(), value);
            }
        }
    }
}

/// The full name of `key` of one operation, its name quoted where TOML wants that.
pub(super) fn operation_key(operation: &str, key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !operation.is_empty() && operation.chars().all(bare) {
        format!("{OPERATIONS}.{operation}.{key}")
    } else {
        format!("{OPERATIONS}.{}.{key}", super::value::quoted(operation))
    }
}

/// The names of the keys in `section`.
pub(super) fn names_in(section: &str) -> impl Iterator<Item = &'static str> {
    let section = section.to_owned();
    KEYS.iter()
        .filter_map(|key| key.name.split_once('.'))
        .filter(move |path| path.0 == section)
        .map(|path| path.1)
}

/// The sections, in the order of the file.
pub(super) const SECTIONS: [&str; 5] = ["monitoring", "thresholds", "output", "serve", "flight"];

/// The candidate that `name` was most likely meant to be: up to a third of its letters may be wrong.
pub(super) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let plain = |name: &str| name.to_lowercase().replace(['-', ' '], "_");
    let name = plain(name);
    let distance = |candidate: &str| strsim::damerau_levenshtein(&name, &plain(candidate));
    candidates
        .into_iter()
        .map(|candidate| (distance(candidate), candidate))
        .min_by_key(|&(distance, _)| distance)
        .filter(|&(distance, candidate)| distance <= (candidate.len() / 3).max(1))
        .map(|(_, candidate)| candidate)
}
