//! When the next beat is due. Beats lie at whole multiples of the interval from the monitor's start, so they
//! never drift; a beat that comes late skips those it missed and counts them.

use std::time::Duration;

/// The beats still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    interval_ns: u128,
    next: u128,
    missed: u64,
}

impl Schedule {
    /// A beat every `interval` (at least a millisecond), the first one `interval` after the start, or at the first
    /// multiple after `now`.
    pub(super) fn new(interval: Duration, now: Duration) -> Self {
        let interval_ns = interval.as_nanos().max(1_000_000);
        Self {
            interval_ns,
            next: now.as_nanos() / interval_ns + 1,
            missed: 0,
        }
    }

    /// When the next beat is due.
    pub(super) fn due(&self) -> Duration {
        let ns = self.next.saturating_mul(self.interval_ns);
        Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX))
    }

    /// The beat that was due ends at `now`; those that would lie before `now` are missed.
    pub(super) fn done(&mut self, now: Duration) {
        let next = (now.as_nanos() / self.interval_ns + 1).max(self.next + 1);
        self.missed += u64::try_from(next - self.next - 1).unwrap_or(u64::MAX);
        self.next = next;
    }

    /// Beats that were due and did not take place.
    pub(super) fn missed(&self) -> u64 {
        self.missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn late_beats_do_not_move_the_later_ones() {
        let mut schedule = Schedule::new(100 * MS, Duration::ZERO);
        for beat in 1..=1000 {
            assert_eq!(schedule.due(), beat * 100 * MS);
            schedule.done(schedule.due() + 37 * MS);
        }
        assert_eq!(schedule.missed(), 0);
    }

    #[test]
    fn missed_beats_are_counted_and_not_made_up_for() {
        let mut schedule = Schedule::new(100 * MS, Duration::ZERO);
        schedule.done(450 * MS); // the beat at 100 ended at 450: 200, 300 and 400 are missed
        assert_eq!((schedule.due(), schedule.missed()), (500 * MS, 3));
        schedule.done(Duration::from_secs(3600)); // a suspended machine
        assert_eq!(
            (schedule.due(), schedule.missed()),
            (Duration::from_millis(3_600_100), 3 + 35_995)
        );
    }

    #[test]
    fn a_clock_that_goes_back_gives_no_beat_twice() {
        let mut schedule = Schedule::new(100 * MS, Duration::ZERO);
        schedule.done(Duration::ZERO);
        assert_eq!((schedule.due(), schedule.missed()), (200 * MS, 0));
    }

    #[test]
    fn extremes_do_not_overflow() {
        let mut schedule = Schedule::new(Duration::ZERO, Duration::MAX);
        assert!(schedule.due() >= Duration::from_secs(1 << 33));
        schedule.done(Duration::MAX);
        assert_eq!(
            Schedule::new(Duration::MAX, Duration::ZERO).due(),
            Duration::from_nanos(u64::MAX)
        );
    }
}
