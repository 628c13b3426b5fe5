//! Windows between marks, so that a phase has its own exact edges and peak however the charts are thinned out.

use std::time::Duration;

use crate::resource::{Reading, ResourceUse, Window};

/// Marks kept. With more, some of the oldest half go, those in passing first: a window that needs one of them gets
/// the nearest one that is left.
const MARKS: usize = 512;

/// How long a mark is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A phase starts or ends here; it is asked for when the report is made.
    Phase,
    /// A snapshot was taken here; it is asked for soon if ever.
    Passing,
}

/// The run as adjoining windows: one for each stretch between two marks, the last one still open.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    /// Each with the mark at its end.
    closed: Vec<(Window, Mark)>,
    open: Window,
}

impl Timeline {
    /// The run that starts at `first`.
    pub(super) fn starting(first: Reading) -> Self {
        Self {
            closed: Vec::new(),
            open: Window::opening(first),
        }
    }

    /// A reading at a beat.
    pub(super) fn take(&mut self, reading: Reading) {
        self.open.extend(reading);
    }

    /// A reading at an edge that windows can have.
    pub(super) fn mark(&mut self, reading: Reading, mark: Mark) {
        self.open.extend(reading);
        let next = self.open.next();
        self.closed
            .push((std::mem::replace(&mut self.open, next), mark));
        if self.closed.len() > MARKS {
            self.forget();
        }
    }

    /// What was used from `from` to `to`: both moments of marks; of other moments, the nearest mark counts. The last
    /// reading of all is an edge too.
    pub(super) fn between(&self, from: Duration, to: Duration) -> ResourceUse {
        let first = self.nearest(from.as_secs_f64());
        let past = self.nearest(to.as_secs_f64());
        let mut stretch = self.windows().skip(first).take(past.saturating_sub(first));
        let Some(mut window) = stretch.next().cloned() else {
            // No window lies between an edge and itself.
            let edge = self.windows().nth(first).map(Window::before);
            return edge.unwrap_or_else(|| self.open.next()).resources();
        };
        stretch.for_each(|next| window.join(next));
        window.resources()
    }

    fn windows(&self) -> impl Iterator<Item = &Window> {
        self.closed
            .iter()
            .map(|closed| &closed.0)
            .chain([&self.open])
    }

    /// The edge nearest to `at`, the earlier of two. Edge `i` is where window `i` opens, the last one where the open
    /// window ends.
    fn nearest(&self, at: f64) -> usize {
        let at = at.min(self.open.ends_at());
        let after = self
            .closed
            .partition_point(|(window, _)| window.ends_at() < at);
        let edges = self
            .windows()
            .map(Window::opens_at)
            .chain([self.open.ends_at()])
            .enumerate();
        let near = edges.skip(after).take(2);
        near.min_by(|one, other| f64::total_cmp(&(one.1 - at).abs(), &(other.1 - at).abs()))
            .map_or(0, |edge| edge.0)
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        (self.closed.capacity() + 1) * size_of::<(Window, Mark)>()
    }

    /// Joins windows of the oldest half: at its marks in passing, or, where there are few, at every second mark.
    fn forget(&mut self) {
        let recent = self.closed.split_off(MARKS / 2);
        let old = std::mem::take(&mut self.closed);
        let few = old
            .iter()
            .filter(|closed| closed.1 == Mark::Passing)
            .count()
            < MARKS / 8;
        let mut forgotten = false;
        for (window, mark) in old {
            match self.closed.last_mut() {
                Some(before) if forgotten => {
                    before.0.join(&window);
                    before.1 = mark;
                }
                _ => self.closed.push((window, mark)),
            }
            forgotten = if few {
                !forgotten
            } else {
                mark == Mark::Passing
            };
        }
        self.closed.extend(recent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::scripted::reading;

    fn at(seconds: f64, anonymous: u64) -> Reading {
        let mut reading = reading(seconds);
        reading.sample.anonymous_bytes = Some(anonymous);
        reading.sample.minor_faults = Some((seconds * 10.0) as u64);
        reading
    }

    fn secs(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// load 1–2 (peak 70 at a beat), build 2–4 (peak 500), search 5–6 (peak 60).
    fn run() -> Timeline {
        let mut timeline = Timeline::starting(at(0.0, 10));
        timeline.mark(at(1.0, 20), Mark::Phase);
        timeline.take(at(1.5, 70));
        timeline.mark(at(2.0, 30), Mark::Phase);
        timeline.take(at(3.0, 500));
        timeline.mark(at(4.0, 50), Mark::Phase);
        timeline.mark(at(5.0, 55), Mark::Phase);
        timeline.take(at(5.5, 60));
        timeline.mark(at(6.0, 40), Mark::Phase);
        timeline.take(at(7.0, 65));
        timeline
    }

    fn peak(from: f64, to: f64) -> u64 {
        run()
            .between(secs(from), secs(to))
            .peak_anonymous_swapped_bytes
            .unwrap()
    }

    #[test]
    fn each_phase_has_its_own_peak_and_edges() {
        assert_eq!(
            [
                peak(1.0, 2.0),
                peak(2.0, 4.0),
                peak(5.0, 6.0),
                peak(1.0, 4.0)
            ],
            [70, 500, 60, 500]
        );
        let search = run().between(secs(5.0), secs(6.0));
        assert_eq!((search.minor_faults, search.samples), (Some(10), 3));
        let whole = run().between(Duration::ZERO, Duration::MAX);
        assert_eq!(
            (whole.minor_faults, whole.peak_anonymous_swapped_bytes),
            (Some(70), Some(500))
        );
    }

    #[test]
    fn of_moments_that_were_not_marked_the_nearest_mark_counts() {
        assert_eq!(
            run().between(secs(2.5), secs(3.5)),
            run().between(secs(2.0), secs(4.0))
        );
        assert_eq!(
            run().between(secs(1.5), secs(3.5)),
            run().between(secs(1.0), secs(4.0))
        );
        // A moment taken right after the mark is as good as the mark.
        assert_eq!(
            run().between(secs(2.001), secs(4.001)),
            run().between(secs(2.0), secs(4.0))
        );
        assert_eq!(
            run().between(secs(6.5), secs(99.0)),
            run().between(secs(6.0), secs(7.0))
        );
    }

    #[test]
    fn an_empty_window_is_empty() {
        let mut timeline = run();
        timeline.mark(at(8.0, 1), Mark::Phase);
        let empty = timeline.between(secs(8.0), secs(8.0));
        assert_eq!((empty.samples, empty.minor_faults), (1, Some(0)));
    }

    #[test]
    fn marks_without_end_stay_bounded_and_the_sums_stay_true() {
        let mut timeline = Timeline::starting(at(0.0, 7));
        for second in 1..10_000u32 {
            timeline.mark(at(f64::from(second), u64::from(second % 1000)), Mark::Phase);
        }
        assert!(
            timeline.closed.len() <= MARKS && timeline.bytes() < 1 << 20,
            "{}",
            timeline.bytes()
        );
        let whole = timeline.between(Duration::ZERO, Duration::MAX);
        assert_eq!(
            (whole.minor_faults, whole.peak_anonymous_swapped_bytes),
            (Some(99_990), Some(999))
        );
        let last = timeline.between(secs(9_998.0), secs(9_999.0));
        assert_eq!(last.minor_faults, Some(10));
    }

    #[test]
    fn a_program_that_takes_snapshots_all_day_keeps_its_phases_exact() {
        let mut timeline = Timeline::starting(at(0.0, 7));
        timeline.mark(at(10.0, 500), Mark::Phase);
        timeline.take(at(11.0, 900));
        timeline.mark(at(12.0, 300), Mark::Phase);
        for second in 13..100_000u32 {
            timeline.mark(at(f64::from(second), 100), Mark::Passing);
        }
        let phase = timeline.between(secs(10.0), secs(12.0));
        assert_eq!(
            (
                phase.minor_faults,
                phase.peak_anonymous_swapped_bytes,
                phase.samples
            ),
            (Some(20), Some(900), 3)
        );
        let after = timeline.between(secs(12.0), secs(99_999.0));
        assert_eq!(after.peak_anonymous_swapped_bytes, Some(300));
        let recent = timeline.between(secs(99_990.0), secs(99_999.0));
        assert_eq!((recent.minor_faults, recent.samples), (Some(90), 10));
    }
}
