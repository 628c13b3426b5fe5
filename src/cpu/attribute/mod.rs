//! Joins samples and switches to operations, by thread and time. Pure: no clock, no system.
//!
//! ```text
//!  join.rs      samples to operation instances     thread.rs   one thread's samples and recent segments
//!  waits.rs     switches and faults to operations  history.rs  one thread's, summed up to any moment
//!  futures.rs   what waits for the end of a future      traces.rs   slow operations one by one
//! ```
//!
//! A segment arrives when it has ended, an inner one before the outer one around it. So the first segment to arrive
//! that holds a moment is the innermost. Samples and segments come by different ways, and either may come first: samples
//! wait for their segment, and segments are kept until all samples in them are known to have come.

mod futures;
mod history;
mod join;
mod numbers;
mod thread;
mod traces;
mod waits;

#[cfg(test)]
mod tests;

#[cfg(test)]
use join::Statistics;
pub(super) use join::{Attribution, Limits};
pub(crate) use traces::{STACKS, Trace};
pub(crate) use waits::Waited;
pub(super) use waits::{Sums, Waits};

use crate::histogram;
use crate::segment::Outcome;

/// The operation instance that a sample fell into, as far as it is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Instance {
    pub(crate) operation: u32,
    /// `None`: a future that had not ended; its latency is that so far.
    pub(crate) outcome: Option<Outcome>,
    /// 0: none.
    pub(crate) label: u16,
    /// How long the instance took in all: the index of its latency in [`crate::histogram`].
    pub(crate) latency_bucket: u16,
}

/// A sample to be joined: when and where, and what was seen (`T`: a stack).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pending<T> {
    pub(crate) thread: u32,
    pub(crate) at_ns: u64,
    pub(crate) what: T,
}

/// The index of a latency in [`crate::histogram`].
fn bucket(latency_ns: u64) -> u16 {
    const { assert!(histogram::BUCKETS <= 1 << 16) };
    histogram::index(latency_ns) as u16
}
