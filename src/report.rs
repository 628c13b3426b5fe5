//! The report: everything one run showed, as plain data that is written once and read by every exporter.
//!
//! Here is what it holds; `build` makes it from snapshots, `read` gets it back from a file, `finite` keeps out
//! what JSON has no word for. Times are seconds, sizes bytes, and each name says so.

mod allocations;
mod build;
mod cpu;
mod faults;
mod finite;
mod heap;
mod judge;
mod memory;
mod read;
mod slow;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::Settings;
use crate::recall::RecallEstimate;
use crate::resource::ResourceUse;
use crate::threshold::Verdict;

pub use allocations::AllocationReport;
pub use memory::{ComponentReport, MemoryReport, RegionReport};

pub use cpu::{BackEndRefusal, CpuProfileReport, FunctionReport, TimeSplit, TimeSplitReport};
pub use heap::{HeapProfileReport, HeapSiteReport};

pub use faults::FaultReport;

pub use slow::{SlowOperation, SlowStack};

pub use crate::environment::Environment;
pub use crate::snapshot::{Block, BlockOperation, SeriesPoint};

/// One monitored run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// The layout's version; raised when a reader of the last one would break.
    pub schema_version: u32,
    /// The vecperf that wrote it.
    pub vecperf_version: String,
    /// When the monitor started, RFC 3339, UTC.
    pub started_at: String,
    /// False when the run was interrupted: what was measured until then is here.
    pub complete: bool,
    /// Things the reader should know: files renamed, capabilities missing, an interrupted phase.
    pub notes: Vec<String>,
    /// Thresholds judged, failed ones first.
    pub verdicts: Vec<Verdict>,
    /// What was searched and how; absent when the program did not say.
    pub workload: Option<Workload>,
    /// The whole run.
    pub run: PhaseReport,
    /// Its phases, in order: load, build, warm-up, search, …
    pub phases: Vec<PhaseReport>,
    /// Resources and throughput over time.
    pub series: Vec<SeriesPoint>,
    /// The machine and what could be measured on it.
    pub environment: Environment,
    /// What the process's memory is made of; absent when it was not tracked.
    #[serde(default)]
    pub memory: Option<MemoryReport>,
    /// The CPU profile; absent when none was taken.
    #[serde(default)]
    pub cpu_profile: Option<CpuProfileReport>,
    /// The heap profile; absent when none was taken.
    #[serde(default)]
    pub heap_profile: Option<HeapProfileReport>,
    /// Slow operations one by one, in the order of their ends: of the last 6000 that have a receipt the 1000 that took
    /// longest for their kind.
    #[serde(default)]
    pub slow_operations: Vec<SlowOperation>,
    /// What watching cost.
    pub self_cost: SelfCostReport,
    /// The settings in force.
    pub settings: Settings,
}

/// A window of the run: a phase, or all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PhaseReport {
    /// `run` for the whole run, else the phase's name.
    pub name: String,
    /// True for the phase whose CPU use and response times are judged.
    pub steady: bool,
    /// Seconds from the monitor's start.
    pub start_seconds: f64,
    /// Its length.
    pub duration_seconds: f64,
    /// Each operation that ended in it.
    pub operations: Vec<OperationReport>,
    /// What the process used in it.
    pub resources: ResourceUse,
    /// The gauges at its end; one whose value is not a finite number is left out.
    pub gauges: BTreeMap<String, f64>,
    /// The window cut into at most 32 blocks of time, so that two runs can be compared; only of steady phases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Block>,
}

/// One operation in a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OperationReport {
    /// Its name.
    pub name: String,
    /// Operations that ended, exact.
    pub count: u64,
    /// Of them, ended well.
    pub ok: u64,
    /// Of them, ended in an error or panic.
    pub errors: u64,
    /// Of them, cancelled.
    pub cancelled: u64,
    /// Of them, counted but not timed (1-in-N timing).
    pub untimed: u64,
    /// Operations per second of the window.
    pub per_second: f64,
    /// Latency (from the intended start, where one was given), all outcomes; absent when nothing was timed.
    pub latency: Option<Distribution>,
    /// Latency of those that ended in an error or panic; absent when there were none.
    pub error_latency: Option<Distribution>,
    /// Latency of those that were cancelled; absent when there were none.
    pub cancelled_latency: Option<Distribution>,
    /// Service time (from the actual start); absent unless an intended start was given.
    pub service_time: Option<Distribution>,
    /// Time inside polls; absent unless an instrumented future.
    pub poll_time: Option<Distribution>,
    /// Work counters.
    pub work: Vec<WorkReport>,
    /// Recall of the judged queries.
    pub recall: Option<RecallEstimate>,
    /// Where the time went; absent where waits cannot be seen.
    #[serde(default)]
    pub time_split: Option<TimeSplitReport>,
    /// What they allocated; absent where that was not counted.
    #[serde(default)]
    pub allocations: Option<AllocationReport>,
    /// Which of a sample of them waited for storage; absent where none was looked at.
    #[serde(default)]
    pub faults: Option<FaultReport>,
}

/// A distribution of durations, in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Distribution {
    /// Durations counted.
    pub count: u64,
    /// Arithmetic mean.
    pub mean_seconds: f64,
    /// Median. Quantiles are within 0.55 %.
    pub p50_seconds: f64,
    /// 90th percentile.
    pub p90_seconds: f64,
    /// 99th percentile.
    pub p99_seconds: f64,
    /// 99.9th percentile.
    pub p999_seconds: f64,
    /// The longest.
    pub max_seconds: f64,
    /// Prometheus' native histogram schema of `buckets`: 6, 64 buckets per power of two.
    pub bucket_schema: i32,
    /// (index, count): bucket `i` counts durations in (2^((i-1)/64), 2^(i/64)] seconds.
    pub buckets: Vec<(i32, u64)>,
}

/// A work counter in a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkReport {
    /// The counter's name.
    pub name: String,
    /// The sum.
    pub total: u64,
    /// The sum ÷ operations.
    pub per_operation: f64,
}

/// What was searched and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Workload {
    /// The data set's name or path.
    pub dataset: String,
    /// Vectors in the index.
    pub vectors: u64,
    /// Dimensions of each.
    pub dimensions: u32,
    /// `l2`, `cosine` or `ip`.
    pub metric: String,
    /// Distinct queries.
    pub queries: u64,
    /// Neighbours asked for.
    pub k: u32,
    /// The engine's name.
    pub engine: String,
    /// Its parameters (`m`, `ef_construction`, `ef_search`, …).
    pub parameters: BTreeMap<String, String>,
    /// Search threads.
    pub threads: u32,
    /// `closed loop`, or `open loop` at a rate.
    pub arrival: String,
    /// Operations per second asked for; absent in a closed loop.
    pub rate: Option<f64>,
    /// Open loop: operations that started later than intended.
    pub late: Option<u64>,
    /// Bytes of the index by component.
    pub index_bytes: BTreeMap<String, u64>,
    /// recall@k by distance with ties; `recall` of the search operation repeats it.
    pub recall: Option<RecallEstimate>,
    /// recall@k by id, ties not counted.
    pub id_recall: Option<f64>,
    /// ann-benchmarks' definition: an absolute slack of 1e-3 on the k-th distance, which forgives near misses.
    pub ann_benchmarks_recall: Option<f64>,
    /// What the phase `cold` began with, when the run started with an index that was not in memory.
    #[serde(default)]
    pub cold: Option<ColdStart>,
}

/// A start from a file that was evicted from memory: the latencies of its searches are those of the phase `cold`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ColdStart {
    /// Searches of the phase.
    pub searches: u64,
    /// Bytes of the index file.
    pub file_bytes: u64,
    /// Of them, bytes in memory before the first search: what the system did not evict.
    pub resident_before_bytes: u64,
    /// Of them, bytes in memory after the last one.
    pub resident_after_bytes: Option<u64>,
}

/// What watching cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SelfCostReport {
    /// CPU seconds of vecperf's own threads.
    pub cpu_seconds: f64,
    /// CPU seconds of recording in the program's own threads, at most: timed operations times the cost of an empty one,
    /// measured when the report was made. 0 in a report from before it was measured.
    #[serde(default)]
    pub recording_seconds: f64,
    /// Bytes held by shards, series and the profiler; without the rings of segments, at most 256 KiB a thread.
    pub bytes: u64,
    /// Records that went to the overflow series.
    pub overflowed: u64,
    /// Beats missed because the collector was late.
    pub missed_beats: u64,
    /// Series in use.
    pub series: u64,
}

impl Report {
    /// The layout's version.
    pub const SCHEMA_VERSION: u32 = 1;

    /// The phase that is judged: the first one marked steady, else the whole run.
    pub fn steady(&self) -> &PhaseReport {
        self.phases
            .iter()
            .find(|phase| phase.steady)
            .unwrap_or(&self.run)
    }

    /// The phase that is judged, then the other steady ones, each of another setting.
    pub(crate) fn steady_phases(&self) -> impl Iterator<Item = &PhaseReport> {
        let steady = self.phases.iter().filter(|phase| phase.steady);
        std::iter::once(self.steady()).chain(steady.skip(1))
    }
}
