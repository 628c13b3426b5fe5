//! The one place that reads time.
//!
//! Durations come from the processor's time-stamp counter where it can be trusted ([`tsc`] says when), else from
//! `CLOCK_MONOTONIC`. Two readings of the counter take 19 ns where two of the system's clock take 50. Reading is all
//! the hot path does; the rate that turns ticks into nanoseconds ([`rate`]) is measured at the first use in about a
//! millisecond and refined by [`reanchor`], which also gives the counter up when it no longer agrees with the system.
//! Where moments must meet what others time-stamped, [`Timeline`] places them on CLOCK_MONOTONIC.

mod rate;
mod system;
mod timeline;
#[cfg_attr(
    not(all(target_os = "linux", target_arch = "x86_64", not(miri))),
    path = "no_tsc.rs"
)]
mod tsc;

use std::ops::Add;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use rate::{Point, Rate};

#[cfg(all(target_os = "linux", feature = "cpu"))]
pub(crate) use system::{cpu_nanos_of, kernel_tick_nanos, thread_clock, thread_cpu_nanos};
pub(crate) use system::{monotonic_nanos, thread_cpu};
pub(crate) use timeline::Timeline;

/// A point on the clock that vecperf measures with; cheap to take, meaningful only within this process.
///
/// ```
/// use std::time::Duration;
///
/// let started = vecperf::Moment::now();
/// let due = started + Duration::from_millis(5);
/// assert_eq!(due.since(started), Duration::from_millis(5));
/// assert_eq!(started.since(due), Duration::ZERO); // never negative
/// ```
// Raw ticks of the counter, or, with the top bit set, nanoseconds of CLOCK_MONOTONIC. The counter needs
// a century to reach that bit, and a process changes from ticks to nanoseconds at most once: moments stay ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

const NANOSECONDS: u64 = 1 << 63;

/// How time is read: not decided yet, by the counter, by the system.
static SOURCE: AtomicU8 = AtomicU8::new(UNDECIDED);
const UNDECIDED: u8 = 0;
const COUNTER: u8 = 1;
const SYSTEM: u8 = 2;

/// Nanoseconds a tick, times 2^32; a copy of the rate's for the hot path.
static MULTIPLIER: AtomicU64 = AtomicU64::new(0);

/// What only the cold paths look at.
static CLOCK: Mutex<Clock> = Mutex::new(Clock {
    rate: None,
    words: String::new(),
});
/// CLOCK_MONOTONIC when the choice was made.
static DECIDED_AT: AtomicU64 = AtomicU64::new(0);

struct Clock {
    /// Kept after the counter was given up, for the moments taken before.
    rate: Option<Rate>,
    words: String,
}

impl Moment {
    /// Now. Costs one reading of the counter (about 10 ns), or of the system's clock (about 25 ns).
    #[inline(always)]
    pub fn now() -> Self {
        if SOURCE.load(Ordering::Relaxed) == COUNTER {
            Self(tsc::read())
        } else {
            Self::now_by_system()
        }
    }

    #[inline(never)]
    fn now_by_system() -> Self {
        if SOURCE.load(Ordering::Relaxed) == UNDECIDED {
            drop(decided());
            return Self::now();
        }
        Self(NANOSECONDS | monotonic_nanos())
    }

    /// The time from `earlier` to `self`; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos_since(earlier))
    }

    /// The time from `self` to now.
    pub fn elapsed(self) -> Duration {
        Duration::from_nanos(Self::now().nanos_after(self))
    }

    /// [`Moment::since`] in nanoseconds.
    #[inline(always)]
    pub(crate) fn nanos_since(self, earlier: Self) -> u64 {
        if (self.0 | earlier.0) & NANOSECONDS == 0 {
            return rate::to_nanos(
                self.0.saturating_sub(earlier.0),
                MULTIPLIER.load(Ordering::Relaxed),
            );
        }
        self.by_system().saturating_sub(earlier.by_system())
    }

    /// Nanoseconds from `start` to `self`, where `self` has just been taken. A counter that a suspended or migrated
    /// machine set forward cannot make an operation longer than the process has been measuring.
    #[inline(always)]
    pub(crate) fn nanos_after(self, start: Self) -> u64 {
        let nanos = self.nanos_since(start);
        if nanos < CHECKED_FROM {
            nanos
        } else {
            nanos.min(longest_possible())
        }
    }

    /// [`Moment::nanos_after`] where a multiplication gives it: both by the counter, and less than a second apart.
    #[inline(always)]
    pub(crate) fn nanos_at_once(self, start: Self) -> Option<u64> {
        let ticks = self.0.wrapping_sub(start.0);
        // The multiplier is at most 2^33. A start by the system's clock is before no moment by the counter.
        if self.0 & NANOSECONDS != 0 || ticks >= 1 << 31 {
            return None;
        }
        let nanos = ticks.wrapping_mul(MULTIPLIER.load(Ordering::Relaxed)) >> 32;
        (nanos < CHECKED_FROM).then_some(nanos)
    }

    /// For a cell that holds a moment; [`Moment::from_bits`] gives it back.
    #[inline(always)]
    pub(crate) fn to_bits(self) -> u64 {
        self.0
    }

    #[inline(always)]
    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// CLOCK_MONOTONIC, nanoseconds.
    #[cold]
    fn by_system(self) -> u64 {
        if self.0 & NANOSECONDS != 0 {
            return self.0 & !NANOSECONDS;
        }
        clock()
            .rate
            .as_ref()
            .map_or(0, |rate| rate.system_nanos_at(self.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    /// The moment `later`; stops at the clock's end, centuries away.
    fn add(self, later: Duration) -> Self {
        let nanos = u64::try_from(later.as_nanos()).unwrap_or(u64::MAX);
        let units = match self.0 & NANOSECONDS {
            0 => rate::to_ticks(nanos, MULTIPLIER.load(Ordering::Relaxed)),
            _ => nanos,
        };
        let end = (self.0 & !NANOSECONDS)
            .saturating_add(units)
            .min(NANOSECONDS - 1);
        Self(self.0 & NANOSECONDS | end)
    }
}

/// Shorter durations are taken as measured; from here on the system's clock has a say, at no visible cost.
const CHECKED_FROM: u64 = 1_000_000_000;

#[cold]
fn longest_possible() -> u64 {
    monotonic_nanos().saturating_sub(DECIDED_AT.load(Ordering::Relaxed))
}

/// Measures the counter's rate anew, over all the time that passed, and stops using the counter when the kernel or
/// the system's clock no longer vouch for it. The collector calls it at each beat: the kernel's word is in a file, and
/// asking the processor leaves a virtual machine.
pub(crate) fn reanchor() {
    if SOURCE.load(Ordering::Relaxed) == COUNTER {
        anchor(tsc::trusted());
    }
}

/// As [`reanchor`], on the kernel's last word: about 2 µs, for who comes often.
#[cfg_attr(
    not(all(feature = "cpu", target_os = "linux")),
    allow(dead_code, reason = "the CPU profiler comes often")
)]
pub(crate) fn refine() {
    if SOURCE.load(Ordering::Relaxed) == COUNTER {
        anchor(Ok(()));
    }
}

fn anchor(trusted: Result<(), String>) {
    let mut clock = clock();
    let verdict = trusted.and_then(|()| {
        let rate = clock.rate.as_mut().ok_or("no rate was measured")?;
        rate.refine(take_point()).map(|()| rate.multiplier())
    });
    match verdict {
        Ok(multiplier) => {
            MULTIPLIER.store(multiplier, Ordering::Relaxed);
        }
        Err(reason) => {
            clock.words =
                format!("monotonic: the time-stamp counter was given up during the run: {reason}");
            SOURCE.store(SYSTEM, Ordering::Relaxed);
        }
    }
}

/// Which clock measures, and why: `tsc: …` or `monotonic: …`. The first call decides, in about a millisecond.
pub(crate) fn description() -> String {
    let clock = decided();
    match &clock.rate {
        Some(rate) if SOURCE.load(Ordering::Relaxed) == COUNTER => in_words(rate.multiplier()),
        _ => clock.words.clone(),
    }
}

/// The date and time, for the report's head; never for durations.
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

fn clock() -> MutexGuard<'static, Clock> {
    CLOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The clock, after the choice between counter and system was made; here it is made once.
#[cold]
fn decided() -> MutexGuard<'static, Clock> {
    let mut clock = clock();
    if SOURCE.load(Ordering::Relaxed) == UNDECIDED {
        DECIDED_AT.store(monotonic_nanos(), Ordering::Relaxed);
        match tsc::trusted().and_then(|()| calibrate()) {
            Ok(rate) => {
                MULTIPLIER.store(rate.multiplier(), Ordering::Relaxed);
                clock.rate = Some(rate);
                // Whoever sees the choice sees the rate: on x86 stores are not reordered, and a reader of a stale
                // zero would merely see a duration of zero.
                SOURCE.store(COUNTER, Ordering::Release);
            }
            Err(reason) => {
                clock.words = format!("monotonic: {reason}");
                SOURCE.store(SYSTEM, Ordering::Release);
            }
        }
    }
    clock
}

/// Two points a millisecond apart.
fn calibrate() -> Result<Rate, String> {
    let first = take_point();
    std::thread::sleep(Duration::from_millis(1));
    Rate::between(first, take_point())
}

/// Counter and system clock read at the same time: the narrowest of several tries.
fn take_point() -> Point {
    let attempt = || {
        let before = tsc::read();
        let nanos = monotonic_nanos();
        let width = tsc::read().saturating_sub(before);
        Point {
            ticks: before.saturating_add(width / 2),
            nanos,
            width,
        }
    };
    let first = attempt();
    (0..15).map(|_| attempt()).fold(first, |best, point| {
        if point.width < best.width {
            point
        } else {
            best
        }
    })
}

fn in_words(multiplier: u64) -> String {
    let megahertz = 1e3 / rate::nanos_per_tick(multiplier);
    format!("tsc: invariant time-stamp counter at {megahertz:.1} MHz, and the kernel's clocksource")
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn moments_advance_with_the_system_clock() {
        let (moment, instant) = (Moment::now(), Instant::now());
        while instant.elapsed() < Duration::from_millis(3) {
            std::hint::spin_loop();
        }
        reanchor();
        let (ours, theirs) = (moment.elapsed(), instant.elapsed());
        // Ours was started first and is read first; a preempted test only makes `theirs` longer.
        assert!(
            ours >= Duration::from_millis(3) - Duration::from_micros(30),
            "{ours:?}"
        );
        assert!(
            ours <= theirs + theirs / 10 + Duration::from_millis(1),
            "{ours:?} {theirs:?}"
        );
    }

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        let now = Moment::now();
        assert!(now + Duration::MAX > now);
        assert_eq!(now.since(now + Duration::from_secs(1)), Duration::ZERO);
        assert_eq!(
            (now + Duration::from_secs(7)).since(now),
            Duration::from_secs(7)
        );
    }

    #[test]
    fn a_counter_set_forward_cannot_outlast_the_process() {
        let start = Moment::now();
        let after_the_jump = start + Duration::from_secs(1_000_000);
        let nanos = Duration::from_nanos(after_the_jump.nanos_after(start));
        assert!(nanos < Duration::from_secs(100_000), "{nanos:?}");
        // Moments that were computed, not taken, are differenced as they are.
        assert_eq!(after_the_jump.since(start), Duration::from_secs(1_000_000));
    }

    #[test]
    fn the_short_way_agrees_with_the_long_one_or_declines() {
        let start = Moment::now();
        for nanos in [0, 1, 19, 50_000, 400_000_000, 2_000_000_000] {
            let end = start + Duration::from_nanos(nanos);
            let short = end.nanos_at_once(start);
            let by_the_counter = start.0 & NANOSECONDS == 0;
            assert_eq!(short.is_some(), by_the_counter && nanos < CHECKED_FROM);
            assert!(short.is_none_or(|short| short == end.nanos_since(start)));
        }
        assert_eq!(start.nanos_at_once(start + Duration::from_secs(1)), None);
        let by_the_system = Moment(NANOSECONDS | monotonic_nanos());
        assert_eq!(by_the_system.nanos_at_once(by_the_system), None);
    }

    #[test]
    fn a_counter_set_back_gives_zero() {
        let late = Moment::now() + Duration::from_secs(3600);
        assert_eq!(Moment::now().nanos_after(late), 0);
    }

    #[test]
    fn moments_of_both_kinds_compare_after_the_counter_was_given_up() {
        let before = Moment::now();
        let after = Moment(NANOSECONDS | monotonic_nanos());
        assert!(after > before || before.0 & NANOSECONDS != 0);
        let gap = after.since(before);
        assert!(gap < Duration::from_secs(60), "{gap:?}");
        assert_eq!(
            before.since(after + Duration::from_secs(90)),
            Duration::ZERO
        );
    }

    #[test]
    fn the_choice_is_explained() {
        let words = description();
        assert!(
            words.starts_with("tsc: ") || words.starts_with("monotonic: "),
            "{words}"
        );
        assert_eq!(
            words.starts_with("tsc: "),
            Moment::now().0 & NANOSECONDS == 0
        );
    }
}
