//! The collector's thread: waits for the next beat or for the end, whichever comes first.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::ledger::{BeatWindow, Ledger};
use crate::clock::{self, Moment};
use crate::signals;

/// Called after each beat, on the collector's thread and under no lock.
pub(crate) type OnBeat = Box<dyn FnMut(&BeatWindow) + Send>;

/// What the thread and the monitor's threads share.
pub(super) struct Shared {
    pub(super) started: Moment,
    ledger: Mutex<Ledger>,
    ends: Mutex<Ends>,
    bell: Condvar,
    /// The thread's CPU time so far.
    pub(super) cpu_ns: AtomicU64,
}

/// Who has come to an end.
#[derive(Debug, Default)]
struct Ends {
    asked: bool,
    thread: bool,
}

impl Shared {
    pub(super) fn new(started: Moment, ledger: Ledger) -> Self {
        Self {
            started,
            ledger: Mutex::new(ledger),
            ends: Mutex::default(),
            bell: Condvar::new(),
            cpu_ns: AtomicU64::new(0),
        }
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the thread to end and waits until it has, at most `patience`. False: it is still busy in a callback.
    pub(super) fn end(&self, patience: Duration) -> bool {
        let mut ends = self.ends();
        ends.asked = true;
        self.bell.notify_all();
        let waited = self
            .bell
            .wait_timeout_while(ends, patience, |ends| !ends.thread);
        waited.unwrap_or_else(PoisonError::into_inner).0.thread
    }

    /// Asks the thread to end and does not wait.
    pub(super) fn ask_to_end(&self) {
        self.ends().asked = true;
        self.bell.notify_all();
    }

    fn ends(&self) -> MutexGuard<'_, Ends> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes down what the thread has cost: its CPU time, or, where the system does not tell it, the time that the
    /// beat begun at `begun` took.
    fn account(&self, begun: Duration) {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        if let Some(cpu) = clock::thread_cpu() {
            self.cpu_ns.store(nanos(cpu), Ordering::Relaxed);
        } else {
            let took = self.started.elapsed().saturating_sub(begun);
            self.cpu_ns.fetch_add(nanos(took), Ordering::Relaxed);
        }
    }

    /// Waits until `due`; true when the end was asked for before.
    fn wait(&self, due: Duration) -> bool {
        let timeout = due.saturating_sub(self.started.elapsed());
        let waited = self
            .bell
            .wait_timeout_while(self.ends(), timeout, |ends| !ends.asked);
        waited.unwrap_or_else(PoisonError::into_inner).0.asked
    }
}

/// The thread's life. Neither a panic of a probe nor one of the callback ends it.
pub(super) fn run(shared: &Shared, on_beat: OnBeat) {
    signals::leave_to_the_program();
    let mut on_beat = Some(on_beat);
    loop {
        let due = shared.ledger().due();
        if shared.wait(due) {
            break;
        }
        let begun = shared.started.elapsed();
        if let Some(window) = beat(shared) {
            tell(shared, &mut on_beat, &window);
        }
        shared.account(begun);
    }
    drop(catch_unwind(AssertUnwindSafe(|| drop(on_beat))));
    shared.ends().thread = true;
    shared.bell.notify_all();
}

/// One beat; `None` after a panic, which is noted once.
fn beat(shared: &Shared) -> Option<BeatWindow> {
    let now = || shared.started.elapsed();
    let one = || {
        clock::reanchor();
        shared.ledger().beat(now(), now)
    };
    match catch_unwind(AssertUnwindSafe(one)) {
        Ok(window) => Some(window),
        Err(_) => {
            shared.ledger().beat_failed(now());
            None
        }
    }
}

/// Calls the callback. After a panic it is not called again: its state may be torn.
fn tell(shared: &Shared, on_beat: &mut Option<OnBeat>, window: &BeatWindow) {
    let Some(callback) = on_beat else { return };
    if catch_unwind(AssertUnwindSafe(|| callback(window))).is_err() {
        drop(catch_unwind(AssertUnwindSafe(|| drop(on_beat.take()))));
        let at = window.to.as_secs_f64();
        let note =
            format!("a callback on live thresholds panicked at {at:.1} s and was not called again");
        shared.ledger().notes.push(note);
    }
}
