//! Joins the rooms: one monitor watches one process, from its creation to [`Monitor::finish`].

mod assemble;
mod flight;
mod heap;
mod memory;
mod page;
mod phase;
mod profiling;
mod serving;
mod told;
mod view;
mod watch;

use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::clock::{self, Moment};
use crate::collect::{BeatWindow, Blocks, Collector, Setup};
use crate::config::Settings;
use crate::error::{Error, ErrorKind, Result};
use crate::export::files::OutputDirectory;
use crate::export::{Exporter, Json};
use crate::heap::HeapMark;
use crate::memory::Memory;
use crate::profile::Profile;
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

    fn start(settings: Settings, output: Option<OutputDirectory>) -> Result<Self> {
        let (serve, flight) = (settings.serve.clone(), settings.flight.clone());
        let monitor = Self::watching(settings, output);
        monitor.record_flight(&flight);
        if let Err(error) = monitor.serve_as_set(&serve) {
            monitor.discard();
            return Err(error);
        }
        Ok(monitor)
    }

    fn watching(settings: Settings, output: Option<OutputDirectory>) -> Self {
        let (started, started_wall) = (Moment::now(), clock::wall());
        let recorder = Arc::new(Recorder::new(settings.monitoring.series_limit));
        #[cfg(all(feature = "cpu", target_os = "linux"))]
        recorder.on_first_segment(crate::cpu::arm_this_thread);
        let callbacks = Arc::new(watch::Callbacks::default());
        let view = Arc::new(View::new(started_wall));
        let flight = Arc::new(Flight::new(&settings.flight));
        let listeners = watch::Listeners {
            callbacks: Arc::clone(&callbacks),
            view: Arc::clone(&view),
            flight: Arc::clone(&flight),
        };
        let mut live = watch::Live::new(&settings, Arc::clone(&recorder), listeners);
        let setup = Setup {
            interval: Duration::from_millis(settings.monitoring.resource_interval_ms),
            series_points: settings.monitoring.series_points,
            memory: settings.monitoring.memory_tracking,
        };
        let memory = Memory::new(settings.monitoring.memory_tracking, started);
        let blocks = Arc::new(Mutex::new(Blocks::default()));
        let (cut, counted) = (Arc::clone(&blocks), Arc::clone(&recorder));
        let asked = memory.clone();
        let on_beat = Box::new(move |beat: &BeatWindow| {
            asked.beat();
            watch::cut(&cut, beat, &counted);
            live.beat(beat);
        });
        blocks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .begin();
        let collector = Collector::start(Arc::clone(&recorder), setup, started, on_beat);
        let notes = output.iter().filter_map(OutputDirectory::note).collect();
        let source = Arc::clone(&recorder);
        let profiling = Profiling::start(&settings, Some(source));
        let heap = Heap::start(&settings, Arc::clone(&recorder));
        Self {
            watch: Some(Arc::new(Handle(Arc::new(Watch {
                started,
                started_wall,
                recorder,
                collector,
                profiling,
                heap,
                memory,
                accounts: memory::Accounts::default(),
                view,
                flight,
                serving: Serving::default(),
                output,
                callbacks,
                told: Mutex::new(Told::starting(notes)),
                blocks,
                settings,
            })))),
        }
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
    /// again. The CPU profile shows it beside the operation, so that the queries of one setting can be told from those
    /// of another. Without a profile it changes nothing.
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

    /// Starts the phase whose CPU use, response times and recall are judged; without one, the whole run is. Of several,
    /// the first one counts.
    pub fn steady_phase(&self, name: &str) -> Phase {
        Phase::start(self, name, true)
    }

    /// States the recall of `operation`, when the judging was done outside; replaces what was stated before, and what
    /// [`Operation::record_recall`] counted. It is the recall of the run and of its steady phase.
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

    /// The CPU profile of the time from now on: waits that long, and reads the functions' names. Works whether or not
    /// the settings have `cpu_profiling`, any number of times.
    ///
    /// # Errors
    /// No profile can be taken: why, and what to change. A monitor that is off takes none.
    pub fn profile(&self, duration: Duration) -> Result<Profile> {
        match &self.watch {
            Some(watch) => watch.profiling.profile_of_next(duration),
            None => Err(Error::new(
                ErrorKind::Unavailable,
                "no CPU profile: the monitor is off; set enabled = true under [monitoring]",
            )),
        }
    }

    /// The CPU profile so far; `None` when none is taken: [`Report::environment`] says why. Reads the functions' names,
    /// which takes 50 to 100 ms the first time.
    pub fn cpu_profile(&self) -> Option<Profile> {
        self.watch.as_ref()?.profiling.profile()
    }

    /// The heap profile so far: who allocated what since the monitor's start, and what of it is in use. `None` when none
    /// is taken: [`Report::environment`] says why. It needs [`vecperf::Allocator`](crate::Allocator) as the program's
    /// allocator.
    ///
    /// Values are `alloc_objects`, `alloc_space`, `temporary_objects`, `temporary_space` (freed before the operation ended
    /// that allocated them), `inuse_objects` and `inuse_space`: estimates from samples, one byte in
    /// [`heap_sample_bytes`](crate::config::Monitoring::heap_sample_bytes). Labels are `operation` and `phase`. Reads the
    /// functions' names, which takes 50 to 100 ms the first time.
    pub fn heap_profile(&self) -> Option<Profile> {
        self.watch.as_ref()?.heap.profile()
    }

    /// The heap at this moment, to compare with another one: see [`Monitor::heap_growth`]. Copies some tens of bytes for
    /// each place that has allocated.
    pub fn heap_mark(&self) -> HeapMark {
        self.watch
            .as_ref()
            .map(|watch| watch.heap.mark())
            .unwrap_or_default()
    }

    /// What changed from one mark to the other: values as of [`Monitor::heap_profile`], negative where there is less.
    /// `None` when no heap profile is taken, or when a mark is another monitor's.
    ///
    /// ```standalone_crate
    /// #[global_allocator]
    /// static ALLOCATOR: vecperf::Allocator = vecperf::Allocator::system();
    ///
    /// let monitor = vecperf::Monitor::in_memory(vecperf::Settings::default())?;
    /// let before = monitor.heap_mark();
    /// let kept: Vec<Vec<u8>> = (0..64).map(|_| vec![1; 1 << 20]).collect();
    /// let after = monitor.heap_mark();
    /// if let Some(growth) = monitor.heap_growth(&before, &after) {
    ///     let space = growth.value_index("inuse_space").unwrap();
    ///     assert!(growth.total(space) > 32 << 20);
    /// }
    /// # drop(kept);
    /// # Ok::<(), vecperf::Error>(())
    /// ```
    pub fn heap_growth(&self, from: &HeapMark, to: &HeapMark) -> Option<Profile> {
        self.watch.as_ref()?.heap.growth(from, to)
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

    fn finish(&self) -> Result<Report> {
        // Before any lock: in the child, one that another thread of the parent held stays locked for ever.
        if self.collector.is_elsewhere() {
            return Err(forked());
        }
        self.serving.stop();
        self.profiling.stop();
        self.heap.stop();
        let run = self.edge();
        self.take_account(&run, None);
        self.stop();
        // After the last reading of memory: it takes some of its own.
        let profile = self.profiling.finish();
        let heap_profile = self.heap.finish();
        let report = self.report_of(&run);
        self.told().finished = true;
        if let Some(output) = &self.output {
            let names = &self.settings.output;
            output.write(&names.metrics_file, &Json.to_bytes(&report)?)?;
            if let Some(profile) = &profile {
                output.write(&names.profiling_file, profile)?;
            }
            if let Some(profile) = &heap_profile {
                output.write(&names.heap_profile_file, profile)?;
            }
            if let Some(name) = &names.report_file {
                let page = page::page(&report, profile.as_deref(), heap_profile.as_deref())?;
                output.write(name, &page)?;
            }
        }
        Ok(report)
    }

    fn stop(&self) {
        Recorder::uninstall(&self.recorder);
        self.serving.stop();
        self.profiling.stop();
        self.heap.stop();
        self.collector.stop();
        self.memory.stop();
        self.callbacks.forget();
    }
}

/// The last handle of a monitor that was never finished: the program returned early or panicked. What was measured
/// until then is written, marked incomplete, because that is when one wants it most.
impl Drop for Handle {
    fn drop(&mut self) {
        // A child that was forked must not write over what its parent will write.
        if self.collector.is_elsewhere() || self.told().finished {
            return;
        }
        self.told()
            .interrupt("the monitor was dropped without finish()".to_owned());
        // Nobody is left to tell of an error; the file that was there is intact.
        let _ = self.finish();
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

fn forked() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "this monitor belongs to the process that this one was forked from, which writes its files; make a monitor of \
         its own in the child",
    )
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor")
            .field("on", &self.is_on())
            .finish_non_exhaustive()
    }
}
