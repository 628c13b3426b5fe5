//! Where an operation's time went when it was not on a CPU: blocked, or preempted; and its page faults.

use std::collections::HashMap;

use crate::segment::Segment;

/// What operations of one latency bucket waited for, summed; nested operations count in each that holds them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waited {
    /// Instances that ended.
    pub(crate) instances: u64,
    /// Their time on threads, from start to end; of futures, in polls.
    pub(crate) wall_ns: u64,
    pub(crate) blocked_ns: u64,
    pub(crate) preempted_ns: u64,
    /// Times that it left the CPU to wait.
    pub(crate) blocks: u64,
    pub(crate) faults: u64,
}

/// Joins switches and faults to operations.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    sums: HashMap<(u32, u16), Waited>,
}

impl Waits {
    pub(crate) fn switched_out(&mut self, _thread: u32, _at_ns: u64, _preempted: bool) {}

    pub(crate) fn switched_in(&mut self, _thread: u32, _at_ns: u64) {}

    pub(crate) fn faults(&mut self, _thread: u32, _at_ns: u64, _count: u64) {}

    /// An ended segment; segments of one thread come in the order of their ends.
    pub(crate) fn segment(&mut self, _segment: &Segment) {}

    /// Lets go of what is too old to be inside an operation that is still to end, and of threads that ended.
    pub(crate) fn settle(&mut self, _now_ns: u64) {}

    /// Sums by operation and latency bucket (index in [`crate::histogram`]).
    pub(crate) fn sums(&self) -> &HashMap<(u32, u16), Waited> {
        &self.sums
    }
}
