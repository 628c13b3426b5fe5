//! What a monitor holds of the collector.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Builder, JoinHandle};
use std::time::Duration;

use super::ledger::Ledger;
use super::thread::{OnBeat, Shared, run};
use super::timeline::Mark;
use crate::clock::{self, Moment};
use crate::memory::Memory;
use crate::record::Recorder;
use crate::resource::{self, Probe, ResourceUse};
use crate::snapshot::SeriesPoint;

/// How long the end of a run waits for a callback that is still busy.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the settings say of the collector.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    /// From one beat to the next.
    pub(crate) interval: Duration,
    /// Points of the time series.
    pub(crate) series_points: usize,
    /// Whether process memory is read.
    pub(crate) memory: bool,
}

/// What collecting cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CollectorCost {
    /// CPU time of the thread, callbacks included, and of the readings that other threads asked for.
    pub(crate) cpu: Duration,
    /// Bytes held.
    pub(crate) bytes: u64,
    /// Beats that were due and did not take place.
    pub(crate) missed_beats: u64,
}

/// Takes a sample at every beat on a thread of its own, until it is stopped or dropped.
///
/// In a child that was forked the thread does not exist and its locks may be held for ever: there, nothing is done
/// and every answer is empty.
pub(crate) struct Collector {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    process: u32,
}

impl Collector {
    /// Takes the first reading and starts the thread. `started` is the monitor's start; `on_beat` is called after
    /// each beat on the collector's thread, under no lock, until it panics.
    ///
    /// Without a thread (the system refuses one) the readings that are asked for still take place, and a note says so.
    pub(crate) fn start(
        recorder: Arc<Recorder>,
        memory: Memory,
        setup: Setup,
        started: Moment,
        on_beat: OnBeat,
    ) -> Self {
        Self::with_probe(
            resource::probe(setup.memory),
            recorder,
            memory,
            setup,
            started,
            on_beat,
        )
    }

    /// As [`Collector::start`], with a probe of the caller's.
    pub(crate) fn with_probe(
        probe: Box<dyn Probe>,
        recorder: Arc<Recorder>,
        memory: Memory,
        setup: Setup,
        started: Moment,
        on_beat: OnBeat,
    ) -> Self {
        let ledger = Ledger::starting(
            recorder,
            memory,
            probe,
            setup.interval,
            setup.series_points,
            started.elapsed(),
        );
        let shared = Arc::new(Shared::new(started, ledger));
        let thread = spawn(Arc::clone(&shared), on_beat);
        if let Err(error) = &thread {
            let note =
                format!("no collector thread ({error}): resources were read at phase edges only");
            shared.ledger().notes.push(note);
        }
        Self {
            shared,
            thread: Mutex::new(thread.ok()),
            process: std::process::id(),
        }
    }

    /// Takes a reading where a phase starts or ends, so that windows can have this edge: 20 to 50 µs on the calling
    /// thread. Gives the moment to ask [`Collector::resources_between`] with.
    pub(crate) fn sample_now(&self) -> Duration {
        self.mark(Mark::Phase)
    }

    /// As [`Collector::sample_now`], for an edge that is asked for soon if ever: a snapshot. In a long run these are
    /// the first to be forgotten.
    pub(crate) fn sample_in_passing(&self) -> Duration {
        self.mark(Mark::Passing)
    }

    fn mark(&self, mark: Mark) -> Duration {
        if self.is_elsewhere() {
            return self.shared.started.elapsed();
        }
        let before = clock::thread_cpu();
        let mut ledger = self.shared.ledger();
        let at = ledger.mark(self.shared.started.elapsed(), mark);
        if let (Some(before), Some(after)) = (before, clock::thread_cpu()) {
            ledger.marks_cpu += after.saturating_sub(before);
        }
        at
    }

    /// What was used between two moments that samples were taken at. Of other moments, the nearest
    /// such one counts.
    pub(crate) fn resources_between(&self, from: Duration, to: Duration) -> ResourceUse {
        self.read(|ledger| ledger.between(from, to))
    }

    /// Resources and operation counts over time.
    pub(crate) fn series(&self) -> Vec<SeriesPoint> {
        self.read(|ledger| ledger.points())
    }

    /// What the reader of the report should know.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.read(|ledger| ledger.notes.clone())
    }

    /// What collecting cost so far.
    pub(crate) fn self_cost(&self) -> CollectorCost {
        let thread = Duration::from_nanos(self.shared.cpu_ns.load(Ordering::Relaxed));
        self.read(|ledger| CollectorCost {
            cpu: thread + ledger.marks_cpu,
            bytes: u64::try_from(ledger.bytes()).unwrap_or(u64::MAX),
            missed_beats: ledger.missed(),
        })
    }

    /// Ends the thread and waits for it. A callback that is still busy after two seconds is left behind, and a
    /// callback that stops its own collector does not wait for itself. What was collected can still be read.
    pub(crate) fn stop(&self) {
        if self.is_elsewhere() {
            return;
        }
        let mut slot = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(handle) = slot.take() else { return };
        if thread::current().id() == handle.thread().id() {
            self.shared.ask_to_end();
        } else if self.shared.end(PATIENCE) {
            // It has said its last word; only its exit is left.
            drop(handle.join());
        } else {
            let note = "a callback on live thresholds did not return within 2 s of the end: it was left behind";
            self.read(|ledger| ledger.notes.push(note.to_owned()));
        }
    }

    /// True in a process that was forked from the one that started this: nothing is collected here, and the files are
    /// the other process's to write.
    pub(crate) fn is_elsewhere(&self) -> bool {
        std::process::id() != self.process
    }

    fn read<T: Default>(&self, ask: impl FnOnce(&mut Ledger) -> T) -> T {
        if self.is_elsewhere() {
            T::default()
        } else {
            ask(&mut self.shared.ledger())
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.stop();
        if self.is_elsewhere() {
            // Even detaching it would touch a thread that does not exist here.
            std::mem::forget(self.thread.get_mut().map(Option::take));
        }
    }
}

impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Collector")
            .field("process", &self.process)
            .finish_non_exhaustive()
    }
}

fn spawn(shared: Arc<Shared>, on_beat: OnBeat) -> io::Result<JoinHandle<()>> {
    Builder::new()
        .name("vecperf-collect".to_owned())
        .spawn(move || run(&shared, on_beat))
}

#[cfg(test)]
#[path = "collector_tests.rs"]
mod tests;
