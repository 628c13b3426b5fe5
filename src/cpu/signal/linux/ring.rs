//! A bounded ring without locks: signal handlers of any number of threads put records in, one reader takes them out.
//!
//! D. Vyukov's bounded queue. Each slot has a turn: twice the lap while the slot may be written in that lap, one more
//! while it may be read. A writer claims a position by advancing `claimed`, fills the slot, and publishes it by its
//! turn. A full ring turns writers away at once; a writer that is interrupted between claim and publication holds up
//! the reader, never another writer. What signal handlers run here must not panic: positions wrap, nothing is indexed
//! with a check.

use super::sync::{AtomicUsize, Ordering, UnsafeCell};

/// A ring of `SLOTS` records, a power of two.
#[derive(Debug)]
pub(super) struct Ring<T, const SLOTS: usize> {
    /// The next position to be written.
    claimed: AtomicUsize,
    /// The next position to be read; only the reader changes it.
    taken: AtomicUsize,
    slots: [Slot<T>; SLOTS],
}

#[derive(Debug)]
struct Slot<T> {
    turn: AtomicUsize,
    record: UnsafeCell<T>,
}

// SAFETY: a record is reached only by who has its slot's turn: the one writer that claimed the position, then the one
// reader. Each hands it on by a release store of the turn that the next one loads with acquire.
unsafe impl<T: Send, const SLOTS: usize> Sync for Ring<T, SLOTS> {}

impl<T: Default, const SLOTS: usize> Ring<T, SLOTS> {
    pub(super) fn new() -> Self {
        const { assert!(SLOTS.is_power_of_two()) }
        Self {
            claimed: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
            slots: std::array::from_fn(|_| Slot {
                turn: AtomicUsize::new(0),
                record: UnsafeCell::new(T::default()),
            }),
        }
    }
}

impl<T, const SLOTS: usize> Ring<T, SLOTS> {
    /// Lets `fill` write the record of a free slot, which has the index it is given, and publishes it. `false`: full.
    /// For signal handlers.
    #[inline(always)]
    pub(super) fn push(&self, fill: impl FnOnce(usize, *mut T)) -> bool {
        let Some(position) = self.claim() else {
            return false;
        };
        let slot = self.slot(position);
        slot.record
            .with_mut(|record| fill(position & (SLOTS - 1), record));
        let readable = first_turn::<SLOTS>(position).wrapping_add(1);
        slot.turn.store(readable, Ordering::Release);
        true
    }

    /// A position for the caller alone; `None` when the ring is full.
    #[inline(always)]
    fn claim(&self) -> Option<usize> {
        let mut position = self.claimed.load(Ordering::Relaxed);
        loop {
            let turn = self.slot(position).turn.load(Ordering::Acquire);
            let ahead = turn.wrapping_sub(first_turn::<SLOTS>(position)) as isize;
            if ahead < 0 {
                return None; // the reader has not taken what the lap before left here
            }
            if ahead > 0 {
                position = self.claimed.load(Ordering::Relaxed); // somebody else has been here
                continue;
            }
            match self.claimed.compare_exchange_weak(
                position,
                position.wrapping_add(1),
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some(position),
                Err(now) => position = now,
            }
        }
    }

    /// Hands the oldest record and its slot's index to `take`, then frees the slot. `None`: nothing is published.
    ///
    /// # Safety
    /// One call at a time.
    pub(super) unsafe fn pop<R>(&self, take: impl FnOnce(usize, &T) -> R) -> Option<R> {
        let position = self.taken.load(Ordering::Relaxed);
        let slot = self.slot(position);
        let readable = first_turn::<SLOTS>(position).wrapping_add(1);
        if slot.turn.load(Ordering::Acquire) != readable {
            return None;
        }
        let result = slot.record.with(|record| {
            // SAFETY: the turn says that its writer has published it and that it is not free: nobody writes it.
            let record = unsafe { &*record };
            take(position & (SLOTS - 1), record)
        });
        slot.turn.store(readable.wrapping_add(1), Ordering::Release);
        self.taken
            .store(position.wrapping_add(1), Ordering::Relaxed);
        Some(result)
    }

    #[inline(always)]
    fn slot(&self, position: usize) -> &Slot<T> {
        let first = &raw const self.slots;
        // SAFETY: `SLOTS` is a power of two, so the masked position is less than it: within the array.
        let slot = unsafe { first.cast::<Slot<T>>().add(position & (SLOTS - 1)) };
        // SAFETY: an element of `self.slots`, borrowed as long as `self`; its parts are shared by atomics and cells.
        unsafe { &*slot }
    }
}

/// The turn at which the slot of `position` may be written.
#[inline(always)]
fn first_turn<const SLOTS: usize>(position: usize) -> usize {
    (position / SLOTS).wrapping_mul(2)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64};

    use super::*;

    fn pop<T: Copy, const SLOTS: usize>(ring: &Ring<T, SLOTS>) -> Option<T> {
        // SAFETY: these tests read on one thread.
        unsafe { ring.pop(|_, record| *record) }
    }

    fn push<const SLOTS: usize>(ring: &Ring<u64, SLOTS>, value: u64) -> bool {
        ring.push(|_, record| {
            // SAFETY: `push` gives a slot that is this call's alone.
            unsafe { *record = value }
        })
    }

    #[test]
    fn a_full_ring_turns_away_and_keeps_what_it_has() {
        let ring = Ring::<u64, 4>::new();
        for lap in 0..5 {
            let pushed: Vec<bool> = (0..6).map(|value| push(&ring, lap * 10 + value)).collect();
            assert_eq!(pushed, [true, true, true, true, false, false]);
            let popped: Vec<u64> = std::iter::from_fn(|| pop(&ring)).collect();
            assert_eq!(
                popped,
                [0, 1, 2, 3].map(|value| lap * 10 + value),
                "lap {lap}"
            );
        }
    }

    #[test]
    fn a_record_is_filled_in_the_slot_it_is_read_from() {
        let ring = Ring::<u64, 2>::new();
        for round in 0..5 {
            let mut written = None;
            assert!(ring.push(|slot, _| written = Some(slot)));
            // SAFETY: read on one thread.
            let read = unsafe { ring.pop(|slot, _| slot) };
            assert_eq!(read, written);
            assert_eq!(read, Some(round % 2));
        }
    }

    /// Every record is whole, comes once, and each writer's come in their order; the refused ones are as many as missing.
    #[test]
    fn four_writers_and_a_reader_lose_nothing_unseen() {
        const EACH: u64 = 50_000;
        let ring = Ring::<[u64; 8], 8>::new();
        let (refused, writing) = (AtomicU64::new(0), AtomicBool::new(true));
        let mut seen = [0_u64; 4];
        let mut last = [0_u64; 4];
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..4)
                .map(|writer| {
                    let (ring, refused) = (&ring, &refused);
                    scope.spawn(move || {
                        for number in 1..=EACH {
                            let value = writer << 32 | number;
                            // SAFETY: `push` gives a slot that is this call's alone.
                            if !ring.push(|_, record| unsafe { *record = [value; 8] }) {
                                refused.fetch_add(1, Ordering::Relaxed);
                                std::thread::yield_now();
                            }
                        }
                    })
                })
                .collect();
            scope.spawn(|| {
                writers
                    .into_iter()
                    .for_each(|writer| writer.join().unwrap());
                writing.store(false, Ordering::Release);
            });
            loop {
                let ended = !writing.load(Ordering::Acquire);
                while let Some(record) = pop(&ring) {
                    assert!(record.iter().all(|word| *word == record[0]), "{record:?}");
                    let writer = (record[0] >> 32) as usize;
                    let number = record[0] & u64::from(u32::MAX);
                    assert!(
                        number > last[writer],
                        "writer {writer}: {number} after {}",
                        last[writer]
                    );
                    last[writer] = number;
                    seen[writer] += 1;
                }
                if ended {
                    break;
                }
            }
        });
        let taken: u64 = seen.iter().sum();
        assert_eq!(taken + refused.load(Ordering::Relaxed), 4 * EACH);
        assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
    }
}

/// Every interleaving of two writers and the reader, by loom, which also sees two at one record.
#[cfg(all(test, loom))]
mod loom_model {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    fn push(ring: &Ring<u32, 2>, value: u32) -> bool {
        // SAFETY: `push` gives a slot that is this call's alone; loom checks it.
        ring.push(|_, record| unsafe { *record = value })
    }

    fn pop(ring: &Ring<u32, 2>) -> Option<u32> {
        // SAFETY: the model reads on one thread.
        unsafe { ring.pop(|_, record| *record) }
    }

    /// Slots are used again while the writers go on: two slots for four records. All interleavings of up to three
    /// preemptions: beyond that they are too many.
    #[test]
    fn loom_what_writers_publish_is_read_once_and_whole() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let ring = Arc::new(Ring::<u32, 2>::new());
            let writers: Vec<_> = [[1, 2], [11, 12]]
                .into_iter()
                .map(|values| {
                    let ring = Arc::clone(&ring);
                    thread::spawn(move || values.map(|value| u32::from(push(&ring, value))))
                })
                .collect();
            let mut read: Vec<u32> = (0..2).filter_map(|_| pop(&ring)).collect();
            let pushed: u32 = writers
                .into_iter()
                .flat_map(|writer| writer.join().unwrap())
                .sum();
            read.extend(std::iter::from_fn(|| pop(&ring)));
            assert_eq!(read.len() as u32, pushed);
            assert!(pushed >= 2, "two slots were free");
            for values in [[1, 2], [11, 12]] {
                let order: Vec<u32> = read
                    .iter()
                    .copied()
                    .filter(|value| values.contains(value))
                    .collect();
                assert!(order.is_sorted(), "{read:?}");
            }
        });
    }

    /// A slot that is handed from writer to reader to writer, under every interleaving.
    #[test]
    fn loom_a_slot_is_one_writers_or_the_readers() {
        loom::model(|| {
            let ring = Arc::new(Ring::<u32, 2>::new());
            assert!(push(&ring, 1) && push(&ring, 2));
            let writer = {
                let ring = Arc::clone(&ring);
                thread::spawn(move || push(&ring, 3))
            };
            let first = pop(&ring);
            let pushed = writer.join().unwrap();
            let rest: Vec<u32> = std::iter::from_fn(|| pop(&ring)).collect();
            assert_eq!(first, Some(1));
            assert_eq!(rest, if pushed { vec![2, 3] } else { vec![2] });
        });
    }
}
