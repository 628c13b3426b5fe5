//! Receipts on their way: a thread that ends a slow operation leaves one in its slot's ring.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::published::Published;
use super::super::ring::Ring;
use super::super::slots::{self, EXCLUSIVE};
use super::receipt::{Receipt, WORDS};

/// Receipts in a ring, 9 KiB, until the collector's next beat.
#[cfg(not(all(test, loom)))]
const CAPACITY: usize = 64;
#[cfg(all(test, loom))]
const CAPACITY: usize = 2;

/// The rings of one recorder, made at a thread's first slow operation.
pub(in crate::record) struct Left {
    rings: [Published<Ring<WORDS, CAPACITY>>; EXCLUSIVE],
    /// Of threads without a ring.
    unplaced: AtomicU64,
}

/// Who reads them: one at a time.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// By slot: the next to read.
    next: Vec<u64>,
    unplaced: u64,
}

impl Left {
    pub(in crate::record) fn new() -> Self {
        Self {
            rings: std::array::from_fn(|_| Published::empty()),
            unplaced: AtomicU64::new(0),
        }
    }

    /// Leaves one. Waits for nobody.
    pub(in crate::record) fn leave(&self, receipt: &Receipt) {
        match self.rings.get(slots::current()) {
            Some(ring) => ring.get_or(Ring::new).push(receipt.words()),
            None => _ = self.unplaced.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Bytes held.
    pub(in crate::record) fn bytes(&self) -> usize {
        let made = self.rings.iter().filter_map(Published::get);
        size_of::<Self>() + made.map(size_of_val).sum::<usize>()
    }
}

impl Reader {
    /// Hands over what was left since the last call, each thread's in the order of their ends; how many more there were.
    pub(super) fn read(&mut self, left: &Left, take: &mut dyn FnMut(Receipt)) -> u64 {
        let unplaced = left.unplaced.load(Ordering::Relaxed);
        let mut lost = unplaced - std::mem::replace(&mut self.unplaced, unplaced);
        self.next.resize(EXCLUSIVE, 0);
        for slot in slots::used() {
            let ring = left.rings.get(slot).and_then(Published::get);
            if let Some((ring, next)) = ring.zip(self.next.get_mut(slot)) {
                lost += ring.read(next, ring.head(), &mut |words| take(Receipt::of(words)));
            }
        }
        lost
    }
}

impl fmt::Debug for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Left").finish_non_exhaustive()
    }
}
