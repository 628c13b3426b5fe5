//! The operation handle.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::core::Core;
use super::instrument::Instrumented;
use super::shard::OTHER_COUNTERS;
use super::timer::Timer;
use crate::allocation::{Allocating, Bound, installation, uncounted};
use crate::clock::Moment;
use crate::histogram::nanos_of;
use crate::segment::Outcome;

/// A cheap, cloneable handle to a named operation. Off (no monitor, or `enabled = false`) it does nothing, at the cost
/// of one predictable branch.
///
/// ```
/// let monitor = vecperf::Monitor::in_memory(vecperf::Settings::default())?;
/// let search = monitor.operation("search");
/// let found: Result<u32, &str> = search.measure_result(|| Err("the index is empty"));
/// assert!(found.is_err());
/// assert_eq!(monitor.report().run.operations[0].errors, 1);
/// # Ok::<(), vecperf::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Operation {
    pub(super) core: Option<Hold>,
    /// One in this many is timed.
    one_in: u32,
}

/// How a handle keeps its operation alive.
#[derive(Clone, Debug)]
pub(super) enum Hold {
    Shared(Arc<Core>),
    /// Leaked by a call site: a clone touches no count that other threads touch too.
    Forever(&'static Core),
}

impl Deref for Hold {
    type Target = Core;

    #[inline(always)]
    fn deref(&self) -> &Core {
        match self {
            Self::Shared(core) => core,
            Self::Forever(core) => core,
        }
    }
}

/// A work counter of one operation: what a query *did*, e.g. distance computations. A copy costs nothing.
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    /// The operation's id; 0 is none's.
    pub(super) of: u64,
    pub(super) index: usize,
}

impl Default for Operation {
    fn default() -> Self {
        Self::off()
    }
}

impl Default for Counter {
    /// A counter of no operation.
    fn default() -> Self {
        Self {
            of: 0,
            index: OTHER_COUNTERS,
        }
    }
}

impl Operation {
    /// A handle that does nothing.
    pub const fn off() -> Self {
        Self {
            core: None,
            one_in: 1,
        }
    }

    pub(super) fn of(core: Arc<Core>) -> Self {
        Self {
            core: Some(Hold::Shared(core)),
            one_in: 1,
        }
    }

    /// The same operation, kept for as long as the process runs.
    pub(super) fn forever(self) -> Self {
        let core = self.core.map(|core| match core {
            Hold::Shared(core) => Hold::Forever(Box::leak(Box::new(core))),
            Hold::Forever(core) => Hold::Forever(core),
        });
        Self {
            core,
            ..Self::off()
        }
    }

    /// The operation's name; empty when off.
    pub fn name(&self) -> &str {
        self.core.as_ref().map_or("", |core| &core.name)
    }

    /// A handle that times one in `n` operations and counts all of them: for operations so short that two readings
    /// of the clock (19 ns) would matter. Which ones is left to chance, so that it beats against no period of the
    /// work. What is not timed is counted without an outcome; futures are always timed.
    #[must_use]
    pub fn timed_one_in(&self, n: u32) -> Self {
        Self {
            core: self.core.clone(),
            one_in: n.max(1),
        }
    }

    /// Starts an operation. Start and drop together cost about two readings of the clock.
    #[inline(always)]
    pub fn start(&self) -> Timer<'_> {
        match &self.core {
            Some(core) if self.one_in == 1 => Timer::start(core),
            Some(core) => Timer::start_one_in(core, self.one_in),
            None => Timer::off(),
        }
    }

    /// Starts an operation that was due at `intended`: its latency counts from there, its service time from now. Under
    /// an open loop this keeps a stall visible in every request that waited for it (coordinated omission).
    #[inline]
    pub fn start_since(&self, intended: Moment) -> Timer<'_> {
        self.core
            .as_ref()
            .map_or_else(Timer::off, |core| Timer::start_since(core, intended))
    }

    /// Times `work`; a panic counts as an error.
    #[inline]
    pub fn measure<R>(&self, work: impl FnOnce() -> R) -> R {
        let _timer = self.start();
        work()
    }

    /// Times `work`; `Err` and a panic count as errors.
    ///
    /// # Errors
    /// What `work` returns.
    #[inline]
    pub fn measure_result<T, E>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let timer = self.start();
        let result = work();
        timer.end(Outcome::of(&result));
        result
    }

    /// Times a future from its first poll to its end, and apart from that the time inside polls. Dropped before its end
    /// it counts as cancelled, never polled not at all.
    pub fn instrument<F: Future>(&self, future: F) -> Instrumented<F> {
        Instrumented::new(self.clone(), future, |_| Outcome::Ok)
    }

    /// As [`Operation::instrument`]; an output of `Err` counts as an error.
    pub fn instrument_result<T, E, F>(&self, future: F) -> Instrumented<F>
    where
        F: Future<Output = Result<T, E>>,
    {
        Instrumented::new(self.clone(), future, Outcome::of)
    }

    /// Records a duration measured elsewhere.
    #[inline]
    pub fn record(&self, latency: Duration, outcome: Outcome) {
        if let Some(core) = &self.core {
            let latency = nanos_of(latency);
            core.record(outcome.kind(), latency);
            if core.bar.is_passed(latency) {
                leave_receipt(core, outcome, latency);
            }
        }
    }

    /// The work counter called `name`; the same name gives the same counter. Takes a lock: keep it. At most 16 an
    /// operation; those beyond share one that is called `(other counters)`.
    pub fn counter(&self, name: &str) -> Counter {
        self.core
            .as_ref()
            .map_or_else(Counter::default, |core| Counter {
                of: core.id,
                index: core.counter(name),
            })
    }

    /// Records how many of the `k` true neighbours one judged query found. Costs a few ns. Recall is that of the `k`
    /// that most queries were judged by; of more than four different ones, the later are left out.
    #[inline]
    pub fn record_recall(&self, found: u32, k: u32) {
        if let Some(core) = &self.core {
            core.record_recall(found, k);
        }
    }
}

/// Of a duration that was measured elsewhere nothing else is known.
#[cold]
#[inline(never)]
fn leave_receipt(core: &Core, outcome: Outcome, latency: u64) {
    core.leave(&core.receipt(outcome, Moment::now(), latency));
}

/// Of an operation the instance that allocated most often is asserted.
impl Allocating<()> for &Operation {
    fn check(self, bound: Bound, _: &str) -> Result<(), String> {
        let name = self.name();
        let Some(core) = &self.core else {
            return Err("the operation is off: no monitor, or `enabled = false`".to_owned());
        };
        if installation().lack().is_some() {
            return Err(uncounted());
        }
        let counted = core.allocations();
        let Some(most) = counted.as_ref().and_then(|counted| counted.max_allocations) else {
            return Err(format!(
                "no `{name}` operation was counted: none has ended, or each ended on another thread than it started on"
            ));
        };
        if bound.holds(most) {
            Ok(())
        } else {
            Err(format!(
                "a `{name}` operation made {most} allocations; allowed: {bound}"
            ))
        }
    }
}
