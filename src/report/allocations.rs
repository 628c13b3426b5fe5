//! What operations allocated, in the report.

use serde::{Deserialize, Serialize};

use crate::snapshot::AllocationSnapshot;

/// What the operations of a window allocated, on the threads that they ran on. A nested operation's allocations count
/// in each one around it; what is `own` leaves them out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AllocationReport {
    /// Operations counted: those that were timed, and ended on the thread that they started on.
    pub operations: u64,
    /// Blocks that they allocated; a reallocation is one.
    pub allocations: u64,
    /// Bytes that they asked for.
    pub bytes: u64,
    /// Bytes allocated less bytes freed.
    pub net_bytes: i64,
    /// Blocks allocated outside of nested operations.
    pub own_allocations: u64,
    /// Bytes asked for outside of nested operations.
    pub own_bytes: u64,
    /// `allocations` ÷ `operations`.
    pub allocations_per_operation: f64,
    /// `bytes` ÷ `operations`.
    pub bytes_per_operation: f64,
    /// `net_bytes` ÷ `operations`: what each leaves behind.
    pub net_bytes_per_operation: f64,
    /// Blocks of the operation that allocated most often; absent where one before this window allocated as often.
    pub max_allocations: Option<u64>,
    /// Bytes held at once beyond those at the start, of the operation that held most; absent where one before this
    /// window held as much.
    pub max_peak_bytes: Option<u64>,
}

impl AllocationReport {
    /// `snapshot` and its means.
    pub fn from_snapshot(snapshot: &AllocationSnapshot) -> Self {
        let each = |sum: f64| sum / snapshot.operations.max(1) as f64;
        Self {
            operations: snapshot.operations,
            allocations: snapshot.allocations,
            bytes: snapshot.bytes,
            net_bytes: snapshot.net_bytes,
            own_allocations: snapshot.own_allocations,
            own_bytes: snapshot.own_bytes,
            allocations_per_operation: each(snapshot.allocations as f64),
            bytes_per_operation: each(snapshot.bytes as f64),
            net_bytes_per_operation: each(snapshot.net_bytes as f64),
            max_allocations: snapshot.max_allocations,
            max_peak_bytes: snapshot.max_peak_bytes,
        }
    }

    /// The snapshot again.
    pub(super) fn to_snapshot(&self) -> AllocationSnapshot {
        AllocationSnapshot {
            operations: self.operations,
            allocations: self.allocations,
            bytes: self.bytes,
            net_bytes: self.net_bytes,
            own_allocations: self.own_allocations,
            own_bytes: self.own_bytes,
            max_allocations: self.max_allocations,
            max_peak_bytes: self.max_peak_bytes,
        }
    }
}
