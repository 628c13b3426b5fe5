//! A ring of what threads leave: one writer that never waits and writes over what is oldest, one reader that finds out.
//!
//! The writer numbers entries from 0 on and keeps entry `n` in place `n` modulo the capacity. It raises `head` to `n`
//! before it touches the place of entry `n` for the first time, so a reader that sees any word of entry `n` where it
//! looked for the entry before it at that place sees, afterwards, a head of at least `n`.

use std::array;

use super::sync::{AtomicU64, Ordering, fence};

/// Entries that a reader copies before it looks whether they were whole.
const BATCH: usize = 64;

/// Aligned like a shard: its neighbours may be another thread's.
#[repr(align(128))]
pub(super) struct Ring<const WORDS: usize, const CAPACITY: usize> {
    /// Entries written.
    head: Head,
    entries: [[AtomicU64; WORDS]; CAPACITY],
}

/// Alone on its lines: the reader looks at it more often than at any entry.
#[repr(align(128))]
struct Head(AtomicU64);

impl<const WORDS: usize, const CAPACITY: usize> Ring<WORDS, CAPACITY> {
    /// A call of its own: a ring is made once for a slot.
    #[cfg(not(all(test, loom)))]
    #[cold]
    pub(super) fn new() -> Box<Self> {
        let layout = std::alloc::Layout::new::<Self>();
        // SAFETY: the layout is not empty.
        let place = unsafe { std::alloc::alloc_zeroed(layout) }.cast::<Self>();
        if place.is_null() {
            std::alloc::handle_alloc_error(layout);
        }
        // SAFETY: `place` came from the global allocator with this layout, is not null and belongs to nobody else. A
        // ring is made of atomic integers only, for which all bits zero are a value: no page is touched to make it.
        unsafe { Box::from_raw(place) }
    }

    #[cfg(all(test, loom))]
    pub(super) fn new() -> Box<Self> {
        Box::new(Self {
            head: Head(AtomicU64::new(0)),
            entries: array::from_fn(|_| array::from_fn(|_| AtomicU64::new(0))),
        })
    }

    /// Entries written so far.
    pub(super) fn head(&self) -> u64 {
        self.head.0.load(Ordering::Acquire)
    }

    /// Appends an entry. By the holder of the slot only.
    #[inline(always)]
    pub(super) fn push(&self, words: [u64; WORDS]) {
        self.write(self.head.0.load(Ordering::Relaxed), words);
    }

    /// Writes entry `head`, the next one.
    #[inline(always)]
    fn write(&self, head: u64, words: [u64; WORDS]) {
        // The head was raised before; whoever sees a word of this entry and then fences sees that it was.
        fence(Ordering::Release);
        for (cell, word) in self.entries[head as usize % CAPACITY].iter().zip(words) {
            cell.store(word, Ordering::Relaxed);
        }
        self.head.0.store(head + 1, Ordering::Release);
    }

    /// Hands over the entries from `next` to `until`, a head read before, and moves `next` there. Returns how many of
    /// them had been written over.
    pub(super) fn read(
        &self,
        next: &mut u64,
        until: u64,
        take: &mut dyn FnMut([u64; WORDS]),
    ) -> u64 {
        let all = until.saturating_sub(*next);
        let mut taken = 0;
        while *next < until {
            let end = until.min(*next + BATCH.min(CAPACITY) as u64);
            let mut batch = [[0; WORDS]; BATCH];
            for (copy, entry) in batch.iter_mut().zip(*next..end) {
                let cells = &self.entries[entry as usize % CAPACITY];
                *copy = array::from_fn(|word| cells[word].load(Ordering::Relaxed));
            }
            // Pairs with the writer's fence.
            fence(Ordering::Acquire);
            let head = self.head.0.load(Ordering::Relaxed);
            // Entry `head` may be under way, in the place of entry `head - CAPACITY`.
            let whole = (head + 1).saturating_sub(CAPACITY as u64).max(*next);
            let skipped = (whole - *next) as usize;
            let copied = (end - *next) as usize;
            let kept = batch.get(skipped..copied).unwrap_or_default();
            kept.iter().for_each(|words| take(*words));
            taken += kept.len() as u64;
            *next = end.max(whole.min(until));
        }
        all - taken
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const WORDS: usize = 4;
    const CAPACITY: usize = 8192;

    type Ring = super::Ring<WORDS, CAPACITY>;

    fn entry(n: u64) -> [u64; WORDS] {
        array::from_fn(|word| n * 10 + word as u64)
    }

    fn read(ring: &Ring, next: &mut u64) -> (Vec<[u64; WORDS]>, u64) {
        let mut taken = Vec::new();
        let overrun = ring.read(next, ring.head(), &mut |words| taken.push(words));
        (taken, overrun)
    }

    #[test]
    fn what_is_pushed_is_read_once_and_in_order() {
        let (ring, mut next) = (Ring::new(), 0);
        for round in 0..3000_u64 {
            (0..round % 7).for_each(|i| ring.push(entry(round * 10 + i)));
            let (taken, overrun) = read(&ring, &mut next);
            let expected: Vec<_> = (0..round % 7).map(|i| entry(round * 10 + i)).collect();
            assert_eq!((taken, overrun), (expected, 0));
        }
    }

    #[test]
    fn a_slow_reader_gets_the_latest_and_the_count_of_the_rest() {
        let (ring, mut next) = (Ring::new(), 0);
        let pushed = CAPACITY as u64 * 5 + 17;
        (0..pushed).for_each(|n| ring.push(entry(n)));
        let (taken, overrun) = read(&ring, &mut next);
        // The next one could be under way already.
        let kept = CAPACITY as u64 - 1;
        assert_eq!((taken.len() as u64, overrun), (kept, pushed - kept));
        assert_eq!(taken[0], entry(pushed - kept));
        assert_eq!(read(&ring, &mut next), (Vec::new(), 0));
    }

    #[test]
    fn under_a_writer_that_runs_ahead_no_entry_is_torn_and_all_are_accounted_for() {
        const PUSHED: u64 = 3_000_000;
        let (ring, mut next) = (Ring::new(), 0);
        let (mut taken, mut overrun, mut last) = (0, 0, None);
        std::thread::scope(|scope| {
            scope.spawn(|| (0..PUSHED).for_each(|n| ring.push(entry(n))));
            while next < PUSHED {
                overrun += ring.read(&mut next, ring.head(), &mut |words| {
                    assert_eq!(words, entry(words[0] / 10));
                    assert!(last < Some(words[0]));
                    last = Some(words[0]);
                    taken += 1;
                });
            }
        });
        assert_eq!(taken + overrun, PUSHED);
    }
}

/// Interleavings of a writer and a reader, by loom.
#[cfg(all(test, loom))]
mod loom_model {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    const WORDS: usize = 4;
    const WRITTEN: u64 = 3;

    #[test]
    fn loom_a_reader_takes_whole_segments_in_order_and_counts_the_others() {
        loom::model(|| {
            let ring = Arc::new(Ring::<WORDS, 2>::new());
            let writer = {
                let ring = Arc::clone(&ring);
                // Not by `push`: loom 0.7 forgets the reader's load of the head when the writer loads it, too, and then
                // tries one order only.
                thread::spawn(move || (0..WRITTEN).for_each(|n| ring.write(n, [n; WORDS])))
            };
            let (mut next, mut overrun, mut taken) = (0, 0, Vec::new());
            let mut read = || {
                let until = ring.head();
                overrun += ring.read(&mut next, until, &mut |words| {
                    assert_eq!(words, [words[0]; WORDS], "torn");
                    taken.push(words[0]);
                });
            };
            read();
            writer.join().unwrap();
            read();
            assert!(taken.is_sorted_by(|a, b| a < b), "{taken:?}");
            assert_eq!(taken.len() as u64 + overrun, WRITTEN);
            assert_eq!(taken.last(), Some(&(WRITTEN - 1)));
        });
    }
}
