//! What was observed in a window of time, as plain data. A monitor fills it in; a test may as well.

mod block;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::histogram::Histogram;
use crate::recall::{JudgedQueries, RecallEstimate};
use crate::resource::{ResourceSample, ResourceUse};

pub use block::{Block, BlockOperation};

/// Everything observed between two moments.
///
/// A monitor's counts are cumulative and never reset; the window between two snapshots is their difference
/// ([`Snapshot::since`]).
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// From the monitor's start to the window's start.
    pub from: Duration,
    /// From the monitor's start to the window's end.
    pub to: Duration,
    /// One entry per operation, in the order of their first use.
    pub operations: Vec<OperationSnapshot>,
    /// The gauges' values at the window's end.
    pub gauges: Vec<GaugeReading>,
    /// What the process used in the window.
    pub resources: ResourceUse,
    /// What vecperf itself cost in the window.
    pub self_cost: SelfCost,
}

/// What one operation did in a window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OperationSnapshot {
    /// The operation's name.
    pub name: String,
    /// Latencies of operations that ended well.
    pub ok: Histogram,
    /// Latencies of operations that ended in an error or panic.
    pub error: Histogram,
    /// Latencies of operations that were cancelled.
    pub cancelled: Histogram,
    /// Service times (from the actual start); empty unless the operation was started with an intended moment.
    pub service: Histogram,
    /// Time inside polls; empty unless the operation was an instrumented future.
    pub polling: Histogram,
    /// Operations counted exactly but not timed (1-in-N timing).
    pub untimed: u64,
    /// Work counters, summed over the window.
    pub counters: Vec<CounterReading>,
    /// What they allocated; `None` where that was not counted.
    pub allocations: Option<AllocationSnapshot>,
    /// Which of a sample of them waited for storage; `None` where none was sampled.
    pub faults: Option<FaultSnapshot>,
    /// Queries judged in the window ([`Operation::record_recall`](crate::Operation::record_recall)).
    pub judged: JudgedQueries,
    /// The recall that the program stated of the run
    /// ([`Monitor::set_recall`](crate::Monitor::set_recall)), when the judging was done outside.
    pub stated_recall: Option<RecallEstimate>,
}

/// What operations allocated on the threads that they ran on
/// ([`Allocator`](crate::Allocator); [`Spent`](crate::allocation::Spent) says how it is counted).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllocationSnapshot {
    /// Operations counted: those that were timed, and ended on the thread that they started on.
    pub operations: u64,
    /// Blocks they allocated, nested operations included; a reallocation is one.
    pub allocations: u64,
    /// Bytes they asked for.
    pub bytes: u64,
    /// Bytes allocated less bytes freed.
    pub net_bytes: i64,
    /// Blocks they allocated outside of nested operations.
    pub own_allocations: u64,
    /// Bytes they asked for outside of nested operations.
    pub own_bytes: u64,
    /// Blocks of the one that allocated most often. `None`: it is not known which of this window did, because one before
    /// it allocated as often.
    pub max_allocations: Option<u64>,
    /// Bytes held at once beyond those at the start, of the one that held most; `None` as above.
    pub max_peak_bytes: Option<u64>,
}

impl AllocationSnapshot {
    /// What was allocated since `earlier`; `None`: nothing was counted.
    fn since(&self, earlier: Option<&Self>) -> Option<Self> {
        let none = Self::default();
        let earlier = earlier.unwrap_or(&none);
        let operations = self.operations.saturating_sub(earlier.operations);
        let raised = |now: Option<u64>, before: Option<u64>| now.filter(|_| now > before);
        (operations > 0).then(|| Self {
            operations,
            allocations: self.allocations.wrapping_sub(earlier.allocations),
            bytes: self.bytes.wrapping_sub(earlier.bytes),
            net_bytes: self.net_bytes.wrapping_sub(earlier.net_bytes),
            own_allocations: self.own_allocations.wrapping_sub(earlier.own_allocations),
            own_bytes: self.own_bytes.wrapping_sub(earlier.own_bytes),
            max_allocations: raised(self.max_allocations, earlier.max_allocations),
            max_peak_bytes: raised(self.max_peak_bytes, earlier.max_peak_bytes),
        })
    }
}

/// Major page faults of a sample of operations: pages that were not in memory, and had to come from storage.
///
/// On each thread about one operation in 256 µs is looked at, by chance, between its actual start and its end. Futures
/// of up to 64 polls are among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultSnapshot {
    /// Operations looked at.
    pub sampled: u64,
    /// Of them, with at least one major fault.
    pub cold: u64,
    /// Major faults of all of them.
    pub major_faults: u64,
    /// Service time of the cold ones, nanoseconds.
    pub cold_nanos: u64,
    /// Service time of the others, nanoseconds.
    pub warm_nanos: u64,
}

impl FaultSnapshot {
    /// What was seen since `earlier`; `None`: nothing.
    fn since(&self, earlier: Option<&Self>) -> Option<Self> {
        let none = Self::default();
        let earlier = earlier.unwrap_or(&none);
        let sampled = self.sampled.saturating_sub(earlier.sampled);
        (sampled > 0).then(|| Self {
            sampled,
            cold: self.cold.saturating_sub(earlier.cold),
            major_faults: self.major_faults.saturating_sub(earlier.major_faults),
            cold_nanos: self.cold_nanos.saturating_sub(earlier.cold_nanos),
            warm_nanos: self.warm_nanos.saturating_sub(earlier.warm_nanos),
        })
    }
}

/// A work counter's sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterReading {
    /// The counter's name, e.g. `distance_computations`.
    pub name: String,
    /// The sum over all operations of the window.
    pub total: u64,
}

/// A gauge's value.
#[derive(Clone, Debug, PartialEq)]
pub struct GaugeReading {
    /// The gauge's name, with its unit: `index_bytes`.
    pub name: String,
    /// The last value set.
    pub value: f64,
}

/// One beat of the time series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SeriesPoint {
    /// The resources at the beat.
    pub resources: ResourceSample,
    /// Operations ended since the monitor's start, by name.
    pub operations: BTreeMap<String, u64>,
    /// Bytes of the parts that the program registered: what a component said last, and what of a region was in memory.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub components: BTreeMap<String, u64>,
}

/// What watching cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SelfCost {
    /// CPU time of vecperf's own threads.
    pub cpu: Duration,
    /// Bytes held by shards, series and rings.
    pub bytes: u64,
    /// Records that went to the overflow series because the series limit was reached.
    pub overflowed: u64,
    /// Series in use (operations and gauges).
    pub series: u64,
    /// Beats that the collector took too late to keep to its interval.
    pub missed_beats: u64,
}

impl SelfCost {
    /// What was spent since `earlier`; bytes and series are those held now.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(earlier.cpu),
            bytes: self.bytes,
            overflowed: self.overflowed.saturating_sub(earlier.overflowed),
            series: self.series,
            missed_beats: self.missed_beats.saturating_sub(earlier.missed_beats),
        }
    }
}

impl OperationSnapshot {
    /// Latencies of all outcomes together.
    pub fn latency(&self) -> Histogram {
        let mut all = self.ok.clone();
        all.merge(&self.error);
        all.merge(&self.cancelled);
        all
    }

    /// Operations that ended in the window, timed or not; exact.
    pub fn count(&self) -> u64 {
        let timed = [&self.ok, &self.error, &self.cancelled].map(Histogram::count);
        timed.into_iter().fold(self.untimed, u64::saturating_add)
    }

    /// The recall that the program stated, else that of the queries judged in the window; `None` without either.
    pub fn recall(&self) -> Option<RecallEstimate> {
        let stated = self.stated_recall.clone();
        stated.or_else(|| self.judged.estimate())
    }

    /// What happened since `earlier`, a snapshot of the same operation. A stated recall is that of the run and not of
    /// the window: it stays behind.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |name: &str| earlier.counters.iter().find(|counter| counter.name == name);
        let counters = self.counters.iter().map(|counter| CounterReading {
            name: counter.name.clone(),
            total: counter
                .total
                .saturating_sub(before(&counter.name).map_or(0, |before| before.total)),
        });
        Self {
            name: self.name.clone(),
            ok: self.ok.since(&earlier.ok),
            error: self.error.since(&earlier.error),
            cancelled: self.cancelled.since(&earlier.cancelled),
            service: self.service.since(&earlier.service),
            polling: self.polling.since(&earlier.polling),
            untimed: self.untimed.saturating_sub(earlier.untimed),
            counters: counters.collect(),
            allocations: self
                .allocations
                .as_ref()
                .and_then(|allocations| allocations.since(earlier.allocations.as_ref())),
            faults: self
                .faults
                .as_ref()
                .and_then(|faults| faults.since(earlier.faults.as_ref())),
            judged: self.judged.since(&earlier.judged),
            stated_recall: None,
        }
    }
}

impl Snapshot {
    /// The window's length.
    pub fn duration(&self) -> Duration {
        self.to.saturating_sub(self.from)
    }

    /// What was observed since `earlier`: the operations that ended since, their counts and durations. Gauges keep
    /// their last value. Resources are not additive: the monitor fills them in from its samples
    /// ([`Monitor::since`](crate::Monitor::since)).
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        // Cumulative snapshots list operations in the same order, so the search is for windows only.
        let before = |index: usize, name: &str| {
            let same = earlier
                .operations
                .get(index)
                .filter(|operation| operation.name == name);
            same.or_else(|| earlier.operation(name))
        };
        let operations = self
            .operations
            .iter()
            .enumerate()
            .map(|(index, operation)| {
                before(index, &operation.name)
                    .map_or_else(|| operation.clone(), |before| operation.since(before))
            });
        Self {
            from: earlier.to,
            to: self.to,
            operations: operations
                .filter(|operation| operation.count() > 0)
                .collect(),
            gauges: self.gauges.clone(),
            resources: ResourceUse::default(),
            self_cost: self.self_cost.since(&earlier.self_cost),
        }
    }

    /// The operation called `name`, if it was used.
    pub fn operation(&self, name: &str) -> Option<&OperationSnapshot> {
        self.operations
            .iter()
            .find(|operation| operation.name == name)
    }
}
