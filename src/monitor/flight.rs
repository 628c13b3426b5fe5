//! The flight recorder: the last minutes, written as a report when somebody asks, a threshold breaks, SIGUSR2 comes or
//! the program panics.

mod budget;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak, mpsc};
use std::time::Duration;

use super::assemble::Names;
use super::{Monitor, Watch};
use crate::clock;
use crate::collect::OPERATIONS;
use crate::config::Flight as Asked;
use crate::export::{Exporter, Json};
use crate::report::{PhaseReport, Report};
use crate::resource::ResourceSample;
use crate::snapshot::{OperationSnapshot, SeriesPoint, Snapshot};

use budget::{Budget, Cause, Leave};

/// From one cumulative snapshot that is kept to the next, in seconds.
const BETWEEN_MARKS: u64 = 15;
/// Bytes of the snapshots kept, about; the oldest go.
const MOST_BYTES: usize = 48 << 20;
/// How long a panic waits for its capture.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is kept of the last minutes, and when it is written.
#[derive(Default)]
pub(super) struct Flight {
    asked: Asked,
    /// Set once the monitor stands: captures need all of it.
    watch: OnceLock<Weak<Watch>>,
    kept: Mutex<Kept>,
    budget: Mutex<Budget>,
}

#[derive(Default)]
struct Kept {
    points: VecDeque<SeriesPoint>,
    /// Everything since the start, at moments of the last minutes, with its size.
    marks: VecDeque<(Snapshot, usize)>,
}

impl Flight {
    pub(super) fn new(asked: &Asked) -> Self {
        Self {
            asked: asked.clone(),
            ..Self::default()
        }
    }

    /// Whether the settings want captures by themselves.
    pub(super) fn is_asked_for(&self) -> bool {
        self.asked.on_breach || self.asked.on_signal || self.asked.on_panic
    }

    pub(super) fn belongs_to(&self, watch: &Arc<Watch>) {
        _ = self.watch.set(Arc::downgrade(watch));
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a second: everything since the start at its end, the last reading of resources, and the memory's parts.
    pub(super) fn keep(
        &self,
        run: &Snapshot,
        last: Option<ResourceSample>,
        components: &BTreeMap<String, u64>,
    ) {
        let oldest = run
            .to
            .saturating_sub(Duration::from_secs(60 * self.asked.minutes));
        let mut kept = self.kept();
        let counts = run.operations.iter().take(OPERATIONS);
        let operations: BTreeMap<String, u64> = counts
            .map(|operation| (operation.name.clone(), operation.count()))
            .collect();
        if let Some(resources) = last {
            kept.points.push_back(SeriesPoint {
                resources,
                operations,
                components: components.clone(),
            });
        }
        let is_old = |point: &SeriesPoint| point.resources.at_seconds < oldest.as_secs_f64();
        while kept.points.front().is_some_and(is_old) {
            kept.points.pop_front();
        }
        let due = kept.marks.back().is_none_or(|(mark, _)| {
            run.to.saturating_sub(mark.to) >= Duration::from_secs(BETWEEN_MARKS)
        });
        if due {
            kept.marks.push_back((run.clone(), bytes(run)));
        }
        // The second one is old enough to begin with, or there is no room.
        while kept.marks.get(1).is_some_and(|(mark, _)| mark.to <= oldest) || kept.is_full() {
            kept.marks.pop_front();
        }
    }

    /// A threshold has broken.
    pub(super) fn breached(&self, threshold: &str) {
        if self.asked.on_breach {
            self.capture_apart(Cause::Breach, format!("{threshold} was broken"));
        }
    }

    /// At every beat: has the signal come?
    pub(super) fn beat(&self) {
        #[cfg(target_os = "linux")]
        if self.asked.on_signal && crate::signals::asked::came() {
            self.capture_apart(Cause::Signal, "SIGUSR2".to_owned());
        }
    }

    /// So that the collector's beats go on.
    fn capture_apart(&self, cause: Cause, reason: String) {
        if let Some(watch) = self.watch.get().and_then(Weak::upgrade) {
            drop(write_apart(watch, cause, reason));
        }
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn is_full(&self) -> bool {
        let held: usize = self.marks.iter().map(|mark| mark.1).sum();
        self.marks.len() > 1 && held > MOST_BYTES
    }
}

/// What a snapshot takes, about.
fn bytes(snapshot: &Snapshot) -> usize {
    let of = |operation: &OperationSnapshot| {
        let histograms = [
            &operation.ok,
            &operation.error,
            &operation.cancelled,
            &operation.service,
            &operation.polling,
        ];
        let buckets: usize = histograms.iter().map(|one| one.buckets().len()).sum();
        size_of::<OperationSnapshot>() + operation.name.len() + 16 * buckets
    };
    snapshot.operations.iter().map(of).sum()
}

impl Monitor {
    /// The flight recorder's capture of this moment: the report so far, with the last minutes as a phase, second by second,
    /// and the slow operations in them one by one. Minutes are kept while the program can be looked at ([`Monitor::serve`])
    /// or the settings have `[flight]`; otherwise it is the report so far.
    pub fn capture(&self, reason: &str) -> Report {
        match &self.watch {
            Some(watch) => watch.capture(reason),
            None => super::assemble::report_of_nothing(),
        }
    }

    /// What the settings want.
    pub(super) fn record_flight(&self, asked: &Asked) {
        let Some(watch) = &self.watch else { return };
        watch.flight.belongs_to(&watch.shared());
        if watch.flight.is_asked_for() {
            watch.view.open();
        }
        #[cfg(target_os = "linux")]
        if asked.on_signal && !crate::signals::asked::look_out() {
            self.note("SIGUSR2 cannot be looked out for here");
        }
        if asked.on_panic && !look_out_for_panics(Arc::downgrade(&watch.shared())) {
            self.note("panics cannot be looked out for by a monitor that is made in a panic");
        }
    }
}

/// Lets the hook that is there do what it does, then captures. The thread that panics may hold any lock of the program's or
/// ours, so it is another one that does the work. False: this thread is unwinding, and no hook can be set on it.
fn look_out_for_panics(watch: Weak<Watch>) -> bool {
    if std::thread::panicking() {
        return false;
    }
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        before(panic);
        let Some(watch) = watch.upgrade() else { return };
        let at = panic.location().map(ToString::to_string);
        let reason = format!("a panic at {}", at.unwrap_or_default());
        if let Some(written) = write_apart(watch, Cause::Panic, reason) {
            _ = written.recv_timeout(PATIENCE);
        }
    }));
    true
}

/// Writes a capture on a thread of its own. The receiver hears when it is done; `None`: there is no thread.
fn write_apart(watch: Arc<Watch>, cause: Cause, reason: String) -> Option<mpsc::Receiver<()>> {
    let (done, written) = mpsc::channel();
    let write = move || {
        crate::signals::leave_to_the_program();
        watch.write_capture(cause, &reason);
        // A panic is not waited for any longer, say.
        _ = done.send(());
    };
    let thread = std::thread::Builder::new().name("vecperf-capture".to_owned());
    thread.spawn(write).is_ok().then_some(written)
}

impl Watch {
    pub(super) fn capture(&self, reason: &str) -> Report {
        let now = self.snapshot();
        let kept = self.flight.kept();
        let start = kept.marks.front().map(|(mark, _)| mark.clone());
        let points: Vec<SeriesPoint> = kept.points.iter().cloned().collect();
        drop(kept);
        let slow_since = start.as_ref().map_or(Duration::ZERO, |start| start.to);
        let mut report = self.report_of(&now, Names::Read { slow_since });
        if let Some(start) = &start {
            let window = self.window(start, &now);
            let name = format!("last {:.0} s", window.duration().as_secs_f64());
            report
                .phases
                .push(PhaseReport::from_snapshot(&name, false, &window));
        }
        if !points.is_empty() {
            report.series = points;
        }
        let at = humantime::format_rfc3339_millis(clock::wall());
        let at_seconds = now.to.as_secs_f64();
        let note = format!("captured at {at}, {at_seconds:.1} s after the start: {reason}");
        report.notes.insert(0, note);
        report
    }

    /// Writes a capture into the output directory; nobody is there to tell of an error, so it becomes a note.
    fn write_capture(&self, cause: Cause, reason: &str) {
        // The hook and the handler stay when the run has ended, or came to nothing.
        if self.collector.is_elsewhere() || self.told().finished {
            return;
        }
        let nowhere = || "this monitor writes no files".to_owned();
        let leave = match &self.output {
            Some(_) => self.flight.budget().ask(cause, self.now()),
            None => self.flight.budget().refuse(cause, nowhere),
        };
        let output = match (leave, &self.output) {
            (Leave::Granted, Some(output)) => output,
            (Leave::Refused(why), _) => {
                return self.told().note(format!("no capture ({reason}): {why}"));
            }
            _ => return,
        };
        // A panic may follow a breach within the second.
        let time = humantime::format_rfc3339_millis(clock::wall()).to_string();
        let name = format!("capture-{}.json", time.replace([':', '-'], ""));
        let written = Json
            .to_bytes(&self.capture(reason))
            .and_then(|bytes| output.write(&name, &bytes));
        self.told().note(match written {
            Ok(path) => format!("captured ({reason}): {}", path.display()),
            Err(error) => format!("no capture ({reason}): {error}"),
        });
    }
}
