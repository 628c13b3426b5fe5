//! What a recording reached, beside what was asked for.

use std::time::Duration;

use super::options::BackEnd;
use super::refusal::Refusal;

/// What a recording reached, beside what was asked for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Statistics {
    /// What took the samples.
    pub back_end: BackEnd,
    /// Why no better one did.
    pub refusals: Vec<Refusal>,
    /// Samples per second of CPU time that were asked for.
    pub asked_rate: f64,
    /// Samples per second of CPU time that could be sampled; 0 before any was used.
    pub achieved_rate: f64,
    /// The most samples a second that a thread can get; `None`: as many as asked for.
    pub highest_rate: Option<u32>,
    /// How long it has recorded.
    pub duration: Duration,
    /// CPU time of the process meanwhile, without that of the drain thread.
    pub cpu: Duration,
    /// Samples taken.
    pub samples: u64,
    /// Records lost before they could be read.
    pub lost: u64,
    /// Samples whose stack was longer than what was copied of it.
    pub truncated: u64,
    /// Samples whose stack could not be followed to its root.
    pub broken: u64,
    /// Frames of all samples.
    pub frames: u64,
    /// Of them, in no known module.
    pub unknown_frames: u64,
    /// Samples that fell into an operation.
    pub joined: u64,
    /// Stretches of operations that ended and were seen.
    pub segments: u64,
    /// Stretches overwritten before they were read, or of threads without a place to leave them: samples in them count
    /// as outside of any operation.
    pub overrun: u64,
    /// Samples that lost their stack to the bounds of the tables: `[other]`.
    pub others: u64,
    /// CPU time in the kernel is sampled, too.
    pub kernel: bool,
    /// Context switches are seen.
    pub switches: bool,
    /// Page faults are seen.
    pub faults: bool,
    /// CPU time in the kernel that could not be sampled; zero when it is.
    pub kernel_not_sampled: Duration,
    /// CPU time of the drain thread.
    pub drain_cpu: Duration,
    /// Bytes of stack copied with each sample, at last.
    pub stack_bytes: usize,
    /// Bytes held for the recording, about.
    pub bytes: u64,
    /// How long reading symbols took so far.
    pub symbols: Duration,
    /// What a reader should know.
    pub notes: Vec<String>,
}

impl Statistics {
    /// CPU time that could be sampled.
    pub(crate) fn sampleable(&self) -> Duration {
        self.cpu.saturating_sub(self.kernel_not_sampled)
    }

    /// The period achieved, nanoseconds of CPU time a sample; `None` without samples.
    pub fn achieved_period_ns(&self) -> Option<u64> {
        let cpu = u64::try_from(self.sampleable().as_nanos()).unwrap_or(u64::MAX);
        (self.samples > 0 && cpu > 0).then(|| cpu / self.samples)
    }
}
