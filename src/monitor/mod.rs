//! Joins the rooms: one monitor watches one process, from its creation to [`Monitor::finish`].

mod assemble;
mod end;
mod flight;
mod heap;
mod memory;
mod page;
mod phase;
mod profiles;
mod profiling;
mod serving;
mod slow;
mod start;
mod told;
mod view;
mod watch;

use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::clock::Moment;
use crate::collect::{Blocks, Collector};
use crate::config::Settings;
use crate::error::Result;
use crate::export::files::OutputDirectory;
use crate::memory::Memory;
use crate::recall::RecallEstimate;
use crate::record::{Gauge, LabelGuard, Operation, Recorder};
use crate::report::{Report, Workload};
use crate::snapshot::Snapshot;
use crate::threshold::Verdict;

pub use phase::Phase;

use flight::Flight;
use heap::Heap;
use profiling::Profiling;
use serving::Serving;
use told::Told;
use view::View;

/// Watches this process: gives out operation handles, samples resources, judges, reports.
///
/// A cheap handle: clones watch together. Settings with `enabled = false` make one that does nothing.
///
/// ```
/// let monitor = vecperf::Monitor::in_memory(vecperf::Settings::default())?;
/// let search = monitor.operation("search");
/// search.measure(|| { /* find the nearest vectors */ });
///
/// let report = monitor.finish()?;
/// assert_eq!(report.run.operations[0].name, "search");
/// assert_eq!(report.run.operations[0].ok, 1);
/// # Ok::<(), vecperf::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Monitor {
    watch: Option<Arc<Handle>>,
}

/// What the handles of an enabled monitor share: when the last one goes, the run ends. Threads that answer whoever looks
/// at the program keep the [`Watch`] itself, so that no answer under way holds up the end.
struct Handle(Arc<Watch>);

/// What an enabled monitor holds.
struct Watch {
    settings: Settings,
    started: Moment,
    started_wall: SystemTime,
    recorder: Arc<Recorder>,
    collector: Collector,
    profiling: Profiling,
    heap: Heap,
    memory: Memory,
    accounts: memory::Accounts,
    view: Arc<View>,
    flight: Arc<Flight>,
    serving: Serving,
    output: Option<OutputDirectory>,
    callbacks: Arc<watch::Callbacks>,
    told: Mutex<Told>,
    blocks: Arc<Mutex<Blocks>>,
}

impl Monitor {
    /// A monitor by these settings, which writes its files to `output.directory` when it is finished.
    ///
    /// # Errors
    /// A setting out of range, an output directory that cannot be written to, or a socket that cannot be opened: told now,
    /// not after the run.
    /// A program that must run on regardless falls back to [`Monitor::off`].
    pub fn new(settings: Settings) -> Result<Self> {
        settings.validate()?;
        if !settings.monitoring.enabled {
            return Ok(Self::off());
        }
        let output = OutputDirectory::open(&settings.output)?;
        Self::start(settings, Some(output))
    }

    /// A monitor that writes no files; its report is what [`Monitor::finish`] returns.
    ///
    /// # Errors
    /// A setting out of range, or a socket that cannot be opened.
    pub fn in_memory(settings: Settings) -> Result<Self> {
        settings.validate()?;
        if !settings.monitoring.enabled {
            return Ok(Self::off());
        }
        Self::start(settings, None)
    }

    /// A monitor by a settings file and the environment.
    ///
    /// # Errors
    /// As [`Settings::load`] and [`Monitor::new`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        Self::new(Settings::load(path.as_ref())?)
    }

    /// A monitor that does nothing: no thread, no file, and a timed operation is one predictable branch.
    pub const fn off() -> Self {
        Self { watch: None }
    }

    /// False for a monitor that does nothing.
    pub const fn is_on(&self) -> bool {
        self.watch.is_some()
    }

    /// For benchmarks: see [`Unprofiled`](crate::__private::Unprofiled).
    #[doc(hidden)]
    pub fn unprofiled(&self) -> Option<crate::__private::Unprofiled> {
        self.watch
            .as_ref()
            .and_then(|watch| crate::record::Unprofiled::begin(&watch.recorder))
    }

    /// The operation called `name`; the same name gives the same operation. Takes a lock: keep the handle.
    ///
    /// Beyond `series_limit` series, the handle of the overflow operation, whose name says so.
    pub fn operation(&self, name: &str) -> Operation {
        self.watch
            .as_ref()
            .map_or_else(Operation::off, |watch| watch.recorder.operation(name))
    }

    /// The gauge called `name`; give the unit in it: `index_bytes`.
    pub fn gauge(&self, name: &str) -> Gauge {
        self.watch
            .as_ref()
            .map(|watch| watch.recorder.gauge(name))
            .unwrap_or_default()
    }

    /// Puts a label on what this thread does until the returned guard is dropped; then the label before is in force
    /// again. The CPU profile and the receipts of slow operations show it beside the operation, so that the queries of one
    /// setting can be told from those of another.
    ///
    /// ```
    /// let monitor = vecperf::Monitor::in_memory(vecperf::Settings::default())?;
    /// let search = monitor.operation("search");
    /// for ef in [50, 200] {
    ///     let _label = monitor.label(&format!("ef={ef}"));
    ///     search.measure(|| { /* … */ });
    /// }
    /// # Ok::<(), vecperf::Error>(())
    /// ```
    ///
    /// Operations and polls carry the label that is in force when they end. At most 1022 different labels in a process;
    /// those beyond share one that is called `(other labels)`. Takes a lock that other threads read, too: about 50 ns.
    pub fn label(&self, text: &str) -> LabelGuard {
        self.watch
            .as_ref()
            .map_or_else(LabelGuard::off, |_| LabelGuard::new(text))
    }

    /// Makes this the monitor of functions under `#[vecperf::measure]`, until it is finished, dropped or replaced.
    pub fn install(&self) {
        if let Some(watch) = &self.watch {
            Recorder::install(&watch.recorder);
        }
    }

    /// Starts a phase of the run (load, build, warm-up, …); it ends when the returned guard is dropped.
    ///
    /// The report lists the first 200 phases. Those after are counted in a note, their operations in the run.
    pub fn phase(&self, name: &str) -> Phase {
        Phase::start(self, name, false)
    }

    /// Starts the phase whose CPU use, response times and recall are judged; without one, the whole run is.
    ///
    /// Of several, the first one is judged. The others are measured as well as it is: where each runs another setting, as
    /// an operation of its own, the report shows recall against rate and runs are compared at equal recall.
    pub fn steady_phase(&self, name: &str) -> Phase {
        Phase::start(self, name, true)
    }

    /// States the recall of `operation`, when the judging was done outside; replaces what was stated before, and what
    /// [`Operation::record_recall`] counted. It is the recall of the run and of the first steady phase in which the
    /// operation ended.
    pub fn set_recall(&self, operation: &str, recall: RecallEstimate) {
        if let Some(watch) = &self.watch {
            watch.view.state_recall(operation, recall);
        }
    }

    /// States what was searched and how.
    pub fn set_workload(&self, workload: Workload) {
        self.tell(|told| told.workload = Some(workload));
    }

    /// Adds a note for the reader of the report, which shows the first 200.
    pub fn note(&self, note: impl Into<String>) {
        let note = note.into();
        self.tell(|told| told.note(note));
    }

    /// Says that the run was cut short: the report is marked incomplete, with `why` as a note.
    pub fn interrupted(&self, why: impl Into<String>) {
        let why = why.into();
        self.tell(|told| told.interrupt(why));
    }

    /// Calls `react` from the collector's thread when a threshold is broken, with a verdict that says
    /// [`Fail`](crate::Status::Fail), and again when it holds again.
    ///
    /// Thresholds are judged once a second over the last 10 s. One that hovers around its limit does not flap: see
    /// [`threshold::Alarm`](crate::threshold::Alarm). `react` is dropped when the monitor is finished; one that holds a
    /// clone of the monitor keeps it from being dropped before that. A panic in `react` is noted in the report and does
    /// not stop the monitor.
    pub fn on_breach(&self, react: impl FnMut(&Verdict) + Send + 'static) {
        if let Some(watch) = &self.watch {
            watch.callbacks.add(Box::new(react));
        }
    }

    /// Everything since the monitor's start. Never blocks a writer; about 1 µs per live thread and operation.
    pub fn snapshot(&self) -> Snapshot {
        self.watch
            .as_ref()
            .map(|watch| watch.snapshot())
            .unwrap_or_default()
    }

    /// What was observed since `earlier`, a snapshot of this monitor.
    pub fn since(&self, earlier: &Snapshot) -> Snapshot {
        self.watch
            .as_ref()
            .map(|watch| watch.window(earlier, &watch.snapshot()))
            .unwrap_or_default()
    }

    /// The verdicts so far.
    pub fn verdicts(&self) -> Vec<Verdict> {
        self.report().verdicts
    }

    /// The report so far; empty when the monitor is off.
    pub fn report(&self) -> Report {
        match &self.watch {
            Some(watch) => watch.report(),
            None => assemble::report_of_nothing(),
        }
    }

    /// Where [`Monitor::finish`] writes the report; `None` when it writes none.
    pub fn metrics_path(&self) -> Option<PathBuf> {
        self.watch
            .as_ref()?
            .output
            .as_ref()
            .map(OutputDirectory::metrics_path)
    }

    /// Where [`Monitor::finish`] writes the report as a page; `None` when it writes none.
    pub fn page_path(&self) -> Option<PathBuf> {
        self.watch.as_ref()?.output.as_ref()?.page_path()
    }

    /// Ends the run: stops the collector, writes the files that the settings name and returns the report.
    ///
    /// Handles stay valid; what they record afterwards is in no file. Called again, it writes again.
    ///
    /// # Errors
    /// A file cannot be written; the error names it. What was there before is left intact. In a child that was forked
    /// from the monitored process: the files are its parent's to write.
    pub fn finish(&self) -> Result<Report> {
        match &self.watch {
            Some(watch) => watch.finish(),
            None => Ok(assemble::report_of_nothing()),
        }
    }

    /// Ends the run without writing anything: it came to nothing worth a file.
    pub fn discard(&self) {
        if let Some(watch) = &self.watch {
            watch.stop();
            watch.told().finished = true;
        }
    }

    fn tell(&self, change: impl FnOnce(&mut Told)) {
        if let Some(watch) = &self.watch {
            change(&mut watch.told());
        }
    }
}

impl Watch {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn blocks(&self) -> MutexGuard<'_, Blocks> {
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Deref for Handle {
    type Target = Watch;

    fn deref(&self) -> &Watch {
        &self.0
    }
}

impl Handle {
    /// What is watched, for a thread that answers.
    fn shared(&self) -> Arc<Watch> {
        Arc::clone(&self.0)
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor")
            .field("on", &self.is_on())
            .finish_non_exhaustive()
    }
}
