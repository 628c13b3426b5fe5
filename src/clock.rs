//! The one place that reads time.

use std::time::Duration;

/// A point on the clock that vecperf measures with; cheap to take, meaningful only within this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(std::time::Instant);

impl Moment {
    /// Now.
    #[inline]
    pub fn now() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time from `earlier` to `self`; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// The time from `self` to now.
    pub fn elapsed(self) -> Duration {
        Self::now().since(self)
    }
}

impl std::ops::Add<Duration> for Moment {
    type Output = Self;
    fn add(self, later: Duration) -> Self {
        Self(self.0 + later)
    }
}
