//! Thread slots: a small dense number for each live thread, handed on when the thread ends.
//!
//! A shard table is indexed by it, so that "this thread's cell" is one array access and memory follows the threads
//! alive at once, not the threads ever started. The numbers are process-wide: one thread has one for all monitors.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

/// Exclusive slots. Threads beyond them share the overflow slot, where cells are written by read-modify-write.
pub(super) const EXCLUSIVE: usize = 255;
/// The shared slot.
pub(super) const OVERFLOW: usize = EXCLUSIVE;
/// Slots in a shard table.
pub(super) const SLOTS: usize = EXCLUSIVE + 1;

const UNCLAIMED: usize = usize::MAX;

struct Pool {
    free: Vec<usize>,
    next: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool {
    free: Vec::new(),
    next: 0,
});

/// Gives the thread's slot back when the thread ends.
struct Lease;

thread_local! {
    // No destructor and constant initialisation: reading it is one load.
    static SLOT: Cell<usize> = const { Cell::new(UNCLAIMED) };
    static LEASE: Lease = const { Lease };
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Destructors of other thread-locals may still record: they share the overflow slot from here on.
        let slot = SLOT.replace(OVERFLOW);
        if slot < EXCLUSIVE {
            // The lock orders this thread's writes before those of the slot's next owner.
            POOL.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .free
                .push(slot);
        }
    }
}

/// The calling thread's slot, claimed at its first call.
#[inline(always)]
pub(super) fn current() -> usize {
    let slot = SLOT.get();
    if slot < SLOTS { slot } else { claim() }
}

#[cold]
#[inline(never)]
fn claim() -> usize {
    // A lease that is already gone means: the thread is ending, and nobody would give a slot back.
    let slot = if LEASE.try_with(|_| ()).is_ok() {
        take()
    } else {
        OVERFLOW
    };
    SLOT.set(slot);
    slot
}

fn take() -> usize {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    pool.free.pop().unwrap_or_else(|| {
        let next = pool.next.min(OVERFLOW);
        pool.next = next + 1;
        next
    })
}
