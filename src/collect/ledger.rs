//! What the collector keeps: each reading goes into the timeline, the series and the window of the beat.

use std::sync::Arc;
use std::time::Duration;

use super::beat::Schedule;
use super::series::{COMPONENTS, Named, OPERATIONS, Seen, Series};
use super::timeline::{Mark, Timeline};
use crate::memory::Memory;
use crate::record::Recorder;
use crate::resource::{Probe, Reading, ResourceUse, Window};
use crate::snapshot::SeriesPoint;

/// What a beat saw since the one before it.
#[derive(Clone, Debug)]
pub(crate) struct BeatWindow {
    /// From the monitor's start to this beat.
    pub(crate) to: Duration,
    /// What the process used in between; windows of following beats join.
    pub(crate) used: Window,
}

/// The collector's state; one lock guards it, and nobody's callback runs under that lock.
pub(super) struct Ledger {
    recorder: Arc<Recorder>,
    memory: Memory,
    probe: Box<dyn Probe>,
    timeline: Timeline,
    series: Series,
    schedule: Schedule,
    since_beat: Window,
    last: Duration,
    counts: Vec<Named>,
    sizes: Vec<Named>,
    /// CPU time that marks took on the threads that asked for them.
    pub(super) marks_cpu: Duration,
    pub(super) notes: Vec<String>,
    failed_beats: u64,
}

impl Ledger {
    /// Starts with a first reading at `now`.
    pub(super) fn starting(
        recorder: Arc<Recorder>,
        memory: Memory,
        mut probe: Box<dyn Probe>,
        interval: Duration,
        series_points: usize,
        now: Duration,
    ) -> Self {
        let first = probe.read(now);
        Self {
            recorder,
            memory,
            probe,
            timeline: Timeline::starting(first.clone()),
            series: Series::starting(series_points, first.sample.clone()),
            schedule: Schedule::new(interval, now),
            since_beat: Window::opening(first),
            last: now,
            counts: Vec::with_capacity(OPERATIONS),
            sizes: Vec::new(),
            marks_cpu: Duration::ZERO,
            notes: Vec::new(),
            failed_beats: 0,
        }
    }

    /// When the next beat is due.
    pub(super) fn due(&self) -> Duration {
        self.schedule.due()
    }

    /// The beat at `now`; `end` is taken when it is over, and says which later beats were missed.
    pub(super) fn beat(&mut self, now: Duration, end: impl FnOnce() -> Duration) -> BeatWindow {
        let reading = self.read(now);
        self.series.beat(seen(&reading, &self.counts, &self.sizes));
        self.timeline.take(reading.clone());
        self.since_beat.extend(reading);
        let next = self.since_beat.next();
        let window = std::mem::replace(&mut self.since_beat, next);
        self.schedule.done(end());
        BeatWindow {
            to: self.last,
            used: window,
        }
    }

    /// The beat panicked; noted the first time.
    pub(super) fn beat_failed(&mut self, now: Duration) {
        self.schedule.done(now);
        if self.failed_beats == 0 {
            let at = now.as_secs_f64();
            self.notes.push(format!(
                "reading resources panicked at {at:.1} s: the series has gaps"
            ));
        }
        self.failed_beats += 1;
    }

    /// A reading at `now` that windows can start or end at; gives the moment it counts as.
    pub(super) fn mark(&mut self, now: Duration, mark: Mark) -> Duration {
        let reading = self.read(now);
        self.series
            .gather(seen(&reading, &self.counts, &self.sizes));
        self.since_beat.extend(reading.clone());
        self.timeline.mark(reading, mark);
        self.last
    }

    pub(super) fn between(&self, from: Duration, to: Duration) -> ResourceUse {
        self.timeline.between(from, to)
    }

    pub(super) fn points(&self) -> Vec<SeriesPoint> {
        self.series.points()
    }

    pub(super) fn missed(&self) -> u64 {
        self.schedule.missed()
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.timeline.bytes() + self.series.bytes()
    }

    /// Time never goes back here, whatever the clock does.
    fn read(&mut self, now: Duration) -> Reading {
        self.last = self.last.max(now);
        self.recorder.counts(OPERATIONS, &mut self.counts);
        self.memory.sizes(COMPONENTS, &mut self.sizes);
        self.probe.read(self.last)
    }
}

fn seen<'a>(reading: &'a Reading, counts: &'a [Named], sizes: &'a [Named]) -> Seen<'a> {
    Seen {
        sample: &reading.sample,
        counts,
        sizes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Outcome;
    use crate::resource::scripted::Script;

    fn ledger(memory: impl IntoIterator<Item = u64>) -> Ledger {
        let probe = Box::new(Script::memory(memory));
        Ledger::starting(
            Arc::new(Recorder::new(2000)),
            Memory::default(),
            probe,
            ms(100),
            600,
            Duration::ZERO,
        )
    }

    fn from(window: &BeatWindow) -> Duration {
        Duration::from_secs_f64(window.used.opens_at())
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_phase_peak_between_its_marks_is_found_though_beats_are_elsewhere() {
        let mut ledger = ledger([1, 2, 90, 40, 3]);
        let start = ledger.mark(ms(40), Mark::Phase);
        ledger.beat(ms(100), || ms(101));
        let end = ledger.mark(ms(140), Mark::Phase);
        ledger.beat(ms(200), || ms(201));
        let phase = ledger.between(start, end);
        assert_eq!(
            (phase.peak_anonymous_swapped_bytes, phase.samples),
            (Some(90), 3)
        );
        assert_eq!(
            ledger
                .between(Duration::ZERO, start)
                .peak_anonymous_swapped_bytes,
            Some(2)
        );
    }

    #[test]
    fn a_beat_hands_over_what_happened_since_the_last_one() {
        let mut ledger = ledger([5, 80, 6, 7]);
        ledger.mark(ms(50), Mark::Passing);
        let first = ledger.beat(ms(100), || ms(100));
        assert_eq!(
            (from(&first), first.to, first.used.resources().samples),
            (Duration::ZERO, ms(100), 3)
        );
        assert_eq!(
            first.used.resources().peak_anonymous_swapped_bytes,
            Some(80)
        );
        let second = ledger.beat(ms(200), || ms(200));
        assert_eq!(
            (from(&second), second.to, second.used.resources().samples),
            (ms(100), ms(200), 2)
        );
        assert_eq!(
            second.used.resources().peak_anonymous_swapped_bytes,
            Some(7)
        );
    }

    #[test]
    fn a_clock_that_goes_back_stands_still() {
        let mut ledger = ledger([1]);
        ledger.beat(ms(500), || ms(500));
        assert_eq!(ledger.mark(ms(300), Mark::Phase), ms(500));
        let window = ledger.beat(ms(400), || ms(400));
        assert_eq!((from(&window), window.to), (ms(500), ms(500)));
        assert_eq!(window.used.resources().cpu_percent, None);
        assert!(ledger.due() > ms(500));
    }

    #[test]
    fn the_series_counts_each_operation_of_every_outcome() {
        let recorder = Arc::new(Recorder::new(10));
        let (search, insert) = (recorder.operation("search"), recorder.operation("insert"));
        let probe = Box::new(Script::memory([1]));
        let mut ledger = Ledger::starting(
            Arc::clone(&recorder),
            Memory::default(),
            probe,
            ms(100),
            600,
            Duration::ZERO,
        );
        for outcome in [Outcome::Ok, Outcome::Error, Outcome::Cancelled, Outcome::Ok] {
            search.record(ms(3), outcome);
        }
        ledger.beat(ms(100), || ms(100));
        insert.record(ms(1), Outcome::Ok);
        ledger.beat(ms(200), || ms(200));
        let counts = |point: &SeriesPoint| (point.operations["search"], point.operations["insert"]);
        let points = ledger.points();
        assert!(points[0].operations.is_empty());
        assert_eq!((counts(&points[1]), counts(&points[2])), ((4, 0), (4, 1)));
        let snapshots: Vec<_> = recorder
            .operations()
            .iter()
            .map(|one| one.count())
            .collect();
        assert_eq!(snapshots, [4, 1]);
    }

    #[test]
    fn a_beat_that_ends_late_counts_the_missed_ones() {
        let mut ledger = ledger([1]);
        ledger.beat(ms(100), || ms(730)); // 200 to 700 are missed
        assert_eq!((ledger.missed(), ledger.due()), (6, ms(800)));
    }
}
