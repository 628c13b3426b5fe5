//! What one holds of a heap profile under way, and the thread that reads its samples.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, SystemTime};

use super::build::{self, Counts, Row};
use super::ledger::{Site, Sums, objects};
use super::phases::Phases;
use super::reader::Reader;
use crate::allocation::installation;
use crate::allocation::sampling::{self, Session, Unsampled, Weight};
use crate::clock;
use crate::cpu::stack_walking::Symbolizer;
use crate::heap::mark::HeapMark;
use crate::heap::statistics::{Amount, Statistics};
use crate::profile::Profile;
use crate::signals;

/// How often samples are read when they are few: a stack that waits longer may lie in a library that is gone.
const BEAT: Duration = Duration::from_millis(200);

/// A heap profile under way; ends when it is stopped or dropped.
pub(crate) struct Recording {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    symbolizer: Mutex<Symbolizer>,
    mean: u64,
    began: SystemTime,
    began_ns: u64,
}

struct Shared {
    state: Mutex<State>,
    phases: Mutex<Phases>,
    stop: AtomicBool,
    failed: AtomicBool,
    /// CPU time of the thread that reads, nanoseconds.
    cpu_ns: AtomicU64,
    /// Bytes held, about.
    bytes: AtomicU64,
}

struct State {
    reader: Reader,
    /// `None`: stopped.
    session: Option<Session>,
    counts: sampling::Counts,
    ended_ns: u64,
}

/// The sites at a moment.
#[derive(Debug)]
pub(in crate::heap) struct Taken {
    /// Of which recording: the address of what it shares.
    of: usize,
    sites: Vec<(Site, Sums)>,
    at_ns: u64,
}

impl Recording {
    /// Samples a byte in `mean` from now on, on average; takes well under a millisecond. One at a time in a process.
    ///
    /// # Errors
    /// Why it cannot.
    pub(crate) fn start(mean: u64) -> Result<Self, String> {
        if let Some((why, _)) = installation().lack() {
            return Err(why.to_owned());
        }
        let session = Session::start(mean)?;
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                reader: Reader::new(mean),
                session: Some(session),
                counts: sampling::Counts::default(),
                ended_ns: 0,
            }),
            phases: Mutex::default(),
            stop: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            cpu_ns: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        });
        let of_thread = Arc::clone(&shared);
        let thread = Builder::new()
            .name("vecperf-heap".to_owned())
            .spawn(move || read(&of_thread))
            .map_err(|error| format!("no thread: {error}"))?;
        Ok(Self {
            shared,
            thread: Mutex::new(Some(thread)),
            symbolizer: Mutex::default(),
            mean,
            began: clock::wall(),
            began_ns: clock::monotonic_nanos(),
        })
    }

    /// Bytes from one sample to the next, on average.
    pub(crate) fn mean_bytes(&self) -> u64 {
        self.mean
    }

    /// What was allocated since the start, and of it is in use now, with function names. `None` in a child that was
    /// forked.
    pub(crate) fn profile(&self, operation: &dyn Fn(u32) -> Option<String>) -> Option<Profile> {
        let _unsampled = Unsampled::here();
        let state = self.fresh_state()?;
        let rows = build::rows(state.reader.ledger.sites());
        let counts = self.counts(&state, rows, self.began_ns);
        drop(state);
        Some(self.build(&counts, operation))
    }

    /// The heap now.
    pub(crate) fn mark(&self) -> HeapMark {
        let _unsampled = Unsampled::here();
        let Some(state) = self.fresh_state() else {
            return HeapMark::default();
        };
        HeapMark {
            taken: Some(Arc::new(Taken {
                of: self.identity(),
                sites: state.reader.ledger.sites().to_vec(),
                at_ns: clock::monotonic_nanos(),
            })),
        }
    }

    /// What changed from one mark to the other; what is less at the second one is negative. `None`: the marks are not of
    /// this recording.
    pub(crate) fn growth(
        &self,
        from: &HeapMark,
        to: &HeapMark,
        operation: &dyn Fn(u32) -> Option<String>,
    ) -> Option<Profile> {
        let _unsampled = Unsampled::here();
        let (from, to) = (from.taken.as_deref()?, to.taken.as_deref()?);
        if from.of != self.identity() || to.of != self.identity() {
            return None;
        }
        let rows = build::difference(&from.sites, &to.sites);
        let state = self.fresh_state()?;
        let mut counts = self.counts(&state, rows, from.at_ns);
        counts.span_ns = to.at_ns.saturating_sub(from.at_ns);
        let comment = "the difference of two marks: what is negative became less";
        counts.comments.push(comment.to_owned());
        drop(state);
        Some(self.build(&counts, operation))
    }

    /// No more samples. What was recorded can still be had.
    pub(crate) fn stop(&self) {
        if self.is_elsewhere() {
            return;
        }
        let mut slot = lock(&self.thread);
        let Some(thread) = slot.take() else { return };
        self.shared.stop.store(true, Ordering::Release);
        if let Some(session) = &self.shared.state().session {
            session.wake();
        }
        drop(thread.join());
        let mut state = self.shared.state();
        let _unsampled = Unsampled::here();
        self.round(&mut state);
        state.ended_ns = clock::monotonic_nanos();
        state.session = None;
    }

    /// What was reached so far; `None` in a child that was forked.
    pub(crate) fn statistics(&self) -> Option<Statistics> {
        let _unsampled = Unsampled::here();
        let state = self.fresh_state()?;
        let (reader, counts) = (&state.reader, state.counts);
        let total = reader.ledger.total();
        let amount = |weight: Weight| Amount {
            objects: objects(weight),
            bytes: weight.bytes,
        };
        Some(Statistics {
            mean_bytes: self.mean,
            samples: counts.taken,
            live: reader.ledger.live() as u64,
            lost: counts.lost,
            without_stack: counts.without_stack,
            truncated: reader.truncated,
            broken: reader.broken,
            others: reader.stacks.others + reader.ledger.others,
            allocated: amount(total.allocated),
            in_use: amount(total.in_use),
            reader_cpu: self.cost().0,
            failed: self.shared.failed.load(Ordering::Relaxed),
        })
    }

    /// CPU time of the thread that reads, and bytes held, about. Waits for nobody.
    pub(crate) fn cost(&self) -> (Duration, u64) {
        let nanos = self.shared.cpu_ns.load(Ordering::Relaxed);
        let bytes = self.shared.bytes.load(Ordering::Relaxed);
        (Duration::from_nanos(nanos), bytes)
    }

    /// A phase starts now; its number for [`Recording::phase_ends`].
    pub(crate) fn phase_starts(&self, name: &str) -> Option<u32> {
        if self.is_elsewhere() {
            return None;
        }
        self.change_phase(|phases| phases.start(name))
    }

    /// The phase ends now.
    pub(crate) fn phase_ends(&self, phase: u32) {
        if !self.is_elsewhere() {
            self.change_phase(|phases| phases.end(phase));
        }
    }

    fn change_phase<R>(&self, change: impl FnOnce(&mut Phases) -> R) -> R {
        let _unsampled = Unsampled::here();
        let state = self.shared.state();
        let mut phases = lock(&self.shared.phases);
        let result = change(&mut phases);
        if let Some(session) = &state.session {
            session.set_phase(phases.now());
        }
        result
    }

    /// The state with everything in it that has happened; `None` in a child that was forked.
    fn fresh_state(&self) -> Option<MutexGuard<'_, State>> {
        if self.is_elsewhere() {
            return None;
        }
        let mut state = self.shared.state();
        self.round(&mut state);
        Some(state)
    }

    fn round(&self, state: &mut State) {
        if catch_unwind(AssertUnwindSafe(|| round(state))).is_err() {
            self.shared.failed.store(true, Ordering::Relaxed);
        }
    }

    fn counts(&self, state: &State, rows: Vec<Row>, from_ns: u64) -> Counts {
        let until = match state.ended_ns {
            0 => clock::monotonic_nanos(),
            ended => ended,
        };
        Counts {
            rows,
            stacks: state.reader.stacks.all(),
            modules: state.reader.modules(),
            phases: lock(&self.shared.phases).names().to_vec(),
            mean: self.mean,
            began: self.began + Duration::from_nanos(from_ns.saturating_sub(self.began_ns)),
            span_ns: until.saturating_sub(from_ns),
            comments: vec![
                format!("vecperf: {}", env!("CARGO_PKG_VERSION")),
                format!(
                    "heap: one byte in {} sampled, values are estimates of all; samples: {}, lost: {}, without a stack: {}",
                    self.mean, state.counts.taken, state.counts.lost, state.counts.without_stack
                ),
            ],
        }
    }

    fn build(&self, counts: &Counts, operation: &dyn Fn(u32) -> Option<String>) -> Profile {
        let mut symbolizer = lock(&self.symbolizer);
        let make = || build::profile(counts, operation, &mut symbolizer);
        catch_unwind(AssertUnwindSafe(make)).unwrap_or_else(|_| Profile {
            comments: vec!["making the profile panicked: it is empty".to_owned()],
            ..Profile::default()
        })
    }

    fn identity(&self) -> usize {
        Arc::as_ptr(&self.shared).addr()
    }

    /// True in a process that was forked from the one that started this. Locks may be held there for ever.
    fn is_elsewhere(&self) -> bool {
        sampling::is_in_a_child()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.stop();
        if self.is_elsewhere() {
            // Even detaching the thread would touch what does not exist here.
            std::mem::forget(self.thread.get_mut().map(Option::take));
            std::mem::forget(Arc::clone(&self.shared));
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// The reading thread's life. What it allocates is not sampled: it would never come to an end.
fn read(shared: &Shared) {
    signals::leave_to_the_program();
    let _unsampled = Unsampled::here();
    warm_up(shared);
    while !shared.stop.load(Ordering::Acquire) {
        wait(shared);
        let mut state = shared.state();
        if catch_unwind(AssertUnwindSafe(|| round(&mut state))).is_err() {
            shared.failed.store(true, Ordering::Relaxed);
            return;
        }
        let bytes = state.reader.bytes() as u64;
        drop(state);
        shared.bytes.store(bytes, Ordering::Relaxed);
        shared
            .cpu_ns
            .store(clock::thread_cpu_nanos(), Ordering::Relaxed);
    }
}

fn warm_up(shared: &Shared) {
    let mut state = shared.state();
    let State {
        reader, session, ..
    } = &mut *state;
    if let Some(session) = session {
        // What fails here fails again, and is told, at the first sample.
        let _ = catch_unwind(AssertUnwindSafe(|| reader.warm_up(session)));
    }
}

/// Waits without the lock.
fn wait(shared: &Shared) {
    let waiter = shared.state().session.as_ref().map(Session::waiter);
    if let Some(waiter) = waiter {
        waiter.wait(BEAT);
    }
}

fn round(state: &mut State) {
    if let Some(session) = &state.session {
        state.reader.round(session);
        state.counts = session.counts();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("mean", &self.mean)
            .finish_non_exhaustive()
    }
}
