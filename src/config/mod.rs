//! Settings: typed, defaults in one place, `perf_monitor.toml` is the manual.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

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
    /// Process memory at every beat, and allocator counters where `vecperf::Allocator` is installed.
    pub memory_tracking: bool,
    /// The sampling CPU profiler.
    pub cpu_profiling: bool,
    /// Milliseconds between two resource samples.
    pub resource_interval_ms: u64,
    /// Series (operations and gauges) before the overflow series takes the rest.
    pub series_limit: usize,
    /// Points of the time series kept for charts; when full, every second one is dropped.
    pub series_points: usize,
}

/// `[thresholds]`: what is judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Thresholds {
    /// MiB of anonymous plus swapped memory, peak over the run.
    pub max_memory_mb: f64,
    /// Percent of the CPUs the process may use, over the steady phase.
    pub max_cpu_percent: f64,
    /// Milliseconds; an operation slower than this is a violation.
    pub max_response_time_ms: f64,
    /// Percent of operations that may be violations.
    pub max_violation_percent: f64,
    /// Operations needed for a verdict.
    pub min_samples: u64,
    /// Mean recall@k, 0 to 1; absent: not judged.
    pub min_recall: Option<f64>,
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
    /// See [`Thresholds::min_recall`].
    pub min_recall: Option<f64>,
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
}

impl Default for Monitoring {
    fn default() -> Self {
        Self {
            enabled: true,
            sample_rate: 1000,
            memory_tracking: true,
            cpu_profiling: true,
            resource_interval_ms: 100,
            series_limit: 2000,
            series_points: 600,
        }
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            max_memory_mb: 1024.0,
            max_cpu_percent: 80.0,
            max_response_time_ms: 100.0,
            max_violation_percent: 1.0,
            min_samples: 100,
            min_recall: None,
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
        }
    }
}

impl Settings {
    /// Settings from the text of a TOML file; `file` names it in errors.
    ///
    /// # Errors
    /// [`ErrorKind::Settings`], with file, line, column, key, value, what is allowed and the nearest right key.
    pub fn from_toml(text: &str, file: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| {
            Error::new(ErrorKind::Settings, format!("{file}: {error} sample_rate"))
        })
    }

    /// Settings from a file, then the environment (`VECPERF_THRESHOLDS__MAX_MEMORY_MB=512`).
    ///
    /// # Errors
    /// As [`Settings::from_toml`]; [`ErrorKind::Io`] when the file cannot be read.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::new(ErrorKind::Io, format!("{}: cannot be read", path.display())).because(error)
        })?;
        Self::from_toml(&text, &path.display().to_string())
    }
}
