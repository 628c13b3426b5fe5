//! Slow operations, one by one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The receipt of one operation that took longer than its `max_response_time_ms`, or than the 99.9th percentile of its
/// kind until then: of each second at most 20, those that took longest for their kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SlowOperation {
    /// When it ended, seconds from the monitor's start.
    pub ended_seconds: f64,
    /// Which operation.
    pub operation: String,
    /// `ok`, `error` or `cancelled`.
    pub outcome: String,
    /// The innermost phase that it ended in; absent outside of phases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// The thread that it ended on, as the kernel numbers it; 0 where that is not known.
    pub thread: u32,
    /// The label in force when it ended.
    pub label: Option<String>,
    /// How long it took, from its intended start.
    pub latency_seconds: f64,
    /// Of that, on its thread, from its actual start; of a future, in polls. Absent for a duration that was measured
    /// elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_thread_seconds: Option<f64>,
    /// Of its time on threads: on a CPU. Absent where waits cannot be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_cpu_seconds: Option<f64>,
    /// Waiting: for a lock, storage, the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked_seconds: Option<f64>,
    /// Ready to run, and another thread ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preempted_seconds: Option<f64>,
    /// Times that it left the CPU to wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks: Option<u64>,
    /// Page faults; absent where they cannot be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_faults: Option<u64>,
    /// Of these, waits for storage; absent where it was not one of the sample that is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub major_faults: Option<u64>,
    /// Blocks allocated; absent, like the three below, without `vecperf::Allocator` in the program, and where it ended on
    /// another thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocations: Option<u64>,
    /// Bytes asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocated_bytes: Option<u64>,
    /// Bytes allocated less bytes freed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net_bytes: Option<i64>,
    /// The most bytes held at once beyond those at its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_bytes: Option<u64>,
    /// What it added to the first eight work counters of its operation, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub work: BTreeMap<String, u64>,
    /// CPU samples that fell into it, of the last 512 of its thread; absent where it was not seen by a CPU profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<u64>,
    /// Where most of these were: at most three stacks, of the 100 slowest operations. In reports that were made while the
    /// program ran only in captures: reading functions' names takes time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stacks: Vec<SlowStack>,
}

/// A stack that a slow operation was sampled in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SlowStack {
    /// Samples of the operation in it.
    pub samples: u64,
    /// Its innermost functions, at most twelve, from the inside to the outside.
    pub functions: Vec<String>,
}
