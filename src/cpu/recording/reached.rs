//! Statistics computed: rates, and differences of two moments.

use crate::cpu::statistics::Statistics;

impl Statistics {
    /// What was reached since `earlier`; what is no count is as it is now.
    #[must_use]
    pub(super) fn since(mut self, earlier: &Self) -> Self {
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
    pub(super) fn rate(mut self) -> Self {
        let seconds = self.sampleable().as_secs_f64();
        self.achieved_rate = if seconds > 0.0 {
            self.samples as f64 / seconds
        } else {
            0.0
        };
        self
    }
}
