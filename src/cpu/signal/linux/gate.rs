//! Lets signal handlers in while a session is on, and tells when the last one has left after it was closed.

use super::sync::{AtomicU32, AtomicUsize, Ordering, fence};

/// Open from the start of a session to its end.
#[derive(Debug)]
pub(super) struct Gate {
    /// The session's number; 0 is closed.
    session: AtomicU32,
    /// Signal handlers between [`Gate::enter`] and [`Gate::leave`].
    inside: AtomicUsize,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            session: AtomicU32::new(0),
            inside: AtomicUsize::new(0),
        }
    }

    /// Whether the caller may go on; it then has to leave. For signal handlers.
    // The entry is counted before the session is looked at, `close` does it the other way round, and a fence stands
    // between the two on both sides: either the signal handler sees that the gate is closed, or `is_empty` sees it inside.
    #[inline(always)]
    pub(super) fn enter(&self) -> bool {
        self.inside.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if self.session.load(Ordering::Acquire) == 0 {
            self.leave();
            return false;
        }
        true
    }

    #[inline(always)]
    pub(super) fn leave(&self) {
        self.inside.fetch_sub(1, Ordering::Release);
    }

    pub(super) fn open(&self, session: u32) {
        self.session.store(session, Ordering::Release);
    }

    pub(super) fn close(&self) {
        self.session.store(0, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    /// The session that is on; 0: none.
    pub(super) fn session(&self) -> u32 {
        self.session.load(Ordering::Acquire)
    }

    /// After [`Gate::close`]: nobody is inside any longer, and what they did is visible.
    pub(super) fn is_empty(&self) -> bool {
        self.inside.load(Ordering::Acquire) == 0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_closed_gate_lets_nobody_in_and_counts_who_is_inside() {
        let gate = Gate::new();
        assert!(!gate.enter() && gate.is_empty());
        gate.open(7);
        assert!(gate.enter());
        gate.close();
        assert!(!gate.is_empty());
        assert!(!gate.enter());
        gate.leave();
        assert!(gate.is_empty());
        assert_eq!(gate.session(), 0);
    }
}

/// Every interleaving of a signal handler with the end of a session, by loom.
#[cfg(all(test, loom))]
mod loom_model {
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    #[test]
    fn loom_after_the_last_one_left_nobody_touches_what_the_gate_guards() {
        loom::model(|| {
            let shared = Arc::new((Gate::new(), UnsafeCell::new(0_u32)));
            shared.0.open(1);
            let signal = {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    if shared.0.enter() {
                        // SAFETY: the gate let this thread in; loom checks that nobody else touches it.
                        shared.1.with_mut(|value| unsafe { *value += 1 });
                        shared.0.leave();
                    }
                })
            };
            shared.0.close();
            if shared.0.is_empty() {
                // SAFETY: nobody is inside and the gate is closed; loom checks it.
                shared.1.with_mut(|value| unsafe { *value += 1 });
            }
            signal.join().unwrap();
        });
    }
}
