//! Thread slots: a small dense number for each live thread, handed on when the thread ends.
//!
//! A shard table is indexed by it, so that "this thread's shard" is one array access and memory follows the threads
//! alive at once, not the threads ever started. The numbers are process-wide: one thread has one for all monitors.
//! Whoever holds a slot is the only writer of every shard at it. That is what allows plain loads and stores, and it
//! outlives the thread: the pool's lock orders all that the last holder wrote before the next one's writes.

use std::cell::Cell;
use std::sync::PoisonError;

use super::sync::{AtomicUsize, Mutex, Ordering};

/// Exclusive slots. Threads beyond them share the overflow slot, where cells are written by read-modify-write.
pub(super) const EXCLUSIVE: usize = 255;
/// The shared slot.
pub(super) const OVERFLOW: usize = EXCLUSIVE;
/// Slots in a shard table.
pub(super) const SLOTS: usize = EXCLUSIVE + 1;

const UNCLAIMED: usize = usize::MAX;

/// The exclusive slots that nobody holds.
pub(super) struct Pool {
    free: Mutex<Free>,
    /// Exclusive slots that ever had a holder.
    used: AtomicUsize,
}

struct Free {
    returned: Vec<usize>,
    never_used: std::ops::Range<usize>,
}

impl Pool {
    #[cfg(not(all(test, loom)))]
    const fn new(exclusive: usize) -> Self {
        Self {
            free: Mutex::new(Free {
                returned: Vec::new(),
                never_used: 0..exclusive,
            }),
            used: AtomicUsize::new(0),
        }
    }

    /// A slot for the caller alone; `None` when all are held.
    fn take(&self) -> Option<usize> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = free.returned.pop() {
            return Some(slot);
        }
        let slot = free.never_used.next()?;
        self.used.store(slot + 1, Ordering::Release);
        Some(slot)
    }

    fn give_back(&self, slot: usize) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.returned.push(slot);
    }
}

#[cfg(not(all(test, loom)))]
static POOL: Pool = Pool::new(EXCLUSIVE);
#[cfg(all(test, loom))]
loom::lazy_static! { static ref POOL: Pool = Pool::new(EXCLUSIVE); }

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
            POOL.give_back(slot);
        }
    }
}

/// The calling thread's slot, claimed at its first call; less than [`SLOTS`].
#[inline(always)]
pub(super) fn current() -> usize {
    let slot = SLOT.get();
    if slot < SLOTS { slot } else { claim() }
}

/// The calling thread's slot, if it has one to itself.
#[inline(always)]
pub(super) fn exclusive() -> Option<usize> {
    let slot = SLOT.get();
    (slot < EXCLUSIVE).then_some(slot)
}

#[cold]
#[inline(never)]
fn claim() -> usize {
    // A lease that is already gone means: the thread is ending, and nobody would give a slot back.
    let leased = LEASE.try_with(|_| ()).is_ok();
    let slot = leased.then(|| POOL.take()).flatten().unwrap_or(OVERFLOW);
    SLOT.set(slot);
    slot
}

/// The slots that ever had a holder: all that a reader has to look at.
pub(super) fn used() -> impl Iterator<Item = usize> {
    (0..POOL.used.load(Ordering::Acquire)).chain([OVERFLOW])
}

/// Every interleaving of two threads, by loom.
#[cfg(all(test, loom))]
mod loom_model {
    use loom::sync::Arc;
    use loom::thread;

    use super::super::shard::Writer;
    use super::super::sync::AtomicU64;
    use super::*;

    impl Pool {
        pub(super) fn new(exclusive: usize) -> Self {
            Self {
                free: Mutex::new(Free {
                    returned: Vec::new(),
                    never_used: 0..exclusive,
                }),
                used: AtomicUsize::new(0),
            }
        }
    }

    /// A thread's life: two records in whatever slot it gets.
    fn live(pool: &Pool, cells: &[AtomicU64; 2]) {
        let slot = pool.take();
        let (cell, writer) = match slot {
            Some(slot) => (&cells[slot], Writer::Owner),
            None => (&cells[1], Writer::Shared),
        };
        writer.add(cell, 1);
        writer.add(cell, 1);
        if let Some(slot) = slot {
            pool.give_back(slot);
        }
    }

    #[test]
    fn loom_a_slot_handed_on_loses_nothing() {
        loom::model(|| {
            let shared = Arc::new((Pool::new(1), [AtomicU64::new(0), AtomicU64::new(0)]));
            let threads: Vec<_> = (0..2)
                .map(|_| {
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || live(&shared.0, &shared.1))
                })
                .collect();
            threads
                .into_iter()
                .for_each(|thread| thread.join().unwrap());
            let [first, overflow] = &shared.1;
            let total = first.load(Ordering::Relaxed) + overflow.load(Ordering::Relaxed);
            assert_eq!(total, 4);
        });
    }
}
