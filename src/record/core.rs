//! What all handles of one operation share: its name, its shards, its work counters' names.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::counts::gather;
use super::published::Published;
use super::receipts::{Bar, Left, Receipt, Slow};
use super::segments::{self, OPERATIONS};
use super::shard::{COUNTERS, Kind, OTHER_COUNTERS, Shard, Writer};
use super::slots::{self, OVERFLOW, SLOTS};
use crate::allocation::Spent;
use crate::clock::Moment;
use crate::histogram::Histogram;
use crate::recall::JudgedQueries;
use crate::segment::Outcome;
use crate::snapshot::{AllocationSnapshot, CounterReading, FaultSnapshot, OperationSnapshot};

/// What takes the work of counters that are not this operation's, or beyond the sixteenth.
const OTHERS: &str = "(other counters)";

pub(super) struct Core {
    pub(super) name: Arc<str>,
    /// Unlike an address, never given to another operation.
    pub(super) id: u64,
    /// The id where a segment has room for it, else 0: nobody's.
    pub(super) number: u32,
    shards: [Published<Shard>; SLOTS],
    counters: Mutex<Vec<String>>,
    judged: Mutex<JudgedQueries>,
    /// From when on it is slow.
    pub(super) bar: Bar,
    left: Arc<Left>,
}

impl Core {
    pub(super) fn new(name: &str, slow: Slow) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let number = if id < OPERATIONS { id as u32 } else { 0 };
        Arc::new(Self {
            name: Arc::from(name),
            id,
            number,
            shards: std::array::from_fn(|_| Published::empty()),
            counters: Mutex::default(),
            judged: Mutex::default(),
            // Nobody could say whose receipt it was.
            bar: Bar::new(if number == 0 { u64::MAX } else { slow.limit_ns }),
            left: slow.left,
        })
    }

    /// The calling thread's shard, and how to write it.
    #[inline(always)]
    pub(super) fn shard(&self) -> (&Shard, Writer) {
        let slot = slots::current();
        // The remainder changes nothing: it shows the compiler that no bound has to be checked.
        let shard = self.shards[slot % SLOTS].get_or(Shard::new);
        if slot == OVERFLOW {
            (shard, Writer::Shared)
        } else {
            (shard, Writer::Owner)
        }
    }

    /// Records a latency.
    #[inline]
    pub(super) fn record(&self, kind: Kind, ns: u64) {
        if self.record_in_place(kind, ns).is_none() {
            self.record_anywhere(kind, ns);
        }
    }

    /// [`Core::record`] where all cells are there already, as they are for all but the first records of a thread. It
    /// calls nothing, so its caller saves no register. `None`: nothing was recorded.
    #[inline(always)]
    pub(super) fn record_in_place(&self, kind: Kind, ns: u64) -> Option<()> {
        let shard = self.shards[slots::exclusive()? % SLOTS].get()?;
        shard.record_in_place(kind, ns)
    }

    #[cold]
    #[inline(never)]
    fn record_anywhere(&self, kind: Kind, ns: u64) {
        let (shard, writer) = self.shard();
        shard.record(writer, kind, ns);
    }

    /// Counts what an operation allocated.
    #[inline]
    pub(super) fn spend(&self, spent: &Spent) {
        let (shard, writer) = self.shard();
        shard.spend(writer, spent);
    }

    /// What operations allocated; `None`: none was counted.
    pub(super) fn allocations(&self) -> Option<AllocationSnapshot> {
        let mut sum = AllocationSnapshot::default();
        let counted = self.shards().filter_map(Shard::spending);
        counted.for_each(|spending| spending.gather(&mut sum));
        (sum.operations > 0).then_some(sum)
    }

    /// Counts the major faults of a sampled operation that took `ns`.
    #[cold]
    pub(super) fn fault(&self, majors: u32, ns: u64) {
        let (shard, writer) = self.shard();
        shard.fault(writer, majors, ns);
    }

    /// `None`: no operation was sampled.
    fn faults(&self) -> Option<FaultSnapshot> {
        let mut sum = FaultSnapshot::default();
        let sampled = self.shards().filter_map(Shard::faulted);
        sampled.for_each(|faulted| faulted.gather(&mut sum));
        (sum.sampled > 0).then_some(sum)
    }

    /// The number of the work counter called `name`; beyond the sixteenth, that of all others.
    pub(super) fn counter(&self, name: &str) -> usize {
        let mut names = self.counters();
        if let Some(known) = names.iter().position(|known| known == name) {
            return known;
        }
        if names.len() == COUNTERS {
            return OTHER_COUNTERS;
        }
        names.push(name.to_owned());
        names.len() - 1
    }

    /// The receipt of an operation that was slow and ends on this thread: all that is known without a timer.
    pub(super) fn receipt(&self, outcome: Outcome, ended: Moment, latency_ns: u64) -> Receipt {
        Receipt {
            operation: self.number,
            thread: segments::thread_number(),
            label: segments::label(),
            outcome,
            ended,
            latency_ns,
            on_threads_ns: None,
            spent: None,
            majors: None,
            work: None,
        }
    }

    /// Leaves it for the collector.
    pub(super) fn leave(&self, receipt: &Receipt) {
        self.left.leave(receipt);
    }

    pub(super) fn record_recall(&self, found: u32, k: u32) {
        self.judged().record(found, k);
    }

    pub(super) fn snapshot(&self) -> OperationSnapshot {
        let shards: Vec<&Shard> = self.shards().collect();
        let of_kind = |kind| {
            let counts: Vec<_> = shards
                .iter()
                .filter_map(|shard| shard.counts(kind))
                .collect();
            gather(&counts)
        };
        OperationSnapshot {
            name: self.name.to_string(),
            ok: of_kind(Kind::Ok),
            error: of_kind(Kind::Error),
            cancelled: of_kind(Kind::Cancelled),
            service: of_kind(Kind::Service),
            polling: of_kind(Kind::Polling),
            untimed: shards.iter().map(|shard| shard.untimed()).sum(),
            counters: self.counter_readings(&shards),
            allocations: self.allocations(),
            faults: self.faults(),
            judged: self.judged().clone(),
            stated_recall: None,
        }
    }

    fn counter_readings(&self, shards: &[&Shard]) -> Vec<CounterReading> {
        let total = |at| {
            shards
                .iter()
                .fold(0_u64, |sum, shard| sum.wrapping_add(shard.counter(at)))
        };
        let names = self.counters().clone().into_iter().enumerate();
        let mut readings: Vec<_> = names
            .map(|(at, name)| CounterReading {
                name,
                total: total(at),
            })
            .collect();
        let others = total(OTHER_COUNTERS);
        if others > 0 {
            readings.push(CounterReading {
                name: OTHERS.to_owned(),
                total: others,
            });
        }
        readings
    }

    /// All latencies, whatever the outcome.
    pub(super) fn latencies(&self) -> Histogram {
        let outcomes = [Kind::Ok, Kind::Error, Kind::Cancelled];
        let of = |shard| {
            outcomes
                .iter()
                .filter_map(move |kind| Shard::counts(shard, *kind))
        };
        let counts: Vec<_> = self.shards().flat_map(of).collect();
        gather(&counts)
    }

    /// The names of the first `most` work counters.
    pub(super) fn counter_names(&self, most: usize) -> Vec<String> {
        self.counters().iter().take(most).cloned().collect()
    }

    pub(super) fn ended(&self) -> u64 {
        self.shards().map(Shard::ended).sum()
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.name.len() + self.shards().map(Shard::bytes).sum::<usize>()
    }

    fn shards(&self) -> impl Iterator<Item = &Shard> {
        slots::used().filter_map(|slot| self.shards[slot].get())
    }

    fn judged(&self) -> MutexGuard<'_, JudgedQueries> {
        self.judged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn counters(&self) -> MutexGuard<'_, Vec<String>> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
