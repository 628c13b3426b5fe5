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

    /// What was reached since `earlier`; what is no count is as it is now.
    #[must_use]
    pub(crate) fn since(mut self, earlier: &Self) -> Self {
        let counts = [
            (&mut self.samples, earlier.samples),
            (&mut self.lost, earlier.lost),
            (&mut self.truncated, earlier.truncated),
            (&mut self.broken, earlier.broken),
            (&mut self.frames, earlier.frames),
            (&mut self.unknown_frames, earlier.unknown_frames),
            (&mut self.joined, earlier.joined),
            (&mut self.segments, earlier.segments),
            (&mut self.overrun, earlier.overrun),
            (&mut self.others, earlier.others),
        ];
        for (now, before) in counts {
            *now = now.saturating_sub(before);
        }
        let times = [
            (&mut self.duration, earlier.duration),
            (&mut self.cpu, earlier.cpu),
            (&mut self.kernel_not_sampled, earlier.kernel_not_sampled),
            (&mut self.drain_cpu, earlier.drain_cpu),
        ];
        for (now, before) in times {
            *now = now.saturating_sub(before);
        }
        self.rate()
    }

    /// With the rate that follows from the rest.
    pub(crate) fn rate(mut self) -> Self {
        let seconds = self.sampleable().as_secs_f64();
        self.achieved_rate = if seconds > 0.0 {
            self.samples as f64 / seconds
        } else {
            0.0
        };
        self
    }

    /// The period achieved, nanoseconds of CPU time a sample; `None` without samples.
    pub fn achieved_period_ns(&self) -> Option<u64> {
        let cpu = u64::try_from(self.sampleable().as_nanos()).unwrap_or(u64::MAX);
        (self.samples > 0 && cpu > 0).then(|| cpu / self.samples)
    }
}
