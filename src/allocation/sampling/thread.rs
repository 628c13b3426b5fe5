//! A thread's next sampled byte, counted along with what it allocates.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use super::chance;
use super::session;

thread_local! {
    // No destructor and constant initialisation, as all that an allocation touches.
    static STATE: State = const { State {
        session: Cell::new(0),
        next: Cell::new(u64::MAX),
        random: Cell::new(0),
        unsampled: Cell::new(0),
        number: Cell::new(0),
    } };
}

struct State {
    /// The session that the threshold is of.
    session: Cell<u32>,
    next: Cell<u64>,
    random: Cell<u64>,
    /// Not 0: this thread is not sampled.
    unsampled: Cell<u32>,
    /// As the kernel numbers it.
    number: Cell<u32>,
}

/// The thread's count of bytes has reached `until`, or a session has started: whether the block that got it there is
/// sampled. Sets the next threshold, which is `most` at most.
#[cold]
#[inline(never)]
pub(in crate::allocation) fn due(allocated: u64, until: &AtomicU64, most: u64) -> bool {
    let Ok(is_due) = STATE.try_with(|state| state.due(allocated, until, most)) else {
        return false; // has no destructor, so it is always there
    };
    is_due
}

impl State {
    fn due(&self, allocated: u64, until: &AtomicU64, most: u64) -> bool {
        let mut is_due = false;
        loop {
            let session = session::under_way();
            if self.session.replace(session) != session {
                let none = session == 0;
                self.next.set(if none {
                    u64::MAX
                } else {
                    self.after(allocated)
                });
            } else if allocated >= self.next.get() && session != 0 {
                is_due = true;
                self.next.set(self.after(allocated));
            }
            // A session that starts meanwhile writes a threshold of its own: either it was before, and is seen below, or
            // it stands.
            until.swap(self.next.get().min(most), Ordering::AcqRel);
            fence(Ordering::SeqCst);
            if session::under_way() == session {
                return is_due && self.unsampled.get() == 0;
            }
        }
    }

    fn after(&self, allocated: u64) -> u64 {
        allocated.saturating_add(self.gap())
    }

    fn gap(&self) -> u64 {
        let mut random = self.random.get();
        if random == 0 {
            random = seed();
        }
        let gap = chance::gap(&mut random, session::mean());
        self.random.set(random);
        gap
    }
}

/// Another one for each thread and each process.
fn seed() -> u64 {
    static THREADS: AtomicU64 = AtomicU64::new(0);
    // SAFETY: takes a number and gives one.
    let given = unsafe { libc::getauxval(libc::AT_RANDOM) } as *const [u8; 8];
    let of_process = if given.is_null() {
        0
    } else {
        // SAFETY: the kernel's sixteen random bytes, which stay where they are.
        u64::from_ne_bytes(unsafe { *given })
    };
    let of_thread = THREADS.fetch_add(0xd1b5_4a32_d192_ed03, Ordering::Relaxed);
    of_process.wrapping_add(of_thread) | 1
}

/// The calling thread, as the kernel numbers it.
pub(super) fn number() -> u32 {
    let state = |state: &State| {
        if state.number.get() == 0 {
            // SAFETY: takes nothing.
            state.number.set(unsafe { libc::gettid() }.cast_unsigned());
        }
        state.number.get()
    };
    STATE.try_with(state).unwrap_or(0)
}

/// All threads look anew when they allocate next.
pub(super) fn wake_all() {
    crate::allocation::threads::sample_anew();
}

/// While it lives, the thread that made it is not sampled.
#[derive(Debug)]
pub(crate) struct Unsampled(std::marker::PhantomData<*const ()>);

impl Unsampled {
    pub(crate) fn here() -> Self {
        STATE.with(|state| state.unsampled.set(state.unsampled.get() + 1));
        Self(std::marker::PhantomData)
    }
}

impl Drop for Unsampled {
    fn drop(&mut self) {
        STATE.with(|state| state.unsampled.set(state.unsampled.get().saturating_sub(1)));
    }
}
