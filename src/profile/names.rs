//! The value kinds, label keys and cohorts that vecperf writes into a profile, and its commands look for.

/// Value kind: samples taken, in [`COUNT`].
pub const SAMPLES: &str = "samples";
/// Value kind: CPU time, in [`NANOSECONDS`]. Readers show this one unless told otherwise.
pub const CPU: &str = "cpu";
/// Unit.
pub const COUNT: &str = "count";
/// Unit.
pub const NANOSECONDS: &str = "nanoseconds";
/// Unit.
pub const BYTES: &str = "bytes";

/// Value kind of a heap profile: blocks allocated, in [`COUNT`].
pub const ALLOC_OBJECTS: &str = "alloc_objects";
/// Value kind of a heap profile: bytes allocated, in [`BYTES`].
pub const ALLOC_SPACE: &str = "alloc_space";
/// Value kind of a heap profile: of the blocks allocated within an operation, those freed before it ended, or before
/// the poll did, on the same thread.
pub const TEMPORARY_OBJECTS: &str = "temporary_objects";
/// Value kind of a heap profile: their bytes.
pub const TEMPORARY_SPACE: &str = "temporary_space";
/// Value kind of a heap profile: blocks not freed yet.
pub const INUSE_OBJECTS: &str = "inuse_objects";
/// Value kind of a heap profile: their bytes. Readers show this one unless told otherwise.
pub const INUSE_SPACE: &str = "inuse_space";
/// What the period of a heap profile counts, in [`BYTES`].
pub const SPACE: &str = "space";

/// Label key: the operation's name.
pub const OPERATION: &str = "operation";
/// Label key: a set of operations the sample's one belongs to; once for each of them.
pub const COHORT: &str = "cohort";
/// Label key: the phase of the run.
pub const PHASE: &str = "phase";
/// Label key: the thread.
pub const THREAD: &str = "thread";
/// Label key: how the operation ended.
pub const OUTCOME: &str = "outcome";
/// Label key: what the program set (`ef=200`).
pub const LABEL: &str = "label";

/// Cohort: slower than the median of its operation.
pub const ABOVE_P50: &str = "above_p50";
/// Cohort: slower than nine in ten of its operation.
pub const ABOVE_P90: &str = "above_p90";
/// Cohort: slower than 99 in 100 of its operation.
pub const ABOVE_P99: &str = "above_p99";
/// Cohort: slower than `max_response_time_ms` allows.
pub const OVER_MAX_RESPONSE_TIME: &str = "over_max_response_time";
/// Not a cohort's label but its name in [`OperationCounts`](super::OperationCounts): every operation.
pub const ALL: &str = "all";
