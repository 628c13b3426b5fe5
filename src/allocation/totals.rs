//! The process's sums.

use super::installation::{Installation, installation};
use super::{process, threads};

/// What passed through [`Allocator`](super::Allocator) since the process started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Blocks allocated; a reallocation is one.
    pub allocations: u64,
    /// Blocks freed; a reallocation is one.
    pub deallocations: u64,
    /// Bytes asked for.
    pub allocated_bytes: u64,
    /// Bytes of the blocks freed.
    pub freed_bytes: u64,
    /// Bytes in blocks that are not freed yet.
    pub live_bytes: u64,
    /// The most that were live at once; at most 256 KiB a thread too low.
    pub peak_bytes: u64,
}

/// The sums over all threads, ended ones included; `None` unless [`Allocator`](super::Allocator) is the program's
/// allocator, once ([`installation`]).
///
/// Exact for everything that happened before the call; what other threads do meanwhile may be in it or not. Stops
/// nobody; costs a few ns for each thread alive.
pub fn totals() -> Option<Totals> {
    (installation() == Installation::Once).then(sum)
}

fn sum() -> Totals {
    // Two rounds, what was freed first: a block seen freed was allocated before, and is seen allocated.
    let freed = threads::counted().fold((0_u64, 0_u64), |sum, counted| {
        let (blocks, bytes) = (counted.deallocations, counted.freed_bytes);
        (sum.0.wrapping_add(blocks), sum.1.wrapping_add(bytes))
    });
    let allocated = threads::counted().fold((0_u64, 0_u64), |sum, counted| {
        let (blocks, bytes) = (counted.allocations, counted.allocated_bytes);
        (sum.0.wrapping_add(blocks), sum.1.wrapping_add(bytes))
    });
    let live_bytes = allocated.1.saturating_sub(freed.1);
    Totals {
        allocations: allocated.0,
        deallocations: freed.0,
        allocated_bytes: allocated.1,
        freed_bytes: freed.1,
        live_bytes,
        peak_bytes: process::peak(live_bytes),
    }
}
