//! The cells of one distribution in one shard, and the sum of them over all shards.

use super::published::Published;
use super::shard::Writer;
use super::sync::{AtomicU64, Ordering, fence};
use crate::histogram::{BUCKETS, Histogram, OCTAVES, SUB_BUCKETS, index, prometheus};

/// A histogram's cells; the 64 buckets of a power of two are allocated at its first duration, so that a distribution
/// takes half a KiB for each power of two it spans.
///
/// The owner's latest record waits in `latest` and goes to its bucket with the next one. A store whose address comes
/// from the clock just read holds up the next reading of the clock until the address is known: counted at once, an
/// operation costs half as much again. Readers add what waits, so that nobody notices.
pub(super) struct Counts {
    sum_ns: AtomicU64,
    max_ns: AtomicU64,
    latest: AtomicU64,
    rows: [Published<Row>; OCTAVES],
}

/// Aligned like a shard: its neighbours on the heap may be another thread's.
#[repr(align(128))]
struct Row([AtomicU64; SUB_BUCKETS]);

/// What `latest` holds: how many records the owner made, and above the last one's bucket. 0: none.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Latest(u64);

impl Latest {
    const BUCKET_BITS: u32 = BUCKETS.next_power_of_two().trailing_zeros();

    #[inline(always)]
    fn next(self, bucket: usize) -> Self {
        Self((self.records() + 1) << Self::BUCKET_BITS | bucket as u64)
    }

    #[inline(always)]
    fn records(self) -> u64 {
        self.0 >> Self::BUCKET_BITS
    }

    #[inline(always)]
    fn bucket(self) -> Option<usize> {
        (self.0 != 0).then_some(self.0 as usize & ((1 << Self::BUCKET_BITS) - 1))
    }
}

impl Counts {
    pub(super) fn new() -> Self {
        Self {
            sum_ns: AtomicU64::new(0),
            max_ns: AtomicU64::new(0),
            latest: AtomicU64::new(0),
            rows: std::array::from_fn(|_| Published::empty()),
        }
    }

    #[inline]
    pub(super) fn record(&self, writer: Writer, ns: u64) {
        let bucket = index(ns);
        let row = self.rows[bucket / SUB_BUCKETS].get_or(new_row);
        if writer == Writer::Owner {
            self.write(bucket, ns);
            return;
        }
        // Sum and maximum first: a reader that sees a duration counted finds it in both.
        writer.raise(&self.max_ns, ns);
        writer.add_saturating(&self.sum_ns, ns);
        writer.count(&row.0[bucket % SUB_BUCKETS]);
    }

    /// [`Counts::record`] by the owner, where the row is there; `None`: it is not, and nothing was recorded.
    #[inline(always)]
    pub(super) fn record_in_place(&self, ns: u64) -> Option<()> {
        let bucket = index(ns);
        self.rows.get(bucket / SUB_BUCKETS)?.get()?;
        self.write(bucket, ns);
        Some(())
    }

    /// The owner's record: the one before it goes to its bucket, whose row is there since it was recorded.
    #[inline(always)]
    fn write(&self, bucket: usize, ns: u64) {
        let latest = Latest(self.latest.load(Ordering::Relaxed));
        if let Some(before) = latest.bucket()
            && let Some(row) = self.rows.get(before / SUB_BUCKETS).and_then(Published::get)
        {
            Writer::Owner.count(&row.0[before % SUB_BUCKETS]);
        }
        Writer::Owner.raise(&self.max_ns, ns);
        Writer::Owner.add_saturating(&self.sum_ns, ns);
        self.latest.store(latest.next(bucket).0, Ordering::Release);
    }

    /// Durations recorded.
    pub(super) fn count(&self) -> u64 {
        match self.latest().records() {
            // None by an owner, who would have counted them; perhaps by several threads.
            0 => self.filled().map(|(_, count)| count).sum(),
            records => records,
        }
    }

    /// Appends the buckets that are not empty; one may be there twice.
    ///
    /// While the owner records, the latest is left out after a second try: by then everything is in its bucket that
    /// an earlier reader can have seen waiting, so that no count ever goes down.
    fn read(&self, filled: &mut Vec<(usize, u64)>) {
        let start = filled.len();
        for _ in 0..2 {
            let before = self.latest();
            filled.truncate(start);
            filled.extend(self.filled());
            // Pairs with the release of `Writer::count`: who saw a later record's predecessor counted sees it here.
            fence(Ordering::Acquire);
            if self.latest() == before {
                let counted: u64 = filled[start..].iter().map(|(_, count)| count).sum();
                // Its owner may have been about to record the next one: then it is in its bucket.
                if counted < before.records() {
                    filled.extend(before.bucket().map(|bucket| (bucket, 1)));
                }
                return;
            }
        }
    }

    fn filled(&self) -> impl Iterator<Item = (usize, u64)> {
        let rows = self.rows.iter().enumerate();
        rows.filter_map(|(octave, row)| Some((octave, row.get()?)))
            .flat_map(|(octave, row)| {
                let cells = row.0.iter().map(|cell| cell.load(Ordering::Relaxed));
                cells
                    .enumerate()
                    .map(move |(place, count)| (octave * SUB_BUCKETS + place, count))
            })
            .filter(|(_, count)| *count > 0)
    }

    fn latest(&self) -> Latest {
        Latest(self.latest.load(Ordering::Acquire))
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
    let mut filled = Vec::new();
    shards.iter().for_each(|counts| counts.read(&mut filled));
    let first = filled.iter().map(|(bucket, _)| *bucket).min().unwrap_or(0);
    let mut sums = Vec::new();
    for (bucket, count) in filled {
        let place = bucket - first;
        sums.resize(sums.len().max(place + 1), 0_u64);
        sums[place] += count;
    }
    let sums = (first..).map(prometheus).zip(sums);
    let buckets = sums.filter(|(_, count)| *count > 0).collect();
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

    /// Count, sum and maximum in nanoseconds, as a snapshot has them.
    fn seen(counts: &Counts) -> (u64, u128, u128) {
        let seen = gather(&[counts]);
        let max = seen.max().unwrap_or_default();
        (seen.count(), seen.sum().as_nanos(), max.as_nanos())
    }

    #[test]
    fn loom_a_reader_finds_what_is_counted_in_sum_and_maximum() {
        loom::model(|| {
            let counts = Arc::new(Counts::new());
            let writer = {
                let counts = Arc::clone(&counts);
                thread::spawn(move || (0..2).for_each(|_| counts.record(Writer::Owner, 7)))
            };
            let (count, sum, max) = seen(&counts);
            assert!(
                sum >= 7 * u128::from(count) && max >= 7 * u128::from(count.min(1)),
                "{count} {sum} {max}"
            );
            writer.join().unwrap();
            assert_eq!(seen(&counts), (2, 14, 7));
        });
    }

    #[test]
    fn loom_no_count_goes_down_and_none_is_counted_twice() {
        loom::model(|| {
            let counts = Arc::new(Counts::new());
            counts.record(Writer::Owner, 7);
            let writer = {
                let counts = Arc::clone(&counts);
                thread::spawn(move || (0..2).for_each(|_| counts.record(Writer::Owner, 7)))
            };
            let (first, ..) = seen(&counts);
            let (second, ..) = seen(&counts);
            assert!(
                1 <= first && first <= second && second <= 3,
                "{first} {second}"
            );
            writer.join().unwrap();
            assert_eq!(seen(&counts), (3, 21, 7));
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
            assert_eq!(seen(&counts), (2, 10, 5));
        });
    }
}
