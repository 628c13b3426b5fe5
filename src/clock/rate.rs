//! How fast the counter ticks: pure arithmetic on points where counter and system clock were read together.

/// Counter and system clock, read together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) ticks: u64,
    /// The system's clock, nanoseconds.
    pub(super) nanos: u64,
    /// Ticks between the readings around it: how unsure the pairing is.
    pub(super) width: u64,
}

/// The rate between two points; more precise the further they are apart.
#[derive(Debug)]
pub(super) struct Rate {
    base: Point,
    last: Point,
    multiplier: u64,
}

/// Points nearer than this to the last one are not looked at: their uncertainty would hide a drift.
const SHORTEST_NANOS: u64 = 10_000_000;

/// The system's clock is slewed by NTP by at most 500 ppm; twice as much between two points is no slewing.
const DRIFT_PER_MILLION: u64 = 1_000;

impl Rate {
    pub(super) fn between(base: Point, last: Point) -> Result<Self, String> {
        let multiplier = multiplier_between(base, last).ok_or_else(|| {
            format!(
                "the time-stamp counter made {} ticks in {} ns",
                last.ticks.saturating_sub(base.ticks),
                last.nanos.saturating_sub(base.nanos)
            )
        })?;
        Ok(Self {
            base,
            last,
            multiplier,
        })
    }

    pub(super) fn multiplier(&self) -> u64 {
        self.multiplier
    }

    /// Takes `point` into the rate, or says why the counter is not to be trusted any more.
    pub(super) fn refine(&mut self, point: Point) -> Result<(), String> {
        let actual = point.nanos.saturating_sub(self.last.nanos);
        if point.ticks < self.last.ticks {
            return Err("it went back".to_owned());
        }
        if actual < SHORTEST_NANOS
            && to_nanos(point.ticks - self.last.ticks, self.multiplier) < 2 * SHORTEST_NANOS
        {
            return Ok(());
        }
        let expected = to_nanos(point.ticks - self.last.ticks, self.multiplier);
        let deviation = expected.abs_diff(actual);
        if deviation > self.tolerance(actual, point) {
            return Err(format!(
                "it says that {expected} ns passed, CLOCK_MONOTONIC says {actual} ns"
            ));
        }
        *self = Self::between(self.base, point)?;
        Ok(())
    }

    /// How far, over `actual` nanoseconds, counter and system may differ without blame on the counter.
    fn tolerance(&self, actual: u64, point: Point) -> u64 {
        let unsure = |width: u64| u128::from(to_nanos(width, self.multiplier));
        let measured_over = u128::from(self.last.nanos.saturating_sub(self.base.nanos)).max(1);
        let rate_error = (unsure(self.base.width) + unsure(self.last.width)) * u128::from(actual)
            / measured_over;
        let slew = u128::from(actual) * u128::from(DRIFT_PER_MILLION) / 1_000_000;
        let total = slew + rate_error + unsure(self.last.width) + unsure(point.width);
        u64::try_from(total).unwrap_or(u64::MAX)
    }

    /// The system's clock when the counter stood at `ticks`; not before its own zero.
    pub(super) fn system_nanos_at(&self, ticks: u64) -> u64 {
        if ticks >= self.last.ticks {
            self.last
                .nanos
                .saturating_add(to_nanos(ticks - self.last.ticks, self.multiplier))
        } else {
            self.last
                .nanos
                .saturating_sub(to_nanos(self.last.ticks - ticks, self.multiplier))
        }
    }
}

/// Nanoseconds a tick from `base` to `last`, times 2^32; `None` for what no counter does.
pub(super) fn multiplier_between(base: Point, last: Point) -> Option<u64> {
    let ticks = last.ticks.saturating_sub(base.ticks);
    let nanos = last.nanos.saturating_sub(base.nanos);
    // 0.5 to 16 ticks a nanosecond: below, `to_nanos` could overflow; above, no processor is.
    if nanos == 0 || ticks < nanos / 2 || ticks / 16 > nanos {
        return None;
    }
    let multiplier = (u128::from(nanos) << 32).checked_div(u128::from(ticks))?;
    u64::try_from(multiplier).ok()
}

/// Ticks to nanoseconds, rounded down. `multiplier` is nanoseconds a tick times 2^32, at most 2^33; ticks stay below
/// 2^63, so the result fits.
#[inline(always)]
pub(super) fn to_nanos(ticks: u64, multiplier: u64) -> u64 {
    ((u128::from(ticks) * u128::from(multiplier)) >> 32) as u64
}

/// Nanoseconds to ticks, rounded up, so that [`to_nanos`] of the result gives `nanos` back wherever a tick is
/// shorter than a nanosecond.
pub(super) fn to_ticks(nanos: u64, multiplier: u64) -> u64 {
    let ticks = (u128::from(nanos) << 32).div_ceil(u128::from(multiplier.max(1)));
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

pub(super) fn nanos_per_tick(multiplier: u64) -> f64 {
    multiplier as f64 / 2f64.powi(32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A counter of 2.5 ticks a nanosecond that also stands `offset` ticks ahead.
    fn at(nanos: u64, offset: i64) -> Point {
        Point {
            ticks: (1_000_000_000 + nanos * 5 / 2).saturating_add_signed(offset),
            nanos,
            width: 60,
        }
    }

    fn calibrated() -> Rate {
        Rate::between(at(0, 0), at(1_000_000, 50)).unwrap() // 50 ticks of error in a millisecond: 20 ppm
    }

    #[test]
    fn the_rate_converges() {
        let mut rate = calibrated();
        let error = |rate: &Rate| (nanos_per_tick(rate.multiplier) / 0.4 - 1.0).abs();
        assert!(error(&rate) > 10e-6);
        for beat in 1..=100 {
            rate.refine(at(beat * 100_000_000, 50)).unwrap();
        }
        assert!(error(&rate) < 10e-9, "{}", error(&rate));
    }

    #[test]
    fn a_counter_that_goes_back_is_given_up() {
        let reason = calibrated()
            .refine(at(100_000_000, -400_000_000))
            .unwrap_err();
        assert!(reason.contains("went back"), "{reason}");
    }

    #[test]
    fn a_suspended_machine_is_noticed() {
        // The counter ran through an hour of sleep, CLOCK_MONOTONIC did not.
        let reason = calibrated()
            .refine(at(100_000_000, 3600 * 2_500_000_000))
            .unwrap_err();
        assert!(
            reason.contains("CLOCK_MONOTONIC says 99000000 ns"),
            "{reason}"
        );
        // Also when the beat comes right after waking up.
        assert!(
            calibrated()
                .refine(at(1_100_000, 3600 * 2_500_000_000))
                .is_err()
        );
        // A counter that stood still.
        assert!(
            calibrated()
                .refine(at(10_000_000_000, -20_000_000_000))
                .is_err()
        );
    }

    #[test]
    fn slewing_and_wide_points_are_no_drift() {
        let mut rate = calibrated();
        rate.refine(at(1_000_000_000, 2_500_000 / 2)).unwrap(); // 500 ppm
        let mut preempted = at(2_000_000_000, 2_500_000 / 2 + 9_000_000);
        preempted.width = 20_000_000;
        rate.refine(preempted).unwrap();
    }

    #[test]
    fn a_beat_right_after_another_is_skipped() {
        let mut rate = calibrated();
        let before = rate.multiplier();
        rate.refine(at(1_000_100, 90)).unwrap();
        assert_eq!(rate.multiplier(), before);
    }

    #[test]
    fn impossible_rates_are_refused() {
        assert!(Rate::between(at(0, 0), at(0, 0)).is_err());
        assert!(Rate::between(at(1_000, 0), at(0, 0)).is_err());
        let still = Point {
            ticks: 7,
            nanos: 0,
            width: 1,
        };
        assert!(
            Rate::between(
                still,
                Point {
                    nanos: 1_000_000,
                    ..still
                }
            )
            .is_err()
        );
        assert!(
            Rate::between(
                still,
                Point {
                    ticks: u64::MAX,
                    nanos: 1_000_000,
                    width: 0
                }
            )
            .is_err()
        );
    }

    #[test]
    fn nanoseconds_survive_the_way_through_ticks() {
        let multiplier = calibrated().multiplier();
        for nanos in [
            0,
            1,
            2,
            3,
            7,
            999,
            1_000_000_007,
            86_400_000_000_000,
            u64::MAX >> 8,
        ] {
            assert_eq!(to_nanos(to_ticks(nanos, multiplier), multiplier), nanos);
        }
        assert_eq!(to_ticks(1, 0), 1 << 32);
    }

    #[test]
    fn ticks_have_their_place_on_the_system_clock() {
        let rate = calibrated();
        let near = |ticks, nanos: u64| rate.system_nanos_at(ticks).abs_diff(nanos) < 100;
        assert!(near(at(500_000, 0).ticks, 500_000));
        assert!(near(at(2_000_000, 0).ticks, 2_000_000));
        assert_eq!(rate.system_nanos_at(0), 0); // before the clock's zero
    }
}
