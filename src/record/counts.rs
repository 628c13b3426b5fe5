//! The cells of one distribution in one shard, and the sum of them over all shards.

use super::published::Published;
use super::shard::Writer;
use super::sync::{AtomicU64, Ordering, fence};
use crate::histogram::{Histogram, OCTAVES, SUB_BUCKETS, index, prometheus};

/// A histogram's cells; the 64 buckets of a power of two are allocated at its first duration, so that a distribution
/// takes half a KiB for each power of two it spans.
pub(super) struct Counts {
    sum_ns: AtomicU64,
    max_ns: AtomicU64,
    rows: [Published<Row>; OCTAVES],
}

/// Aligned like a shard: its neighbours on the heap may be another thread's.
#[repr(align(128))]
struct Row([AtomicU64; SUB_BUCKETS]);

impl Counts {
    pub(super) fn new() -> Self {
        Self {
            sum_ns: AtomicU64::new(0),
            max_ns: AtomicU64::new(0),
            rows: std::array::from_fn(|_| Published::empty()),
        }
    }

    /// Sum and maximum first, the bucket last: a reader that sees a duration counted finds it in both.
    #[inline(always)]
    pub(super) fn record(&self, writer: Writer, ns: u64) {
        let index = index(ns);
        let row = self.rows[index / SUB_BUCKETS].get_or(new_row);
        writer.raise(&self.max_ns, ns);
        writer.add_saturating(&self.sum_ns, ns);
        writer.count(&row.0[index % SUB_BUCKETS]);
    }

    pub(super) fn count(&self) -> u64 {
        let cells = self
            .rows
            .iter()
            .filter_map(Published::get)
            .flat_map(|row| &row.0);
        cells.map(|cell| cell.load(Ordering::Relaxed)).sum()
    }

    pub(super) fn bytes(&self) -> usize {
        self.rows.iter().filter_map(Published::get).count() * size_of::<Row>()
    }
}

#[cold]
fn new_row() -> Box<Row> {
    Box::new(Row(std::array::from_fn(|_| AtomicU64::new(0))))
}

/// One distribution, summed over the shards. The count comes from the buckets, so that it cannot disagree with them;
/// sum and maximum are read after the buckets, so that no counted duration is missing in them.
pub(super) fn gather(shards: &[&Counts]) -> Histogram {
    let mut buckets = Vec::new();
    for octave in 0..OCTAVES {
        let mut rows = shards
            .iter()
            .filter_map(|counts| counts.rows[octave].get())
            .peekable();
        if rows.peek().is_none() {
            continue;
        }
        let mut sums = [0_u64; SUB_BUCKETS];
        for row in rows {
            let cells = row.0.iter().map(|cell| cell.load(Ordering::Relaxed));
            sums.iter_mut()
                .zip(cells)
                .for_each(|(sum, count)| *sum += count);
        }
        let counted = sums.iter().enumerate().filter(|(_, count)| **count > 0);
        buckets.extend(
            counted.map(|(place, count)| (prometheus(octave * SUB_BUCKETS + place), *count)),
        );
    }
    // Pairs with the release of `Writer::count`.
    fence(Ordering::Acquire);
    let sums = shards
        .iter()
        .map(|counts| counts.sum_ns.load(Ordering::Relaxed));
    let sum_ns = sums.map(u128::from).sum();
    let maxima = shards
        .iter()
        .map(|counts| counts.max_ns.load(Ordering::Relaxed));
    Histogram::from_ascending(buckets, sum_ns, maxima.max().unwrap_or(0))
}

/// Every interleaving of two threads, by loom.
#[cfg(all(test, loom))]
mod loom_model {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    fn seen(counts: &Counts, ns: u64) -> (u64, u64, u64) {
        let index = index(ns);
        let cell = counts.rows[index / SUB_BUCKETS]
            .get()
            .map(|row| &row.0[index % SUB_BUCKETS]);
        let count = cell.map_or(0, |cell| cell.load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        (
            count,
            counts.sum_ns.load(Ordering::Relaxed),
            counts.max_ns.load(Ordering::Relaxed),
        )
    }

    #[test]
    fn loom_a_reader_finds_what_is_counted_in_sum_and_maximum() {
        loom::model(|| {
            let counts = Arc::new(Counts::new());
            let writer = {
                let counts = Arc::clone(&counts);
                thread::spawn(move || (0..2).for_each(|_| counts.record(Writer::Owner, 7)))
            };
            let (count, sum, max) = seen(&counts, 7);
            assert!(
                sum >= 7 * count && max >= 7 * count.min(1),
                "{count} {sum} {max}"
            );
            writer.join().unwrap();
            assert_eq!(seen(&counts, 7), (2, 14, 7));
        });
    }

    #[test]
    fn loom_writers_that_share_make_one_row_and_lose_nothing() {
        loom::model(|| {
            let counts = Arc::new(Counts::new());
            let threads: Vec<_> = [5, 5]
                .into_iter()
                .map(|ns| {
                    let counts = Arc::clone(&counts);
                    thread::spawn(move || counts.record(Writer::Shared, ns))
                })
                .collect();
            threads
                .into_iter()
                .for_each(|thread| thread.join().unwrap());
            assert_eq!(seen(&counts, 5), (2, 10, 5));
        });
    }
}
