//! What the collector's thread leaves, second by second, for whoever looks at the running program.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use crate::clock;
use crate::live::{self, History, Program, Series, State};
use crate::recall::RecallEstimate;
use crate::resource::ResourceUse;
use crate::snapshot::Snapshot;
use crate::threshold::Verdict;

/// The last look.
pub(super) struct Observed {
    /// Everything since the start.
    pub(super) run: Snapshot,
    /// The last ten seconds.
    pub(super) window: Snapshot,
    /// Bytes of the memory's parts.
    pub(super) components: BTreeMap<String, u64>,
    /// The thresholds over them.
    pub(super) verdicts: Vec<Verdict>,
}

/// What can be looked at; nothing is kept until it is opened.
pub(super) struct View {
    open: AtomicBool,
    started: SystemTime,
    /// Known from the first look on: who is never looked at need not be asked for.
    program: OnceLock<Program>,
    /// What the program stated of its recall; the collector's thread reads it, too.
    recalls: Mutex<BTreeMap<String, RecallEstimate>>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    last: Option<(SystemTime, Arc<Observed>)>,
    history: History,
}

impl View {
    pub(super) fn new(started: SystemTime) -> Self {
        Self {
            open: AtomicBool::new(false),
            started,
            program: OnceLock::new(),
            recalls: Mutex::default(),
            kept: Mutex::default(),
        }
    }

    fn program(&self) -> &Program {
        self.program.get_or_init(|| {
            let executable = std::env::current_exe().ok();
            let name = executable.as_deref().and_then(|path| path.file_name());
            Program {
                name: name.unwrap_or_default().to_string_lossy().into_owned(),
                pid: std::process::id(),
                started_at: humantime::format_rfc3339_millis(self.started).to_string(),
            }
        })
    }

    /// From now on seconds are kept.
    pub(super) fn open(&self) {
        self.program(); // as it is called now: its file may be replaced
        self.open.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// The program states the recall of an operation.
    pub(super) fn state_recall(&self, operation: &str, recall: RecallEstimate) {
        lock(&self.recalls).insert(operation.to_owned(), recall);
    }

    /// Puts the recalls that the program stated beside their operations.
    pub(super) fn state_recalls(&self, snapshot: &mut Snapshot) {
        let recalls = lock(&self.recalls);
        for operation in &mut snapshot.operations {
            operation.stated_recall = recalls.get(&operation.name).cloned();
        }
    }

    /// The same of windows in their order: each recall in the first where its operation ended.
    pub(super) fn state_recalls_once<'a>(&self, windows: impl Iterator<Item = &'a mut Snapshot>) {
        let mut recalls = lock(&self.recalls).clone();
        for window in windows {
            let ended = window.operations.iter_mut().filter(|it| it.count() > 0);
            ended.for_each(|it| it.stated_recall = recalls.remove(&it.name));
        }
    }

    /// Keeps a second, and what was observed at its end.
    pub(super) fn take(&self, observed: Observed, second: &Snapshot, used: &ResourceUse) {
        let last = (clock::wall(), Arc::new(observed));
        let mut kept = lock(&self.kept);
        kept.history.add(second, used);
        kept.last = Some(last);
    }

    /// The state when last observed, at most a second ago; right after the start one without operations. `own_cpu`: of all our
    /// threads until now.
    pub(super) fn state(&self, own_cpu: Duration) -> State {
        let last = lock(&self.kept).last.clone();
        let Some((at, observed)) = last else {
            let nothing = Snapshot::default();
            let now = humantime::format_rfc3339_millis(clock::wall()).to_string();
            return live::of_window(
                self.program(),
                (now, own_cpu),
                (&nothing, &nothing),
                Vec::new(),
            );
        };
        let now = humantime::format_rfc3339_millis(at).to_string();
        let windows = (&observed.run, &observed.window);
        State {
            components: observed.components.clone(),
            ..live::of_window(
                self.program(),
                (now, own_cpu),
                windows,
                observed.verdicts.clone(),
            )
        }
    }

    /// The seconds that end after `since`.
    pub(super) fn series(&self, since: f64) -> Series {
        lock(&self.kept).history.series(self.program(), since)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
