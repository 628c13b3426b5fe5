//! What a running program tells of itself: its state over the last ten seconds, and the last 15 minutes second by second.
//! Plain data; `docs/live.md` describes the JSON.

mod history;
mod state;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::recall::RecallEstimate;
use crate::report::FunctionReport;
use crate::threshold::Verdict;

pub(crate) use history::History;
pub(crate) use state::{Program, of_window};

/// The layout's version of everything here: fields are added without raising it.
pub const SCHEMA_VERSION: u32 = 1;

/// What a program does now: `GET /state`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The vecperf that watches.
    pub vecperf_version: String,
    /// The program's file name.
    pub program: String,
    /// Its process number.
    pub pid: u32,
    /// When it started being watched, RFC 3339.
    pub started_at: String,
    /// When this was observed, RFC 3339.
    pub now: String,
    /// The same, seconds since the start.
    pub at_seconds: f64,
    /// How many seconds up to then rates, quantiles and verdicts are about: ten, less at the start.
    pub window_seconds: f64,
    /// One entry per operation, in the order of their first use.
    pub operations: Vec<OperationState>,
    /// What the process uses.
    pub process: ProcessState,
    /// Bytes of the process' memory by what they are: what the program's first 16 components told last, and what of regions
    /// is in memory. Those whose figure is doubted are left out.
    pub components: BTreeMap<String, u64>,
    /// The program's gauges.
    pub gauges: BTreeMap<String, f64>,
    /// The thresholds, judged over the window; the gravest first.
    pub verdicts: Vec<Verdict>,
}

/// What one operation does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OperationState {
    /// Its name.
    pub name: String,
    /// Operations ended since the start.
    pub count: u64,
    /// Of them, those that ended in an error or panic.
    pub errors: u64,
    /// Operations ended in the window.
    pub window_count: u64,
    /// Operations ended per second in the window.
    pub rate: f64,
    /// Errors per second in the window.
    pub error_rate: f64,
    /// Median latency in the window; absent when none ended in it.
    pub p50_seconds: Option<f64>,
    /// 99th percentile in the window.
    pub p99_seconds: Option<f64>,
    /// The longest in the window.
    pub max_seconds: Option<f64>,
    /// Recall: as the program stated it, else of the queries judged since the start.
    pub recall: Option<RecallEstimate>,
    /// Allocations per operation in the window; absent where they are not counted.
    pub allocations_per_operation: Option<f64>,
    /// Bytes allocated per operation in the window.
    pub allocated_bytes_per_operation: Option<f64>,
    /// Work counters per operation in the window, by name.
    pub work_per_operation: BTreeMap<String, f64>,
}

/// What the process uses; absent is unknown, never zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProcessState {
    /// Percent of the CPUs that it may use, in the window.
    pub cpu_percent: Option<f64>,
    /// Cores kept busy in the window.
    pub cores_used: Option<f64>,
    /// CPUs that it may use.
    pub cpus_available: Option<f64>,
    /// Bytes of anonymous memory now.
    pub anonymous_bytes: Option<u64>,
    /// Bytes of file-backed memory now.
    pub file_backed_bytes: Option<u64>,
    /// Bytes swapped out now.
    pub swapped_bytes: Option<u64>,
    /// Bytes that may still be taken before the tightest limit.
    pub headroom_bytes: Option<u64>,
    /// Page faults per second in the window that waited for storage.
    pub major_fault_rate: Option<f64>,
    /// Threads alive.
    pub threads: Option<u64>,
    /// CPU seconds of vecperf's own threads since the start, the one that answers included.
    pub own_cpu_seconds: f64,
}

/// The last 15 minutes, second by second: `GET /series`. Columns are of one length: that of `at_seconds`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Series {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The process number: another one is another run.
    pub pid: u32,
    /// When it started being watched, RFC 3339.
    pub started_at: String,
    /// Where each second ends, since the start. A gap is a time in which the program was stopped.
    pub at_seconds: Vec<f64>,
    /// Cores kept busy.
    pub cores_used: Vec<Option<f64>>,
    /// Peak of anonymous plus swapped memory, bytes.
    pub memory_bytes: Vec<Option<u64>>,
    /// The first 32 operations.
    pub operations: Vec<OperationSeries>,
}

/// One operation, second by second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OperationSeries {
    /// Its name.
    pub name: String,
    /// Operations ended.
    pub ended: Vec<u64>,
    /// Of them, those that ended in an error or panic.
    pub errors: Vec<u64>,
    /// Median latency, µs, within 0.55 %; absent when none ended.
    pub p50_micros: Vec<Option<f32>>,
    /// 99th percentile, µs.
    pub p99_micros: Vec<Option<f32>>,
}

/// Where the CPU time goes: `GET /functions`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Functions {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// How many seconds were looked at; absent: all since the start.
    pub seconds: Option<f64>,
    /// CPU time in them.
    pub cpu_seconds: f64,
    /// The functions with the most of it, at most 20.
    pub functions: Vec<FunctionReport>,
}
