//! The guard that times one operation.

use super::core::Core;
use super::faults::{self, Faults};
use super::operation::Counter;
use super::receipts::{Receipt, WORK, Work};
use super::segments::{self, Entry};
use super::shard::{Kind, OTHER_COUNTERS};
use crate::allocation::{self, Spent, Stretch};
use crate::clock::Moment;
use crate::segment::Outcome;

impl Outcome {
    #[inline(always)]
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Ok => Kind::Ok,
            Self::Error => Kind::Error,
            Self::Cancelled => Kind::Cancelled,
        }
    }
}

/// Times one operation, from its creation until it is dropped.
///
/// Dropped without another word it records [`Outcome::Ok`], or an error while its thread panics. In a function that
/// is left by `?`, say first what an early exit means:
///
/// ```
/// # use vecperf::{Monitor, Operation, Outcome, Settings};
/// fn parse(parse: &Operation, text: &str) -> Result<f32, std::num::ParseFloatError> {
///     let timer = parse.start().drop_as(Outcome::Error);
///     let value = text.parse()?; // left here: an error
///     timer.end(Outcome::Ok);
///     Ok(value)
/// }
/// # let monitor = Monitor::in_memory(Settings::default())?;
/// # let operation = monitor.operation("parse");
/// # assert!(parse(&operation, "x").is_err() && parse(&operation, "1").is_ok());
/// # let report = monitor.report();
/// # assert_eq!((report.run.operations[0].ok, report.run.operations[0].errors), (1, 1));
/// # Ok::<(), vecperf::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "the operation ends when the timer is dropped"]
pub struct Timer<'a> {
    core: Option<&'a Core>,
    /// `None`: counted, not timed.
    started: Option<Moment>,
    intended: Option<Moment>,
    outcome: Outcome,
    /// The thread was panicking already when this started, in a destructor.
    in_a_panic: bool,
    /// What the thread allocates until the end.
    stretch: Stretch,
    /// What was read at the start, if it is sampled.
    faults: Faults,
    /// What was added to the first work counters.
    work: Work,
}

impl<'a> Timer<'a> {
    #[inline(always)]
    pub(super) const fn off() -> Self {
        Self {
            core: None,
            started: None,
            intended: None,
            outcome: Outcome::Ok,
            in_a_panic: false,
            stretch: Stretch::NONE,
            faults: Faults::NONE,
            work: [0; WORK],
        }
    }

    #[inline(always)]
    pub(super) fn start(core: &'a Core) -> Self {
        let in_a_panic = std::thread::panicking();
        let stretch = allocation::enter(core.number);
        let (started, faults) = faults::begin(Moment::now());
        Self {
            core: Some(core),
            started: Some(started),
            intended: None,
            outcome: Outcome::Ok,
            in_a_panic,
            stretch,
            faults,
            work: [0; WORK],
        }
    }

    #[inline(always)]
    pub(super) fn start_one_in(core: &'a Core, n: u32) -> Self {
        let (shard, writer) = core.shard();
        if shard.is_due(writer, n) {
            return Self::start(core);
        }
        Self {
            core: Some(core),
            started: None,
            intended: None,
            outcome: Outcome::Ok,
            in_a_panic: false,
            stretch: Stretch::NONE,
            faults: Faults::NONE,
            work: [0; WORK],
        }
    }

    #[inline]
    pub(super) fn start_since(core: &'a Core, intended: Moment) -> Self {
        // Not `..Self::start(core)`: what the base keeps is dropped, and would be recorded.
        let mut timer = Self::start(core);
        timer.intended = Some(intended);
        timer
    }

    /// Adds `n` to a work counter; about 1 ns. What is added to a counter of another operation shows up in this one's
    /// as `(other counters)`.
    #[inline]
    pub fn add(&mut self, counter: Counter, n: u64) {
        if let Some(core) = self.core {
            let own = counter.of == core.id;
            let (shard, writer) = core.shard();
            let index = if own { counter.index } else { OTHER_COUNTERS };
            shard.add(writer, index, n);
            if let Some(own) = self.work.get_mut(index) {
                *own = own.wrapping_add(n);
            }
        }
    }

    /// What is recorded when the timer is dropped without another word (default [`Outcome::Ok`]).
    #[inline]
    pub fn drop_as(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// Ends the operation with `outcome`.
    #[inline]
    pub fn end(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    /// Ends the operation without recording it: it was not one after all.
    #[inline]
    pub fn discard(mut self) {
        self.core = None;
        allocation::exit(self.stretch);
    }
}

impl Drop for Timer<'_> {
    // Small, so that it is inlined where the operation ends and the timer stays in registers; recording is a call.
    #[inline(always)]
    fn drop(&mut self) {
        let Some(core) = self.core else { return };
        let outcome = if std::thread::panicking() && !self.in_a_panic {
            Outcome::Error
        } else {
            self.outcome
        };
        let seen = (self.stretch, self.faults);
        match (self.started, self.intended) {
            (Some(started), None) => {
                let now = Moment::now();
                if core.bar.may_be_passed(started, now) {
                    record_slow(core, (started, now), outcome, seen, self.work);
                } else if self.stretch.is_open() | self.faults.is_sampled() {
                    record_and_spend(core, (started, now), outcome, seen);
                } else {
                    record(core, started, now, outcome);
                }
            }
            (Some(started), Some(intended)) => {
                record_late(core, (started, intended), outcome, seen, self.work);
            }
            (None, _) => count(core),
        }
    }
}

// The slot is looked up here, at the end: the timer may have moved to another thread.

#[inline(never)]
fn record(core: &Core, started: Moment, now: Moment, outcome: Outcome) {
    let session = segments::session();
    if session != 0 {
        seldom();
        // At once: what is needed after a call would have to be saved before it, also while nobody profiles.
        return record_and_leave(core, (started, now), outcome, session);
    }
    if record_in_place(core, started, now, outcome).is_none() {
        record_with_care(core, started, now, outcome);
    }
}

/// [`record`] where allocations are counted, or of an operation that is sampled.
#[inline(never)]
fn record_and_spend(
    core: &Core,
    (started, now): (Moment, Moment),
    outcome: Outcome,
    (stretch, faults): (Stretch, Faults),
) {
    spend(core, stretch);
    if faults.is_sampled() {
        fault(core, faults, now.nanos_after(started));
    }
    record(core, started, now, outcome);
}

#[cold]
fn fault(core: &Core, of: Faults, service: u64) {
    if let Some(majors) = of.end() {
        core.fault(majors, service);
    }
}

#[inline]
fn spend(core: &Core, stretch: Stretch) {
    if let Some(spent) = allocation::exit(stretch) {
        core.spend(&spent);
    }
}

#[inline(always)]
fn record_in_place(core: &Core, started: Moment, now: Moment, outcome: Outcome) -> Option<()> {
    let ns = now.nanos_at_once(started)?;
    core.record_in_place(outcome.kind(), ns)
}

/// Tells the compiler which way is the common one. The function called there is not cold itself: while somebody
/// profiles it shall be fast.
#[cold]
#[inline(always)]
const fn seldom() {}

/// [`record`] while somebody profiles.
#[inline(never)]
fn record_and_leave(core: &Core, stretch: (Moment, Moment), outcome: Outcome, session: u64) {
    let latency = stretch.1.nanos_at_once(stretch.0);
    let recorded = latency.filter(|ns| core.record_in_place(outcome.kind(), *ns).is_some());
    let Some(latency) = recorded else {
        return record_and_leave_with_care(core, stretch, outcome, session);
    };
    let segment = Entry::whole(core.number, stretch, outcome, latency);
    if segments::leave_in_place(session, segment).is_none() {
        leave_with_care(core, stretch, (outcome, latency), session);
    }
}

#[cold]
#[inline(never)]
fn record_and_leave_with_care(
    core: &Core,
    stretch: (Moment, Moment),
    outcome: Outcome,
    session: u64,
) {
    let latency = stretch.1.nanos_after(stretch.0);
    core.record(outcome.kind(), latency);
    leave_with_care(core, stretch, (outcome, latency), session);
}

/// Takes what makes the segment, so that the common way need not put one together in memory.
#[cold]
#[inline(never)]
fn leave_with_care(
    core: &Core,
    stretch: (Moment, Moment),
    (outcome, latency): (Outcome, u64),
    session: u64,
) {
    let segment = Entry::whole(core.number, stretch, outcome, latency);
    segments::leave(session, segment);
}

/// A long operation, a clock that is not the counter, a cell that is not there yet.
#[cold]
#[inline(never)]
fn record_with_care(core: &Core, started: Moment, now: Moment, outcome: Outcome) {
    core.record(outcome.kind(), now.nanos_after(started));
}

/// What may be slow: a length beyond the bar, or a clock that was set back.
#[cold]
#[inline(never)]
fn record_slow(
    core: &Core,
    stretch: (Moment, Moment),
    outcome: Outcome,
    seen: (Stretch, Faults),
    work: Work,
) {
    let service = stretch.1.nanos_after(stretch.0);
    let ended = Ended::take(core, seen, service);
    core.record(outcome.kind(), service);
    ended.leave(core, stretch, (outcome, service), work);
}

#[inline(never)]
fn record_late(
    core: &Core,
    (started, intended): (Moment, Moment),
    outcome: Outcome,
    seen: (Stretch, Faults),
    work: Work,
) {
    let now = Moment::now();
    let service = now.nanos_after(started);
    let ended = Ended::take(core, seen, service);
    core.record(Kind::Service, service);
    let latency = now.nanos_since(intended).max(service);
    core.record(outcome.kind(), latency);
    ended.leave(core, (started, now), (outcome, latency), work);
}

/// What is known of an operation at its end beside its length.
struct Ended {
    spent: Option<Spent>,
    majors: Option<u32>,
}

impl Ended {
    /// Counts it with the operation's.
    #[inline]
    fn take(core: &Core, (stretch, of): (Stretch, Faults), service: u64) -> Self {
        let ended = Self {
            spent: allocation::exit(stretch),
            majors: of.is_sampled().then(|| of.end()).flatten(),
        };
        if let Some(spent) = &ended.spent {
            core.spend(spent);
        }
        if let Some(majors) = ended.majors {
            core.fault(majors, service);
        }
        ended
    }

    /// Leaves the receipt, if it was slow, and the segment, while somebody profiles.
    #[inline]
    fn leave(
        self,
        core: &Core,
        (started, now): (Moment, Moment),
        (outcome, latency): (Outcome, u64),
        work: Work,
    ) {
        let slow = core.bar.is_passed(latency);
        let session = segments::session();
        if session != 0 {
            let segment = Entry::whole(core.number, (started, now), outcome, latency);
            segments::leave(session, segment.slow_if(slow));
        }
        if slow {
            core.leave(&Receipt {
                on_threads_ns: Some(now.nanos_after(started)),
                spent: self.spent,
                majors: self.majors,
                work: Some(work),
                ..core.receipt(outcome, now, latency)
            });
        }
    }
}

#[inline]
fn count(core: &Core) {
    let (shard, writer) = core.shard();
    shard.count_untimed(writer);
}
