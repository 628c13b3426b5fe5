//! What one holds of a recording.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder, JoinHandle};
use std::time::Duration;

use super::build::{self, Counts};
use super::claim::Claim;
use super::shared::{Context, Shared, State};
use super::splits::{self, Split, Sums};
use super::thread::run;
use super::traced;
use crate::clock;
use crate::cpu::attribute::Trace;
use crate::cpu::options::{BackEnd, Choice, Options, Target};
use crate::cpu::refusal::Refusal;
use crate::cpu::statistics::Statistics;
use crate::cpu::symbol::Symbolizer;
use crate::profile::Profile;

/// How long the end of a recording waits for the drain thread.
const PATIENCE: Duration = Duration::from_secs(2);

/// A CPU profile under way; ends when it is stopped or dropped.
///
/// In a child that was forked the drain thread does not exist: there nothing is done, and every answer is empty.
pub struct Recording {
    pub(super) shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    claim: Mutex<Option<Claim>>,
    symbolizer: Mutex<Symbolizer>,
    pub(super) process: u32,
}

/// Where operations' time went: of the whole recording, and by phase.
#[derive(Clone, Debug, Default)]
pub(crate) struct Splits {
    pub(crate) all: Vec<Split>,
    pub(crate) by_phase: Vec<(u16, Vec<Split>)>,
}

impl Recording {
    /// Starts a recording; returns when samples are taken, within about 10 ms.
    ///
    /// This process can be recorded once at a time, other processes as often as one likes.
    ///
    /// # Errors
    /// Why no back end runs here, one entry for each that was tried.
    pub fn start(target: Target, options: &Options) -> Result<Self, Vec<Refusal>> {
        Self::start_with(target, options, Context::default())
    }

    /// As [`Recording::start`], joined to operations.
    pub(crate) fn start_with(
        target: Target,
        options: &Options,
        context: Context,
    ) -> Result<Self, Vec<Refusal>> {
        Self::start_on(target, options, context, run)
    }

    pub(super) fn start_on(
        target: Target,
        options: &Options,
        context: Context,
        life: impl FnOnce(&Shared, &SyncSender<Result<(), Vec<Refusal>>>) + Send + 'static,
    ) -> Result<Self, Vec<Refusal>> {
        let refuse = |reason: &str, remedy: &str| {
            vec![Refusal {
                back_end: match options.back_end {
                    Choice::Only(back_end) => back_end,
                    Choice::Auto => BackEnd::PerfEvent,
                },
                reason: reason.to_owned(),
                remedy: remedy.to_owned(),
            }]
        };
        let claim = match target {
            Target::ThisProcess => Some(Claim::take().ok_or_else(|| {
                refuse(
                    "another recording of this process is under way",
                    "stop that one first; a process has one CPU profile at a time",
                )
            })?),
            Target::Process(_) => None,
        };
        let shared = Arc::new(Shared::new(target, options.clone(), context));
        let (began, begins) = mpsc::sync_channel(1);
        let of_thread = Arc::clone(&shared);
        let thread = Builder::new()
            .name("vecperf-cpu".to_owned())
            .spawn(move || life(&of_thread, &began))
            .map_err(|error| {
                refuse(&format!("no thread: {error}"), "raise the limit on threads")
            })?;
        match begins.recv() {
            Ok(Ok(())) => Ok(Self {
                shared,
                thread: Mutex::new(Some(thread)),
                claim: Mutex::new(claim),
                symbolizer: Mutex::default(),
                process: std::process::id(),
            }),
            Ok(Err(refusals)) => {
                drop(thread.join());
                Err(refusals)
            }
            Err(_) => {
                drop(thread.join());
                Err(refuse("starting it panicked", ""))
            }
        }
    }

    /// What was recorded so far, with function names. Reading those takes 50 to 100 ms the first time; the recording
    /// goes on meanwhile.
    pub fn profile(&self) -> Profile {
        if self.is_elsewhere() {
            return Profile::default();
        }
        let state = self.shared.state();
        let span = self.shared.started_ns..state.drain.settled_ns;
        let Some(tally) = state.drain.tally(None) else {
            return Profile::default();
        };
        let counts = Counts {
            tally,
            sums: state.drain.splits.waits.sums().clone(),
            statistics: self.shared.statistics(&state),
            span,
            ..self.counts(&state)
        };
        drop(state);
        self.build(&counts)
    }

    /// The profile of the time from now on, while the recording goes on: waits that long. Empty when the recording
    /// ends before, or when too many wait at once.
    pub fn profile_of_next(&self, duration: Duration) -> Profile {
        if self.is_elsewhere() {
            return Profile::default();
        }
        let start = clock::monotonic_nanos();
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let end = start.saturating_add(nanos);
        let opened = {
            let mut state = self.shared.state();
            let before: Sums = state.drain.splits.waits.sums().clone();
            let statistics = self.shared.statistics(&state);
            let window = state.drain.counted.windows.open(start..end);
            window.map(|window| (window, before, statistics, clock::wall()))
        };
        let Some((window, before, statistics, began)) = opened else {
            return Profile::default();
        };
        thread::sleep(duration);
        let mut state = self.shared.wait_until(end, PATIENCE);
        let tally = state.drain.tally(Some(window)).unwrap_or_default();
        state.drain.counted.windows.close(window);
        let counts = Counts {
            tally,
            sums: splits::since(state.drain.splits.waits.sums(), &before),
            statistics: self.shared.statistics(&state).since(&statistics),
            began,
            span: start..end,
            ..self.counts(&state)
        };
        drop(state);
        self.build(&counts)
    }

    /// What every profile of this recording is made of.
    fn counts(&self, state: &State) -> Counts {
        Counts {
            tally: super::tally::Tally::default(),
            stacks: state.drain.stacks.all(),
            threads: state.drain.threads.names(),
            phases: state.drain.phases.names(),
            modules: state.drain.modules(),
            sums: Sums::default(),
            statistics: self.shared.statistics(state),
            began: self.shared.started_wall,
            span: 0..0,
        }
    }

    fn build(&self, counts: &Counts) -> Profile {
        let began = clock::monotonic_nanos();
        let mut symbolizer = lock(&self.symbolizer);
        let make = || build::profile(counts, &self.shared.context, &mut symbolizer);
        let profile = catch_unwind(AssertUnwindSafe(make)).unwrap_or_else(|_| Profile {
            comments: vec!["making the profile panicked: it is empty".to_owned()],
            ..Profile::default()
        });
        let took = clock::monotonic_nanos().saturating_sub(began);
        self.shared.symbols_ns.fetch_add(took, Ordering::Relaxed);
        profile
    }

    /// Ends the recording and gives its length. What was recorded can still be had. Takes up to 50 ms.
    pub fn stop(&self) -> Duration {
        if self.is_elsewhere() {
            return Duration::ZERO;
        }
        let mut slot = lock(&self.thread);
        if let Some(thread) = slot.take() {
            self.shared.ask_to_stop();
            if self.shared.wait_until(u64::MAX, PATIENCE).over {
                // It has said its last word; only its exit is left.
                drop(thread.join());
            }
            lock(&self.claim).take();
        }
        drop(slot);
        self.statistics()
            .map_or(Duration::ZERO, |statistics| statistics.duration)
    }

    /// What was reached so far; `None` in a child that was forked.
    pub fn statistics(&self) -> Option<Statistics> {
        if self.is_elsewhere() {
            return None;
        }
        let state = self.shared.state();
        Some(self.shared.statistics(&state))
    }

    /// False when it was stopped, or ended by itself: the process that it watched is gone, or the drain thread failed.
    pub fn is_running(&self) -> bool {
        !self.is_elsewhere() && !self.shared.state().over
    }

    /// A phase starts now; its number for [`Recording::phase_ends`].
    pub(crate) fn phase_starts(&self, name: &str) -> Option<u16> {
        if self.is_elsewhere() {
            return None;
        }
        let mut phases = self.shared.phases();
        phases.start(name, clock::monotonic_nanos())
    }

    /// The phase ends now.
    pub(crate) fn phase_ends(&self, phase: u16) {
        if !self.is_elsewhere() {
            let mut phases = self.shared.phases();
            phases.end(phase, clock::monotonic_nanos());
        }
    }

    /// Where operations' time went so far.
    pub(crate) fn splits(&self) -> Splits {
        if self.is_elsewhere() {
            return Splits::default();
        }
        let state = self.shared.state();
        Splits {
            all: state.drain.splits.all(),
            by_phase: state.drain.splits.by_phase(),
        }
    }

    /// What was seen of slow operations, oldest first.
    pub(crate) fn traces(&self) -> Vec<Trace> {
        if self.is_elsewhere() {
            return Vec::new();
        }
        let state = self.shared.state();
        state.drain.splits.waits.traces.kept().copied().collect()
    }

    /// The innermost functions of these stacks, from the inside to the outside. Reading their names takes 50 to 100 ms the
    /// first time.
    pub(crate) fn functions(&self, stacks: &[u32]) -> Vec<Vec<String>> {
        if self.is_elsewhere() || stacks.is_empty() {
            return Vec::new();
        }
        let state = self.shared.state();
        let all = state.drain.stacks.all();
        let modules = state.drain.modules();
        drop(state);
        let stack = |number: &u32| all.get(*number as usize).cloned();
        let stacks: Vec<_> = stacks.iter().map(stack).collect();
        let mut symbolizer = lock(&self.symbolizer);
        let name = || traced::functions(&stacks, &modules, &mut symbolizer);
        catch_unwind(AssertUnwindSafe(name)).unwrap_or_default()
    }

    /// True in a process that was forked from the one that started this.
    fn is_elsewhere(&self) -> bool {
        std::process::id() != self.process
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.stop();
        if self.is_elsewhere() {
            // Even detaching the thread would touch what does not exist here, and locks may be held for ever.
            std::mem::forget(self.thread.get_mut().map(Option::take));
            std::mem::forget(Arc::clone(&self.shared));
        }
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("target", &self.shared.target)
            .finish_non_exhaustive()
    }
}
