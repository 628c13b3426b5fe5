//! What a heap profile reached.

use std::time::Duration;

/// What a recording reached so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Statistics {
    /// Bytes from one sample to the next, on average.
    pub(crate) mean_bytes: u64,
    /// Blocks sampled.
    pub(crate) samples: u64,
    /// Of them, in use.
    pub(crate) live: u64,
    /// Blocks that should have been sampled, for which there was no room.
    pub(crate) lost: u64,
    /// Samples without a stack: too many waited to be read.
    pub(crate) without_stack: u64,
    /// Samples whose stack was longer than what was copied of it.
    pub(crate) truncated: u64,
    /// Samples whose stack could not be followed to its root.
    pub(crate) broken: u64,
    /// Samples whose stack or site had no room.
    pub(crate) others: u64,
    /// Estimates of all that was allocated since the start, and of it in use.
    pub(crate) allocated: Amount,
    pub(crate) in_use: Amount,
    /// CPU time of the thread that reads samples.
    pub(crate) reader_cpu: Duration,
    /// The thread that reads samples failed: the recording ended there.
    pub(crate) failed: bool,
}

/// So many blocks of so many bytes together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
}
