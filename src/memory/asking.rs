//! The thread that asks components and looks at regions. Callbacks are the program's: one may panic, and one may never
//! come back. Then the thread is left to it, and another one goes on with the others.

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, Builder, JoinHandle};
use std::time::Duration;

use super::account::Account;
use super::component::Component;
use super::region::{self, Range, Region};
use super::roster::{Ask, Roster, Task};
use super::{heap, huge_pages};
use crate::allocation;
use crate::clock::{self, Moment};
use crate::signals;

/// From one round to the next.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long one who needs an answer waits for it, for each callback that does not come back.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long a count of huge pages is taken to hold.
const HUGE_PAGES_LAST: Duration = Duration::from_secs(10);
/// Threads that are left to callbacks that do not come back; after that nobody is asked until one does.
const MOST_LEFT: usize = 4;

/// What a monitor holds of this room. Off, it registers nothing and knows nothing.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    shared: Option<Arc<Shared>>,
}

/// What the threads share.
#[derive(Debug)]
struct Shared {
    started: Moment,
    process: u32,
    state: Mutex<State>,
    /// Rung for the worker: there is something to do.
    work: Condvar,
    /// Rung by the worker: a round, or the worker itself, has ended.
    done: Condvar,
    /// CPU time of the threads so far, callbacks included.
    cpu_ns: AtomicU64,
}

#[derive(Default)]
struct State {
    roster: Roster,
    /// The worker whose turn it is; one of an earlier number has been given up.
    generation: u64,
    worker: Option<JoinHandle<()>>,
    /// Whether the current worker is still there.
    alive: bool,
    /// Workers given up that have not come back.
    left: usize,
    ended: bool,
    /// When the last round began.
    begun: Option<Duration>,
    /// When huge pages were counted, and how many bytes they had.
    huge_pages: Option<(Duration, Option<u64>)>,
    /// Why there is no thread.
    refused: Option<String>,
}

impl Memory {
    /// Starts no thread: the first component or region does.
    pub(crate) fn new(on: bool, started: Moment) -> Self {
        if on && allocation::totals().is_some() {
            heap::within();
        }
        let shared = || {
            Arc::new(Shared {
                started,
                process: std::process::id(),
                state: Mutex::default(),
                work: Condvar::new(),
                done: Condvar::new(),
                cpu_ns: AtomicU64::new(0),
            })
        };
        Self {
            shared: on.then(shared),
        }
    }

    /// Registers a part of the memory that the program knows the size of. Asked soon, and then once a second.
    pub(crate) fn component(&self, name: &str, ask: Ask) -> Component {
        let Some(shared) = self.here() else {
            return Component::default();
        };
        let mut state = shared.state();
        let added = state.roster.add_component(name, ask);
        let id = match added {
            Ok(id) => id,
            Err(ask) => {
                drop(state);
                drop_quietly([ask]);
                return Component::default();
            }
        };
        shared.begin_round(&mut state, false);
        Component::new(Handle::new(shared, id))
    }

    /// Registers a range of addresses, and looks at it at once: whether it starts cold shows before it is used.
    pub(crate) fn region(&self, name: &str, range: Range) -> Region {
        let Some(shared) = self.here() else {
            return Region::default();
        };
        let identity = region::identity(range);
        let look = region::look(range, Some(&identity));
        let mut state = shared.state();
        let Some(id) = state.roster.add_region(name, range) else {
            return Region::default();
        };
        state.roster.looked(id, look, Some(identity));
        shared.begin_round(&mut state, false);
        Region::new(Handle::new(shared, id))
    }

    /// Begins a round where a second has passed since the last one. Never waits.
    pub(crate) fn beat(&self) {
        let Some(shared) = self.here() else { return };
        let now = shared.started.elapsed();
        let mut state = shared.state();
        let due = state.begun.is_none_or(|last| now >= last + INTERVAL);
        if !due || state.roster.is_empty() {
            return;
        }
        if state.roster.is_waiting() {
            shared.replace(&mut state);
        }
        shared.begin_round(&mut state, false);
    }

    /// What is known of the first `most` parts, in bytes. Asks nobody, and waits for nothing.
    pub(crate) fn sizes(&self, most: usize, sizes: &mut Vec<(Arc<str>, u64)>) {
        sizes.clear();
        if let Some(shared) = self.here() {
            sizes.extend(shared.state().roster.sizes(most));
        }
    }

    /// The same by name.
    pub(crate) fn named_sizes(&self, most: usize) -> BTreeMap<String, u64> {
        let mut sizes = Vec::new();
        self.sizes(most, &mut sizes);
        let named = sizes.into_iter();
        named
            .map(|(name, bytes)| (name.to_string(), bytes))
            .collect()
    }

    /// The account of this moment: asks everybody and waits for the answers, at most a tenth of a second for each
    /// callback that does not come back. `None` when this is off, or belongs to another process.
    ///
    /// glibc's statistics go through its free blocks under its locks, and huge pages cost 10 to 50 ms for each GiB of
    /// memory mapped: for the end of a phase. Without `anew`, huge pages that were counted less than ten seconds ago
    /// are not counted again.
    pub(crate) fn account(&self, anew: bool) -> Option<Account> {
        let shared = self.here()?;
        let at = shared.started.elapsed();
        // Before asking: what the callbacks allocate is no part of the answer.
        let (heaps, rust) = (heap::readings(), heap::rust());
        let state = shared.ask_and_wait();
        let (components, regions) = state.roster.readings();
        let notes = state.roster.note().into_iter().chain(state.refused.clone());
        let notes = notes.collect();
        let known = state
            .huge_pages
            .filter(|known| !anew && at < known.0 + HUGE_PAGES_LAST);
        drop(state);
        let huge_page_bytes = known.map_or_else(huge_pages::anonymous, |known| known.1);
        if known.is_none() {
            shared.state().huge_pages = Some((at, huge_page_bytes));
        }
        Some(Account {
            at,
            heaps,
            rust,
            components,
            regions,
            huge_page_bytes,
            notes,
        })
    }

    /// CPU time of the thread so far, callbacks included.
    pub(crate) fn cost(&self) -> Duration {
        self.here().map_or(Duration::ZERO, |shared| {
            Duration::from_nanos(shared.cpu_ns.load(Ordering::Relaxed))
        })
    }

    /// Lets go of the callbacks (one that holds a handle of its monitor would keep it alive for ever) and ends the
    /// thread. What was said can still be read.
    pub(crate) fn stop(&self) {
        let Some(shared) = self.here() else { return };
        let mut state = shared.state();
        state.ended = true;
        let callbacks = state.roster.take_callbacks();
        shared.work.notify_all();
        let waited = shared
            .done
            .wait_timeout_while(state, PATIENCE, |state| state.alive);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        // It has said its last word; only its exit is left. One that is still busy is left behind.
        let ended = if state.alive {
            None
        } else {
            state.worker.take()
        };
        drop(state);
        let ourselves = |worker: &JoinHandle<()>| worker.thread().id() == thread::current().id();
        if let Some(worker) = ended.filter(|worker| !ourselves(worker)) {
            drop(worker.join());
        }
        drop_quietly(callbacks);
    }

    /// Nothing in a child that was forked: the thread does not exist there, and its lock may be held for ever.
    fn here(&self) -> Option<&Arc<Shared>> {
        self.shared
            .as_ref()
            .filter(|shared| shared.process == std::process::id())
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin_round(self: &Arc<Self>, state: &mut State, identify: bool) {
        if state.ended {
            return;
        }
        state.roster.begin_round(identify);
        state.begun = Some(self.started.elapsed());
        if !state.alive {
            self.spawn(state);
        }
        self.work.notify_all();
    }

    fn ask_and_wait(self: &Arc<Self>) -> MutexGuard<'_, State> {
        let mut state = self.state();
        if state.ended || state.roster.is_empty() {
            return state;
        }
        self.begin_round(&mut state, true);
        // A busy machine may leave the worker itself waiting for a CPU.
        let mut patience = 10;
        while state.alive {
            let waited = self
                .done
                .wait_timeout_while(state, PATIENCE, |state| state.roster.is_waiting());
            let (now, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = now;
            if !timeout.timed_out() {
                break;
            }
            if !self.replace(&mut state) {
                patience -= 1;
                if patience == 0 || state.left >= MOST_LEFT {
                    break;
                }
            }
        }
        state
    }

    /// Leaves the worker to the callback that keeps it, and has another one go on. False when there are too many such
    /// workers, or the worker is merely slow: then the answers are waited for in the next round.
    fn replace(self: &Arc<Self>, state: &mut State) -> bool {
        if state.left >= MOST_LEFT || !state.roster.leave() {
            return false;
        }
        state.left += 1;
        self.spawn(state);
        true
    }

    fn spawn(self: &Arc<Self>, state: &mut State) {
        state.generation += 1;
        match spawn(Arc::clone(self), state.generation) {
            Ok(worker) => {
                state.worker = Some(worker);
                state.alive = true;
            }
            Err(error) => {
                state.alive = false;
                let note = format!("no thread that asks components and looks at regions ({error})");
                state.refused = Some(note);
            }
        }
    }

    /// Waits for something to do; `None`: this worker has come to its end.
    fn next(&self, generation: u64) -> Option<Task> {
        let mut state = self.state();
        loop {
            if state.generation != generation {
                state.left = state.left.saturating_sub(1);
                return None;
            }
            if state.ended {
                state.alive = false;
                self.done.notify_all();
                return None;
            }
            if let Some(task) = state.roster.next() {
                return Some(task);
            }
            self.done.notify_all();
            let waited = self.work.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn perform(&self, task: Task) {
        match task {
            Task::Ask(id, mut ask) => {
                let said = catch_unwind(AssertUnwindSafe(&mut ask)).ok();
                let at = self.started.elapsed();
                let mut state = self.state();
                let mut rest = state.roster.answer(id, ask, said, at);
                if state.ended {
                    rest = rest.or_else(|| state.roster.remove_callback(id));
                }
                drop(state);
                drop_quietly(rest);
            }
            Task::Look(id, range, identify) => {
                let identity = identify.then(|| region::identity(range));
                let look = region::look(range, identity.as_ref());
                self.state().roster.looked(id, look, identity);
            }
        }
    }
}

fn spawn(shared: Arc<Shared>, generation: u64) -> io::Result<JoinHandle<()>> {
    Builder::new()
        .name("vecperf-memory".to_owned())
        .spawn(move || run(&shared, generation))
}

/// A worker's life. No panic of a callback ends it.
fn run(shared: &Shared, generation: u64) {
    signals::leave_to_the_program();
    let mut accounted = Duration::ZERO;
    while let Some(task) = shared.next(generation) {
        shared.perform(task);
        if let Some(cpu) = clock::thread_cpu() {
            let spent = cpu.saturating_sub(accounted).as_nanos();
            let spent = u64::try_from(spent).unwrap_or(u64::MAX);
            shared.cpu_ns.fetch_add(spent, Ordering::Relaxed);
            accounted = cpu;
        }
    }
}

/// Drops callbacks of the program's: what they hold may panic, and may call back into the monitor.
fn drop_quietly(callbacks: impl IntoIterator<Item = Ask>) {
    for callback in callbacks {
        drop(catch_unwind(AssertUnwindSafe(|| drop(callback))));
    }
}

/// One entry in a monitor's list. Does not keep the monitor alive.
#[derive(Clone, Debug, Default)]
pub(super) struct Handle {
    entry: Option<(Weak<Shared>, u64)>,
}

impl Handle {
    fn new(shared: &Arc<Shared>, id: u64) -> Self {
        Self {
            entry: Some((Arc::downgrade(shared), id)),
        }
    }

    pub(super) fn outside_heap(&self) {
        self.change(|state, id| state.roster.place_outside_heap(id));
    }

    pub(super) fn remove(&self) {
        let callback = self.change(|state, id| state.roster.remove(id));
        drop_quietly(callback.flatten());
    }

    fn change<T>(&self, change: impl FnOnce(&mut State, u64) -> T) -> Option<T> {
        let (shared, id) = self.entry.as_ref()?;
        let shared = shared.upgrade()?;
        if shared.process != std::process::id() {
            return None;
        }
        let mut state = shared.state();
        Some(change(&mut state, *id))
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "asking_tests.rs"]
mod tests;
