//! A shard: what one thread recorded of one operation. One writer, any number of readers, cumulative.
//!
//! The owner writes each cell with a plain load and store. No cell is written by two threads, with one exception: the
//! overflow slot's shard, written by read-modify-write.

use super::counts::Counts;
use super::faults::Faulted;
use super::published::Published;
use super::spending::Spending;
use super::sync::{AtomicU64, Ordering};
use crate::allocation::Spent;

/// Work counters an operation can name.
pub(super) const COUNTERS: usize = 16;
/// Where everything is counted that belongs to none of them.
pub(super) const OTHER_COUNTERS: usize = COUNTERS;

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
    pub(super) fn add(self, cell: &AtomicU64, n: u64) {
        match self {
            Self::Owner => {
                let sum = cell.load(Ordering::Relaxed).wrapping_add(n);
                cell.store(sum, Ordering::Relaxed);
            }
            Self::Shared => {
                cell.fetch_add(n, Ordering::Relaxed);
            }
        }
    }

    /// Adds one, after everything that this thread wrote before: who sees it counted sees all of that.
    #[inline(always)]
    pub(super) fn count(self, cell: &AtomicU64) {
        match self {
            Self::Owner => {
                let sum = cell.load(Ordering::Relaxed).wrapping_add(1);
                cell.store(sum, Ordering::Release);
            }
            Self::Shared => {
                cell.fetch_add(1, Ordering::Release);
            }
        }
    }

    /// Adds up to the largest value: sums of absurd durations stop there (584 years a thread) instead of wrapping.
    #[inline(always)]
    pub(super) fn add_saturating(self, cell: &AtomicU64, n: u64) {
        match self {
            Self::Owner => {
                let sum = cell.load(Ordering::Relaxed).saturating_add(n);
                cell.store(sum, Ordering::Relaxed);
            }
            Self::Shared => {
                let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
                let _ = cell.fetch_update(set, get, |sum| Some(sum.saturating_add(n)));
            }
        }
    }

    #[inline(always)]
    pub(super) fn raise(self, cell: &AtomicU64, n: u64) {
        if n > cell.load(Ordering::Relaxed) {
            match self {
                Self::Owner => cell.store(n, Ordering::Relaxed),
                Self::Shared => {
                    cell.fetch_max(n, Ordering::Relaxed);
                }
            }
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
    others: [Published<Counts>; 4],
    counters: [AtomicU64; COUNTERS + 1],
    untimed: AtomicU64,
    /// 1-in-N timing: operations until the next timed one (low half), and the state of a random sequence.
    until_timed: AtomicU64,
    spending: Published<Spending>,
    faulted: Published<Faulted>,
}

impl Shard {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self {
            ok: Counts::new(),
            others: std::array::from_fn(|_| Published::empty()),
            counters: std::array::from_fn(|_| AtomicU64::new(0)),
            untimed: AtomicU64::new(0),
            until_timed: AtomicU64::new(0),
            spending: Published::empty(),
            faulted: Published::empty(),
        })
    }

    #[inline]
    pub(super) fn record(&self, writer: Writer, kind: Kind, ns: u64) {
        let counts = match kind {
            Kind::Ok => &self.ok,
            other => self.others[other as usize - 1].get_or(|| Box::new(Counts::new())),
        };
        counts.record(writer, ns);
    }

    /// [`Shard::record`] by the owner, where all cells are there; `None`: one is not, and nothing was recorded.
    #[inline(always)]
    pub(super) fn record_in_place(&self, kind: Kind, ns: u64) -> Option<()> {
        self.counts(kind)?.record_in_place(ns)
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
        writer.count(&self.untimed);
    }

    /// Counts what an operation allocated.
    #[inline]
    pub(super) fn spend(&self, writer: Writer, spent: &Spent) {
        self.spending.get_or(Spending::new).add(writer, spent);
    }

    pub(super) fn spending(&self) -> Option<&Spending> {
        self.spending.get()
    }

    /// Counts the major faults of a sampled operation that took `ns`.
    pub(super) fn fault(&self, writer: Writer, majors: u32, ns: u64) {
        self.faulted.get_or(Faulted::new).add(writer, majors, ns);
    }

    pub(super) fn faulted(&self) -> Option<&Faulted> {
        self.faulted.get()
    }

    /// True for one call in `n` on average. The gaps are random, from 1 to 2n - 1: a fixed one would beat against
    /// whatever period the operations have, and time always the same phase of it.
    #[inline(always)]
    pub(super) fn is_due(&self, writer: Writer, n: u32) -> bool {
        let state = self.until_timed.load(Ordering::Relaxed);
        if state as u32 == 0 {
            self.until_timed
                .store(next_gap(state, n), Ordering::Relaxed);
            return true;
        }
        match writer {
            Writer::Owner => self.until_timed.store(state - 1, Ordering::Relaxed),
            // Two threads here at zero would make the low half borrow; a lost decrement only makes a gap longer.
            Writer::Shared => {
                let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
                let _ = self
                    .until_timed
                    .compare_exchange(state, state - 1, set, get);
            }
        }
        false
    }

    pub(super) fn counter(&self, counter: usize) -> u64 {
        self.counters[counter].load(Ordering::Relaxed)
    }

    pub(super) fn untimed(&self) -> u64 {
        self.untimed.load(Ordering::Relaxed)
    }

    /// Operations that ended, timed or not.
    pub(super) fn ended(&self) -> u64 {
        let outcomes = [Kind::Ok, Kind::Error, Kind::Cancelled];
        let timed = outcomes.into_iter().filter_map(|kind| self.counts(kind));
        timed.map(Counts::count).sum::<u64>() + self.untimed()
    }

    #[inline(always)]
    pub(super) fn counts(&self, kind: Kind) -> Option<&Counts> {
        match kind {
            Kind::Ok => Some(&self.ok),
            other => self.others[other as usize - 1].get(),
        }
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        let others = self.others.iter().filter_map(Published::get);
        let others = others.map(|counts| size_of::<Counts>() + counts.bytes());
        let spending = self.spending.get().map_or(0, size_of_val);
        let faulted = self.faulted.get().map_or(0, size_of_val);
        size_of::<Self>() + self.ok.bytes() + others.sum::<usize>() + spending + faulted
    }
}

/// The state after a timed operation: the low half holds how many follow untimed, uniform in 0..=2n-2; the high half
/// the random sequence.
#[cold]
fn next_gap(state: u64, n: u32) -> u64 {
    let random = u64::from(next_random((state >> 32) as u32));
    let choices = 2 * u64::from(n) - 1;
    let gap = (random * choices) >> 32;
    random << 32 | gap.min(u64::from(u32::MAX))
}

/// What follows in a random sequence: a linear congruence modulo 2^32 with the constants of Numerical Recipes, of which
/// the upper bits are to be used.
pub(super) const fn next_random(random: u32) -> u32 {
    random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223)
}
