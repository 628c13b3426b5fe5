//! A shard: what one thread recorded of one operation. One writer, any number of readers.
//!
//! The owner writes each cell with a plain relaxed load and store. No cell is written by two threads, with one
//! exception: the overflow slot's shard, written by read-modify-write. Everything is cumulative.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::histogram::{Histogram, OCTAVES, SUB_BUCKETS, index};

/// Work counters an operation can have.
pub(super) const COUNTERS: usize = 16;

/// How a cell is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// The only writer of this shard.
    Owner,
    /// One of several: the overflow slot.
    Shared,
}

impl Writer {
    #[inline(always)]
    fn add(self, cell: &AtomicU64, n: u64) {
        if self == Self::Owner {
            cell.store(cell.load(Relaxed).wrapping_add(n), Relaxed);
        } else {
            cell.fetch_add(n, Relaxed);
        }
    }

    /// Adds up to the largest value: sums of absurd durations stop there (584 years a thread) instead of wrapping.
    #[inline(always)]
    fn add_saturating(self, cell: &AtomicU64, n: u64) {
        if self == Self::Owner {
            cell.store(cell.load(Relaxed).saturating_add(n), Relaxed);
        } else {
            let _ = cell.fetch_update(Relaxed, Relaxed, |sum| Some(sum.saturating_add(n)));
        }
    }

    #[inline(always)]
    fn raise(self, cell: &AtomicU64, n: u64) {
        if self == Self::Shared {
            cell.fetch_max(n, Relaxed);
        } else if n > cell.load(Relaxed) {
            cell.store(n, Relaxed);
        }
    }
}

/// The distributions a shard keeps.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Latency of operations that ended well.
    Ok,
    /// Latency of operations that ended in an error.
    Error,
    /// Latency of operations that were cancelled.
    Cancelled,
    /// Service time.
    Service,
    /// Time inside polls.
    Polling,
}

/// Aligned so that no two threads' cells share a cache line, nor the pair of lines that x86 fetches together.
#[repr(align(128))]
pub(super) struct Shard {
    ok: Counts,
    others: [OnceLock<Box<Counts>>; 4],
    counters: [AtomicU64; COUNTERS],
    untimed: AtomicU64,
    /// Operations since the last timed one (1-in-N timing).
    skipped: AtomicU64,
}

/// A histogram's cells; the 64 buckets of a power of two are allocated at its first duration.
struct Counts {
    sum_ns: AtomicU64,
    max_ns: AtomicU64,
    rows: [OnceLock<Box<Row>>; OCTAVES],
}

type Row = [AtomicU64; SUB_BUCKETS];

impl Shard {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self {
            ok: Counts::new(),
            others: [const { OnceLock::new() }; 4],
            counters: [const { AtomicU64::new(0) }; COUNTERS],
            untimed: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
        })
    }

    #[inline(always)]
    pub(super) fn record(&self, writer: Writer, kind: Kind, ns: u64) {
        let counts = match kind {
            Kind::Ok => &self.ok,
            other => self.others[other as usize - 1].get_or_init(|| Box::new(Counts::new())),
        };
        counts.record(writer, ns);
    }

    #[inline(always)]
    pub(super) fn add(&self, writer: Writer, counter: usize, n: u64) {
        if let Some(cell) = self.counters.get(counter) {
            writer.add(cell, n);
        }
    }

    /// Counts an operation that is not timed.
    #[inline(always)]
    pub(super) fn count_untimed(&self, writer: Writer) {
        writer.add(&self.untimed, 1);
    }

    /// True for one call in `n`.
    #[inline(always)]
    pub(super) fn is_due(&self, writer: Writer, n: u64) -> bool {
        let skipped = self.skipped.load(Relaxed) + 1;
        let due = skipped >= n;
        if writer == Writer::Owner {
            self.skipped.store(if due { 0 } else { skipped }, Relaxed);
        } else {
            return (self.skipped.fetch_add(1, Relaxed) + 1).is_multiple_of(n);
        }
        due
    }

    pub(super) fn counter(&self, counter: usize) -> u64 {
        self.counters[counter].load(Relaxed)
    }

    pub(super) fn untimed(&self) -> u64 {
        self.untimed.load(Relaxed)
    }

    /// Operations that ended, timed or not.
    pub(super) fn ended(&self) -> u64 {
        let outcomes = [Kind::Ok, Kind::Error, Kind::Cancelled];
        let timed = outcomes.into_iter().filter_map(|kind| self.counts(kind));
        timed.map(Counts::count).sum::<u64>() + self.untimed()
    }

    fn counts(&self, kind: Kind) -> Option<&Counts> {
        match kind {
            Kind::Ok => Some(&self.ok),
            other => self.others[other as usize - 1]
                .get()
                .map(|counts| &**counts),
        }
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        let others = self
            .others
            .iter()
            .filter_map(OnceLock::get)
            .map(|counts| size_of::<Counts>() + counts.bytes());
        size_of::<Self>() + self.ok.bytes() + others.sum::<usize>()
    }
}

impl Counts {
    fn new() -> Self {
        Self {
            sum_ns: AtomicU64::new(0),
            max_ns: AtomicU64::new(0),
            rows: [const { OnceLock::new() }; OCTAVES],
        }
    }

    #[inline(always)]
    fn record(&self, writer: Writer, ns: u64) {
        let index = index(ns);
        let row = self.rows[index / SUB_BUCKETS].get_or_init(new_row);
        writer.add(&row[index % SUB_BUCKETS], 1);
        writer.add_saturating(&self.sum_ns, ns);
        writer.raise(&self.max_ns, ns);
    }

    fn count(&self) -> u64 {
        let rows = self.rows.iter().filter_map(OnceLock::get);
        rows.flat_map(|row| row.iter())
            .map(|cell| cell.load(Relaxed))
            .sum()
    }

    fn bytes(&self) -> usize {
        self.rows.iter().filter(|row| row.get().is_some()).count() * size_of::<Row>()
    }
}

#[cold]
fn new_row() -> Box<Row> {
    Box::new([const { AtomicU64::new(0) }; SUB_BUCKETS])
}

/// The sum of one distribution over all shards. The count comes from the buckets, so that it cannot disagree with
/// them; sum and maximum are read after the buckets, so that no counted operation is missing in them.
pub(super) fn gather<'a>(shards: impl Iterator<Item = &'a Shard>, kind: Kind) -> Histogram {
    let mut dense = Vec::new();
    let (mut sum_ns, mut max_ns) = (0_u128, 0_u64);
    for counts in shards.filter_map(|shard| shard.counts(kind)) {
        for (octave, row) in counts
            .rows
            .iter()
            .enumerate()
            .filter_map(|(at, row)| Some((at, row.get()?)))
        {
            dense.resize(OCTAVES * SUB_BUCKETS, 0_u64);
            let sums = &mut dense[octave * SUB_BUCKETS..][..SUB_BUCKETS];
            sums.iter_mut()
                .zip(row.iter())
                .for_each(|(sum, cell)| *sum += cell.load(Relaxed));
        }
        sum_ns += u128::from(counts.sum_ns.load(Relaxed));
        max_ns = max_ns.max(counts.max_ns.load(Relaxed));
    }
    Histogram::from_dense(&dense, sum_ns, max_ns)
}
