//! Joins samples and switches to operations, by thread and time.
//!
//! A segment arrives when it has ended, an inner one before the outer one around it. So the first segment to arrive
//! that holds a sample's moment is the innermost: samples wait for it, in bounded numbers and for a bounded time.

mod join;
mod waits;

pub(super) use join::{Attribution, Limits};
pub(crate) use waits::Waited;
pub(super) use waits::Waits;

use crate::segment::Outcome;

/// The operation instance that a sample fell into, as far as it is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Instance {
    pub(crate) operation: u32,
    pub(crate) outcome: Outcome,
    /// 0: none.
    pub(crate) label: u16,
    /// How long the instance took in all: the index of its latency in [`crate::histogram`].
    pub(crate) latency_bucket: u16,
}

/// A sample to be joined: when and where, and what was seen (`T`: a stack).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending<T> {
    pub(crate) thread: u32,
    pub(crate) at_ns: u64,
    pub(crate) what: T,
}
