//! Settings: typed, defaults in one place, `perf_monitor.toml` is the manual.
//!
//! `key` is the table of all settings and what each allows. `document` and `environment` read it to turn a file
//! and variables into settings; `problem` words what is wrong; `resolved` joins the layers and remembers
//! where each value came from.

mod document;
mod environment;
mod key;
mod names;
mod problem;
mod read;
mod resolved;
mod sockets;
mod source;
mod value;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use key::{KEYS, OPERATION_KEYS};
use problem::Problem;

pub(crate) use names::check_file_name;
pub(crate) use problem::same_file;
pub use resolved::{Origin, Resolved, Setting};
pub use sockets::{SocketPlace, socket_place};
pub use value::Value;

/// Everything that can be set. The defaults are those of the commented `perf_monitor.toml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Settings {
    /// `[monitoring]`
    pub monitoring: Monitoring,
    /// `[thresholds]`
    pub thresholds: Thresholds,
    /// `[output]`
    pub output: Output,
    /// `[serve]`
    #[serde(default)]
    pub serve: Serve,
    /// `[flight]`
    #[serde(default)]
    pub flight: Flight,
}

/// `[monitoring]`: what is watched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Monitoring {
    /// False: no thread, no file, no socket; a timed operation costs one predictable branch.
    pub enabled: bool,
    /// CPU samples per second of CPU time of each running thread.
    pub sample_rate: u32,
    /// Process memory at every beat.
    pub memory_tracking: bool,
    /// The sampling CPU profiler.
    pub cpu_profiling: bool,
    /// How the profiler takes its samples.
    pub cpu_back_end: CpuBackEnd,
    /// Bytes allocated from one sample of the heap profile to the next, on average; 0: no heap profile.
    pub heap_sample_bytes: u64,
    /// Milliseconds between two resource samples.
    pub resource_interval_ms: u64,
    /// Series (operations and gauges) before the overflow series takes the rest.
    pub series_limit: usize,
    /// Points of the time series kept for charts; when full, every second one is dropped.
    pub series_points: usize,
}

/// How the CPU profiler takes its samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CpuBackEnd {
    /// The best that this machine allows.
    #[default]
    Auto,
    /// `perf_event_open`: reaches the rate, sees waits and page faults.
    PerfEvent,
    /// A timer on each thread's CPU clock: true totals, at most one sample a kernel tick.
    ThreadTimer,
    /// Signals to the threads that run: reaches the rate, at 2 to 4 % of a core.
    Ticker,
}

impl CpuBackEnd {
    /// As the settings write them.
    const WORDS: [(Self, &'static str); 4] = [
        (Self::Auto, "auto"),
        (Self::PerfEvent, "perf_event"),
        (Self::ThreadTimer, "thread_timer"),
        (Self::Ticker, "ticker"),
    ];
}

/// `[thresholds]`: what is judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Thresholds {
    /// MiB of anonymous plus swapped memory, peak over the run.
    pub max_memory_mb: f64,
    /// MiB an hour that anonymous plus swapped memory may grow, over the steady phase; absent: not judged.
    pub max_memory_growth_mb_per_hour: Option<f64>,
    /// Percent of the CPUs the process may use, over the steady phase.
    pub max_cpu_percent: f64,
    /// Milliseconds; an operation slower than this is a violation.
    pub max_response_time_ms: f64,
    /// Percent of operations that may be violations.
    pub max_violation_percent: f64,
    /// Operations needed for a verdict.
    pub min_samples: u64,
    /// Percent of operations that may end in an error or panic; absent: not judged.
    pub max_error_percent: Option<f64>,
    /// Mean recall@k, 0 to 1; absent: not judged.
    pub min_recall: Option<f64>,
    /// Mean allocations per operation; absent: not judged.
    pub max_allocations_per_operation: Option<f64>,
    /// `[thresholds.operations.NAME]`: overrides for one operation.
    pub operations: BTreeMap<String, OperationThresholds>,
}

/// `[thresholds.operations.NAME]`; what is absent comes from `[thresholds]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct OperationThresholds {
    /// See [`Thresholds::max_response_time_ms`].
    pub max_response_time_ms: Option<f64>,
    /// See [`Thresholds::max_violation_percent`].
    pub max_violation_percent: Option<f64>,
    /// See [`Thresholds::min_samples`].
    pub min_samples: Option<u64>,
    /// See [`Thresholds::max_error_percent`].
    pub max_error_percent: Option<f64>,
    /// See [`Thresholds::min_recall`].
    pub min_recall: Option<f64>,
    /// See [`Thresholds::max_allocations_per_operation`].
    pub max_allocations_per_operation: Option<f64>,
}

/// `[output]`: where the files go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Output {
    /// The directory, made when missing.
    pub directory: PathBuf,
    /// The report's file name inside it.
    pub metrics_file: String,
    /// The CPU profile's file name inside it.
    pub profiling_file: String,
    /// The heap profile's file name inside it.
    pub heap_profile_file: String,
    /// The report page's file name inside it; absent: no page is written.
    pub report_file: Option<String>,
}

/// `[serve]`: where a running program can be looked at. Nothing is opened unless it is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Serve {
    /// A Unix socket: its path, or `auto` for the well-known place ([`socket_place`]); absent: none.
    pub socket: Option<PathBuf>,
    /// A TCP port of the loopback address; absent: none.
    pub port: Option<u16>,
}

/// `[flight]`: the flight recorder, which keeps the last minutes while it or `[serve]` is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Flight {
    /// Minutes kept.
    pub minutes: u64,
    /// A capture is written when a threshold breaks.
    pub on_breach: bool,
    /// A capture is written when SIGUSR2 comes.
    pub on_signal: bool,
    /// A capture is written when the program panics.
    pub on_panic: bool,
}

impl Default for Flight {
    fn default() -> Self {
        Self {
            minutes: 5,
            on_breach: false,
            on_signal: false,
            on_panic: false,
        }
    }
}

impl Default for Monitoring {
    fn default() -> Self {
        Self {
            enabled: true,
            sample_rate: 1000,
            memory_tracking: true,
            cpu_profiling: true,
            cpu_back_end: CpuBackEnd::Auto,
            heap_sample_bytes: 512 << 10,
            resource_interval_ms: 100,
            series_limit: 2000,
            series_points: 600,
        }
    }
}

impl Thresholds {
    /// The longest that an operation of this name should take.
    pub(crate) fn longest_response(&self, operation: &str) -> Option<Duration> {
        let own = self.operations.get(operation);
        let own = own.and_then(|own| own.max_response_time_ms);
        let ms = own.unwrap_or(self.max_response_time_ms);
        Duration::try_from_secs_f64(ms / 1e3).ok()
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            max_memory_mb: 1024.0,
            max_memory_growth_mb_per_hour: None,
            max_cpu_percent: 80.0,
            max_response_time_ms: 100.0,
            max_violation_percent: 1.0,
            min_samples: 100,
            max_error_percent: None,
            min_recall: None,
            max_allocations_per_operation: None,
            operations: BTreeMap::new(),
        }
    }
}

impl Default for Output {
    fn default() -> Self {
        Self {
            directory: PathBuf::from("data/logs"),
            metrics_file: "performance_metrics.json".to_owned(),
            profiling_file: "profiling_data.prof".to_owned(),
            heap_profile_file: "heap_profile.prof".to_owned(),
            report_file: None,
        }
    }
}

impl Settings {
    /// The settings file that is looked for in the current directory.
    pub const FILE_NAME: &'static str = "perf_monitor.toml";

    /// The commented settings file that `vecperf init` writes: every key, equal to the defaults.
    pub const fn sample() -> &'static str {
        include_str!("../../perf_monitor.toml")
    }

    /// Settings from the text of a TOML file; `file` names it in errors. An empty text gives the defaults.
    ///
    /// ```
    /// let text = "[monitoring]\nsample_rate = -5\nenabeld = true\n";
    /// let error = vecperf::Settings::from_toml(text, "perf_monitor.toml").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "2 settings are wrong:\n  \
    ///      perf_monitor.toml:2:15: `monitoring.sample_rate` is -5; allowed is a whole number from 1 to 10000\n  \
    ///      perf_monitor.toml:3:1: `monitoring.enabeld` is no setting; did you mean `enabled`?"
    /// );
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Settings`](crate::ErrorKind::Settings), with all that is wrong: file, line, column, key, value,
    /// what is allowed and the nearest right key.
    pub fn from_toml(text: &str, file: &str) -> Result<Self> {
        let no_variables: [(String, String); 0] = [];
        Resolved::from_sources(Some((text, file)), no_variables).map(|resolved| resolved.settings)
    }

    /// Settings from a file, then the environment (`VECPERF_THRESHOLDS__MAX_MEMORY_MB=512`).
    ///
    /// # Errors
    /// As [`Settings::from_toml`]; [`ErrorKind::Io`](crate::ErrorKind::Io) when the file cannot be read.
    pub fn load(path: &Path) -> Result<Self> {
        Resolved::load(path).map(|resolved| resolved.settings)
    }

    /// Settings from `perf_monitor.toml` in the current directory where there is one, then the environment.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn discover() -> Result<Self> {
        Resolved::discover().map(|resolved| resolved.settings)
    }

    /// Checks settings that a program made or changed by the rules that a file is checked by.
    ///
    /// # Errors
    /// [`ErrorKind::Settings`](crate::ErrorKind::Settings), with every setting that is not allowed.
    pub fn validate(&self) -> Result<()> {
        let general = KEYS
            .iter()
            .filter_map(|key| Some((key.name.to_owned(), key.rule, key.get(self)?)));
        let operations = self
            .thresholds
            .operations
            .iter()
            .flat_map(|(name, limits)| {
                OPERATION_KEYS.iter().filter_map(move |key| {
                    Some((
                        key::operation_key(name, key.name),
                        key.rule,
                        key.get(limits)?,
                    ))
                })
            });
        let mut problems: Vec<Problem> = general
            .chain(operations)
            .filter_map(|(name, rule, value)| {
                let shown = problem::excerpt(&value.to_string());
                let why = rule.accept(value.into()).err()?;
                Some(problem::wrong_value(&name, &shown, rule, &why))
            })
            .map(|text| Problem {
                at: "settings".to_owned(),
                text,
            })
            .collect();
        if let Some((keys, name)) = self.output.same_file() {
            problems.push(Problem {
                at: "settings".to_owned(),
                text: same_file(keys, name),
            });
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problem::refuse(&problems))
        }
    }

    /// Every setting, as a reader of a report sees it.
    pub(crate) fn entries(&self) -> Vec<Setting> {
        Resolved::of(self.clone()).entries()
    }

    /// 16 hexadecimal digits that change when a setting changes: two reports with the same were made by the same
    /// settings. FNV-1a (64 bits) over the lines of `vecperf config show`; no secret, no protection.
    pub fn fingerprint(&self) -> String {
        let lines = self
            .entries()
            .into_iter()
            .filter_map(|entry| Some(format!("{} = {}\n", entry.key, entry.value?)));
        let hash = lines
            .flat_map(String::into_bytes)
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        format!("{hash:016x}")
    }
}

#[cfg(test)]
mod tests;
