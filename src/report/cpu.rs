//! The CPU profile in the report: how it was taken, how far it can be trusted, and its first functions.

use serde::{Deserialize, Serialize};

/// The CPU profile of the run. The profile itself is the file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CpuProfileReport {
    /// What took the samples: `perf_event`, `thread_timer` or `ticker`.
    pub back_end: String,
    /// Back ends that were tried before it, and why each did not run.
    pub refusals: Vec<BackEndRefusal>,
    /// Samples per second of CPU time that were asked for.
    pub asked_rate: f64,
    /// Samples per second of CPU time that were taken.
    pub achieved_rate: f64,
    /// How long samples were taken.
    pub duration_seconds: f64,
    /// CPU seconds of the process meanwhile, without those of the profiler's own thread.
    pub cpu_seconds: f64,
    /// Samples taken.
    pub samples: u64,
    /// Records that were lost before they could be read.
    pub lost: u64,
    /// Share of samples, 0 to 1, whose stack was longer than what was copied of it: their callers are `[truncated]`.
    pub truncated_share: f64,
    /// Share of samples whose stack could not be followed to its root: their callers are `[broken]`.
    pub broken_share: f64,
    /// Share of frames that lie in no known file.
    pub unknown_frames_share: f64,
    /// Share of samples that fell into an operation.
    pub in_operations_share: f64,
    /// Stretches of operations that were overwritten before they were read; samples in them are outside of any.
    pub operations_overrun: u64,
    /// Whether CPU time in the kernel is sampled.
    pub kernel_sampled: bool,
    /// CPU seconds in the kernel that could not be sampled: `[kernel (not sampled)]` in the profile.
    pub kernel_not_sampled_seconds: f64,
    /// CPU seconds of the profiler's own thread.
    pub drain_cpu_seconds: f64,
    /// Bytes of stack copied with each sample, at last.
    pub stack_bytes: u64,
    /// Seconds that reading function names took, at the end.
    pub symbol_seconds: f64,
    /// The profile's file; absent when none was written.
    pub file: Option<String>,
    /// What the reader should know beyond the figures: threads that were not seen, a costly rate, much time in the kernel.
    pub notes: Vec<String>,
    /// The functions with the most CPU time of their own, at most 20; empty before the run's end.
    pub functions: Vec<FunctionReport>,
}

/// A back end that was tried and did not run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BackEndRefusal {
    /// Its name.
    pub back_end: String,
    /// What was tried and what the system answered.
    pub reason: String,
    /// What to change to get it; empty when nothing helps.
    pub remedy: String,
}

/// A function in the CPU profile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FunctionReport {
    /// Its name.
    pub name: String,
    /// Share of the profile's CPU time, 0 to 1, spent in it.
    pub self_share: f64,
    /// Share of the CPU time spent in it and in what it called.
    pub total_share: f64,
}

/// Where an operation's time went. Seconds are means, and add up: latency = on CPU + blocked + preempted + elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TimeSplitReport {
    /// Of all its instances.
    pub all: TimeSplit,
    /// Of those slower than its p99; absent when there are none.
    pub above_p99: Option<TimeSplit>,
}

/// Where the time of some instances of an operation went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TimeSplit {
    /// Instances, as far as the profiler saw them end.
    pub count: u64,
    /// Mean latency.
    pub latency_seconds: f64,
    /// Of it, on a CPU.
    pub on_cpu_seconds: f64,
    /// Of it, waiting: for a lock, for I/O, asleep.
    pub blocked_seconds: f64,
    /// Of it, ready to run while other threads had the CPUs.
    pub preempted_seconds: f64,
    /// Of it, on no thread: before the start when it was due, or between two polls of a future.
    pub elsewhere_seconds: f64,
    /// Times that it left the CPU to wait, per operation.
    pub blocks: f64,
    /// Page faults per operation, sampled; absent where they cannot be seen.
    pub page_faults: Option<f64>,
}
