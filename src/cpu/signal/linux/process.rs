//! What a process has for sampling by signals: made at its first session, kept to its end, used by one session at a time.
//!
//! A forked child has its parent's copy and must not touch it: timers are not inherited, locks may be held by threads
//! that the child does not have. It is told by the process number, and the child makes its own when it samples itself.

use std::cell::Cell;
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::handler::SHARED;
use super::roster::{Roster, Since};
use super::shared::Shared;
use super::tasks;

/// This process's, or its parent's copy; null until the first session.
static PROCESS: AtomicPtr<Process> = AtomicPtr::new(ptr::null_mut());
static LAST_SESSION: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// The last session that this thread joined.
    static JOINED: Cell<u32> = const { Cell::new(0) };
}

#[derive(Debug)]
pub(super) struct Process {
    number: u32,
    pub(super) shared: Shared,
    roster: Mutex<Roster>,
    busy: AtomicBool,
}

impl Process {
    /// This process's; made here if there is none. Never freed.
    ///
    /// # Errors
    /// No memory.
    pub(super) fn this() -> io::Result<&'static Self> {
        let known = PROCESS.load(Ordering::Acquire);
        // SAFETY: null, or one that is never freed.
        if let Some(process) = unsafe { known.as_ref() }
            && process.is_this()
        {
            return Ok(process);
        }
        let made = Box::into_raw(Box::new(Self {
            number: std::process::id(),
            shared: Shared::new()?,
            roster: Mutex::default(),
            busy: AtomicBool::new(false),
        }));
        match PROCESS.compare_exchange(known, made, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => {}
            Err(_) => {
                // SAFETY: made above, and nobody else has seen it.
                drop(unsafe { Box::from_raw(made) });
                return Self::this(); // another thread's
            }
        }
        // SAFETY: from now on it is never freed.
        let process: &'static Self = unsafe { &*made };
        let shared: *const Shared = &raw const process.shared;
        SHARED.store(shared.cast_mut(), Ordering::Release);
        Ok(process)
    }

    /// Whether this is not the parent's copy.
    pub(super) fn is_this(&self) -> bool {
        self.number == std::process::id()
    }

    /// The process for the caller's session alone; `false` when another one has it.
    pub(super) fn claim(&self) -> bool {
        !self.busy.swap(true, Ordering::AcqRel)
    }

    pub(super) fn give_back(&self) {
        self.busy.store(false, Ordering::Release);
    }

    pub(super) fn roster(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets signals in, and threads join.
    pub(super) fn open(&self) {
        let number = LAST_SESSION.fetch_add(1, Ordering::Relaxed);
        self.shared.gate.open(number.wrapping_add(1).max(1));
    }

    /// Ends the session: nobody joins any longer, no timer is left, and no signal handler is at work; `false` when one
    /// still is after a second (its thread is held by a debugger).
    pub(super) fn close(&self) -> bool {
        self.shared.gate.close();
        self.roster().clear(&self.shared);
        self.is_quiet()
    }

    /// Waits until no signal handler is at work: at most a second.
    pub(super) fn is_quiet(&self) -> bool {
        (0..10_000).any(|_| {
            self.shared.gate.is_empty() || {
                std::thread::sleep(Duration::from_micros(100));
                false
            }
        })
    }
}

/// See [`super::arm_this_thread`].
#[inline]
pub(super) fn join_this_thread() {
    // SAFETY: null, or one that is never freed.
    let Some(process) = (unsafe { PROCESS.load(Ordering::Acquire).as_ref() }) else {
        return;
    };
    let session = process.shared.gate.session();
    if session != 0 && JOINED.get() != session {
        join(process, session);
    }
}

#[cold]
fn join(process: &Process, session: u32) {
    JOINED.set(session);
    if !process.is_this() {
        return;
    }
    let (thread, task) = (tasks::this_thread(), tasks::this_task());
    let stack = tasks::this_stack();
    let mut roster = process.roster();
    if process.shared.gate.session() != session {
        return; // it ended meanwhile, and the roster is cleared
    }
    // An entry of this number that belongs to a thread of before: its timer has stopped.
    if roster.has_ended(thread) {
        roster.dismiss(&process.shared, thread);
    }
    roster.admit(&process.shared, thread, task, Since::Birth);
    if let Some(bounds) = stack {
        roster.tell_stack(&process.shared, thread, bounds);
    }
}
