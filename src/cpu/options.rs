//! What to record, and how.

/// Whose CPU time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// This process.
    ThisProcess,
    /// The process with this number, and the threads it makes; by perf_event only.
    Process(u32),
}

/// How samples are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BackEnd {
    /// `perf_event_open`: the kernel samples each running thread by a high-resolution timer and copies its stack.
    PerfEvent,
    /// A POSIX timer on each thread's CPU clock; true totals, at most one sample a kernel tick.
    ThreadTimer,
    /// A thread of ours signals the threads that have used CPU time; reaches the rate, at 2 to 4 % of a core.
    Ticker,
}

impl BackEnd {
    /// As the settings and the report write it: `perf_event`, `thread_timer`, `ticker`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PerfEvent => "perf_event",
            Self::ThreadTimer => "thread_timer",
            Self::Ticker => "ticker",
        }
    }
}

/// Which back end to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The best that this machine allows: perf_event, else thread timers.
    #[default]
    Auto,
    /// This one or none.
    Only(BackEnd),
}

/// How to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Samples per second of CPU time of each running thread, 1 to 10,000.
    pub sample_rate: u32,
    /// The back end.
    pub back_end: Choice,
    /// Context switches, for the time that operations wait; perf_event only.
    pub switches: bool,
    /// Page faults, sampled; perf_event only.
    pub faults: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sample_rate: 1000,
            back_end: Choice::Auto,
            switches: true,
            faults: true,
        }
    }
}

#[cfg(target_os = "linux")]
impl Options {
    /// The highest rate: the kernel's shortest period is 10 µs, and what is sampled more often mostly samples itself.
    pub(crate) const MOST_SAMPLES: u32 = 10_000;

    /// Nanoseconds of CPU time between two samples: 0.6 % less than asked for, so that it beats against no period of
    /// the work that is a round number, too.
    pub(crate) fn period_ns(&self) -> u64 {
        (994_000_000 / u64::from(self.sample_rate.clamp(1, Self::MOST_SAMPLES))) | 1
    }
}
