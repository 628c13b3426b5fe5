//! Slow operations, one by one.

use serde::{Deserialize, Serialize};

/// The receipt of one operation that took longer than its `max_response_time_ms`, or than the 99.9th percentile of its
/// kind until then. At most 50 a second have one. Needs the CPU profile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SlowOperation {
    /// When it ended, seconds from the monitor's start.
    pub ended_seconds: f64,
    /// Which operation.
    pub operation: String,
    /// `ok`, `error` or `cancelled`.
    pub outcome: String,
    /// The thread that it ended on, as the kernel numbers it.
    pub thread: u32,
    /// The label in force when it ended.
    pub label: Option<String>,
    /// How long it took, from its intended start.
    pub latency_seconds: f64,
    /// Of its time on threads: on a CPU. Absent where waits cannot be seen; of futures, in polls.
    pub on_cpu_seconds: Option<f64>,
    /// Waiting: for a lock, storage, the network.
    pub blocked_seconds: Option<f64>,
    /// Ready to run, and another thread ran.
    pub preempted_seconds: Option<f64>,
    /// Times that it left the CPU to wait.
    pub blocks: Option<u64>,
    /// Page faults; absent where they cannot be seen.
    pub page_faults: Option<u64>,
}
