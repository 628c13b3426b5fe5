//! Moments as CLOCK_MONOTONIC: interpolated between anchors, where counter and system clock were read together.
//!
//! One rate for the whole run would not do: the kernel steers its clock, by up to 500 ppm, so that a counter converted
//! by a mean rate strays by tens of microseconds, longer than many operations. Between two anchors a drain apart the
//! error is that of the anchors: a few ten nanoseconds.

use std::collections::VecDeque;

use super::rate::{Point, multiplier_between, to_nanos};
use super::{MULTIPLIER, Moment, NANOSECONDS, Ordering, decided, take_point};

/// Anchors kept. Before them all one rate holds, the mean since the first one.
const ANCHORS: usize = 64;
/// Anchors nearer than this to the last one are left out: the line between would be steep or flat by chance.
const SHORTEST_NANOS: u64 = 1_000_000;

/// From one anchor to the next.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: Point,
    /// Nanoseconds a tick, times 2^32.
    multiplier: u64,
}

/// Converts moments, best those since the anchor before the last one.
#[derive(Debug)]
pub(crate) struct Timeline {
    stretches: VecDeque<Stretch>,
}

impl Timeline {
    /// Anchored now.
    pub(crate) fn new() -> Self {
        drop(decided());
        Self::from(take_point(), MULTIPLIER.load(Ordering::Relaxed))
    }

    fn from(from: Point, multiplier: u64) -> Self {
        Self {
            stretches: VecDeque::from([Stretch { from, multiplier }]),
        }
    }

    /// Drops an anchor now; what was converted before it may have been off by what the rate changed since the last one.
    /// About 1 µs.
    pub(crate) fn anchor(&mut self) {
        self.add(take_point());
    }

    fn add(&mut self, point: Point) {
        let Some(last) = self.stretches.back_mut() else {
            return;
        };
        let near = point.nanos.saturating_sub(last.from.nanos) < SHORTEST_NANOS;
        let Some(multiplier) = multiplier_between(last.from, point).filter(|_| !near) else {
            return;
        };
        last.multiplier = multiplier;
        self.stretches.push_back(Stretch {
            from: point,
            multiplier,
        });
        if self.stretches.len() > ANCHORS {
            self.join_the_oldest();
        }
    }

    /// The first two stretches become one.
    fn join_the_oldest(&mut self) {
        self.stretches.remove(1);
        if let (Some(&first), Some(&next)) = (self.stretches.front(), self.stretches.get(1))
            && let Some(multiplier) = multiplier_between(first.from, next.from)
            && let Some(first) = self.stretches.front_mut()
        {
            first.multiplier = multiplier;
        }
    }

    /// CLOCK_MONOTONIC at `moment`, nanoseconds. Never goes back as moments go on, between two anchors. About 2 ns.
    #[inline]
    pub(crate) fn nanos(&self, moment: Moment) -> u64 {
        if moment.0 & NANOSECONDS != 0 {
            return moment.0 & !NANOSECONDS;
        }
        self.stretch(moment.0)
            .map_or(0, |stretch| stretch.nanos(moment.0))
    }

    /// Most moments lie in the last stretch that has an end.
    #[inline]
    fn stretch(&self, ticks: u64) -> Option<&Stretch> {
        let holds = |stretch: &&Stretch| stretch.from.ticks <= ticks;
        let found = self.stretches.iter().rev().take(2).find(holds);
        found.or_else(|| {
            let after = self.stretches.partition_point(|stretch| holds(&stretch));
            self.stretches.get(after.saturating_sub(1))
        })
    }
}

impl Stretch {
    #[inline]
    fn nanos(&self, ticks: u64) -> u64 {
        let nanos = |ticks| to_nanos(ticks, self.multiplier);
        match ticks.checked_sub(self.from.ticks) {
            Some(later) => self.from.nanos.saturating_add(nanos(later)),
            None => self
                .from
                .nanos
                .saturating_sub(nanos(self.from.ticks - ticks)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::monotonic_nanos;
    use super::*;

    /// A counter of 2.5 ticks a nanosecond.
    fn ticks_at(nanos: f64) -> u64 {
        (nanos * 2.5) as u64
    }

    /// A system clock that is steered: by ± 500 ppm, changing every 0.3 s.
    fn steered(mut nanos: f64) -> f64 {
        let mut steered = 0.0;
        let mut faster = true;
        while nanos > 0.0 {
            let part = nanos.min(3e8);
            steered += part * if faster { 1.0005 } else { 0.9995 };
            faster = !faster;
            nanos -= part;
        }
        steered
    }

    fn point(nanos: f64) -> Point {
        Point {
            ticks: ticks_at(nanos),
            nanos: steered(nanos) as u64,
            width: 50,
        }
    }

    #[test]
    fn a_steered_clock_is_followed() {
        let mut timeline = Timeline::from(point(1e9), (1_u64 << 32) * 2 / 5);
        for drain in 1..1000 {
            let now = 1e9 + f64::from(drain) * 5e7;
            timeline.add(point(now));
            for back in [1e3, 1e6, 2.3e7, 4.9e7] {
                let at = now - back;
                let error = timeline.nanos(Moment(ticks_at(at))) as f64 - steered(at);
                // Where the steering changes inside a stretch, no line can follow: 500 ppm of 50 ms at most.
                assert!(error.abs() < 25_000.0, "{error}");
                let steady = (at % 3e8) > 5e7 && (now % 3e8) > 5e7;
                assert!(!steady || error.abs() < 10.0, "{error} at {at}");
            }
        }
        // Long before the kept anchors: the mean.
        let error = timeline.nanos(Moment(ticks_at(2e9))) as f64 - steered(2e9);
        assert!(error.abs() < 1e6, "{error}");
    }

    #[test]
    fn anchors_are_bounded_and_too_near_ones_left_out() {
        let mut timeline = Timeline::from(point(1e9), (1_u64 << 32) * 2 / 5);
        for anchor in 0..10_000 {
            timeline.add(point(1e9 + f64::from(anchor) * 1e3));
        }
        assert_eq!(timeline.stretches.len(), 10);
        for anchor in 0..10_000 {
            timeline.add(point(2e9 + f64::from(anchor) * 1e7));
        }
        assert_eq!(timeline.stretches.len(), ANCHORS);
    }

    #[test]
    fn a_counter_that_stands_still_or_goes_back_changes_nothing() {
        let mut timeline = Timeline::from(point(1e9), (1_u64 << 32) * 2 / 5);
        for (ticks, nanos) in [(0, 3e9), (ticks_at(1e9), 4e9)] {
            timeline.add(Point {
                ticks,
                nanos: nanos as u64,
                width: 1,
            });
        }
        let error = timeline
            .nanos(Moment(ticks_at(1e9 + 1e6)))
            .abs_diff(steered(1e9) as u64 + 1_000_000);
        assert!(error < 10, "{error}");
    }

    #[test]
    fn moments_lie_where_the_system_clock_says() {
        let mut timeline = Timeline::new();
        let mut taken = Vec::new();
        for _ in 0..5 {
            let before = monotonic_nanos();
            let moment = Moment::now();
            taken.push((before, moment, monotonic_nanos()));
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        timeline.anchor();
        // A machine that stops this one for a moment can make an anchor that wrong, not more.
        let margin = 5_000_000;
        for (before, moment, after) in taken {
            let nanos = timeline.nanos(moment);
            assert!(
                before.saturating_sub(margin) <= nanos && nanos <= after + margin,
                "{before} {nanos} {after}"
            );
        }
        let by_the_system = Moment(NANOSECONDS | 7);
        assert_eq!(timeline.nanos(by_the_system), 7);
    }
}
