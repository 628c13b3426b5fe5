//! Stretches of operations on threads: what recording hands to attribution. Plain data, and the joint between the two.

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It ended well.
    Ok,
    /// It returned an error or panicked.
    Error,
    /// It was dropped before it ended.
    Cancelled,
}

impl Outcome {
    /// `Ok` or `Error`, as the result says.
    pub fn of<T, E>(result: &Result<T, E>) -> Self {
        if result.is_ok() {
            Self::Ok
        } else {
            Self::Error
        }
    }
}

/// One stretch of an operation on one thread. Of nested ones the inner one ends, and is handed over, first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// The thread, as the kernel numbers it.
    pub(crate) thread: u32,
    /// CLOCK_MONOTONIC, nanoseconds.
    pub(crate) start_ns: u64,
    /// CLOCK_MONOTONIC, nanoseconds.
    pub(crate) end_ns: u64,
    /// The operation's number, never given to another one; 0 is none's.
    pub(crate) operation: u32,
    /// The label in force on the thread when it ended; 0: none. One number for a text, in the whole process.
    pub(crate) label: u16,
    pub(crate) part: Part,
    /// The operation was slow, and has a receipt with this stamp, unlike that of any other of its thread.
    pub(crate) slow: Option<u64>,
}

/// What of the operation the segment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it. The latency counts from the intended start, where one was given.
    Whole { outcome: Outcome, latency_ns: u64 },
    /// One poll of the future with this number.
    Poll { future: u32 },
    /// Not a stretch of time on this thread: the future with this number ended here, wherever it was polled; from its
    /// first poll (`start_ns`) to its end (`end_ns`).
    End { future: u32, outcome: Outcome },
}

/// What a source could not hand over.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Drained {
    /// Segments overwritten before they were read.
    pub(crate) overrun: u64,
    /// Segments of threads beyond those that have a place to leave them, or of operations beyond 16 million.
    pub(crate) unattributed: u64,
    /// How full the fullest ring was, 0 to 1: the next drain should come before it is full.
    pub(crate) fullest: f32,
}

/// Where segments come from, and what their numbers mean. Implemented by recording, used by attribution.
pub(crate) trait Source: Send + Sync {
    /// From now on threads keep their segments. `false`: another one's do already, one in a process at a time; then
    /// [`Source::drain`] hands over nothing.
    fn begin(&self) -> bool;
    /// Hands over what has ended since the last call, each thread's in the order of their ends.
    fn drain(&self, take: &mut dyn FnMut(Segment)) -> Drained;
    /// Threads keep no segments any longer: an operation costs what it did before.
    fn end(&self);
    /// The operation's name; `None` when it belongs to another monitor.
    fn operation(&self, number: u32) -> Option<String>;
    /// The label's text.
    fn label(&self, number: u16) -> Option<String>;
}
