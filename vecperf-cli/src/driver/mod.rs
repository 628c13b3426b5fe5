//! Sends queries to an index from many threads, in a closed loop (a thread sends its next query when the last one is
//! answered) or an open loop (queries arrive on a schedule). Every search is recorded by the monitor; the answers are
//! kept aside and judged when the clock has stopped.

mod answers;
mod arrivals;
mod worker;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::ScopedJoinHandle;
use std::time::Duration;

use vecperf::{Moment, Monitor, Operation};
use vecperf_engines::{Index, SearchParameters, Vectors};

pub(crate) use answers::Answers;
pub(crate) use arrivals::{Arrival, Arrivals};

use crate::exit::{Failure, Result};
use crate::interrupt::Interrupt;
use worker::Worker;

/// When a run has done enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Budget {
    /// After this time.
    Time(Duration),
    /// After this many searches.
    Count(u64),
}

/// One run: what is searched, by whom, for how long.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    /// What is searched.
    pub(crate) index: &'a dyn Index,
    /// What each search is recorded as.
    pub(crate) operation: &'a Operation,
    /// Labels the searches for the CPU profile.
    pub(crate) monitor: &'a Monitor,
    /// Asked in turn, over and over.
    pub(crate) queries: &'a Vectors,
    /// How each search is done.
    pub(crate) parameters: SearchParameters,
    /// Threads, each with its own searcher.
    pub(crate) threads: usize,
    /// When it is enough.
    pub(crate) budget: Budget,
    /// The open loop's schedule; `None`: a closed loop.
    pub(crate) arrivals: Option<&'a Arrivals>,
    /// Where the first answer to each query is kept, when it is to be judged.
    pub(crate) answers: Option<&'a Answers>,
    /// Ends the run early.
    pub(crate) interrupt: &'a Interrupt,
}

/// What a run came to, by the driver's own count.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    /// Searches answered.
    pub(crate) answered: u64,
    /// Searches that failed.
    pub(crate) failed: u64,
    /// Why the first of them did.
    pub(crate) first_error: Option<String>,
    /// Open loop: searches for which no thread was ready at the intended moment.
    pub(crate) late: u64,
    /// Open loop with a time budget: searches that were due in time and never started.
    pub(crate) not_started: u64,
    /// From the start to the last answer.
    pub(crate) elapsed: Duration,
}

/// How far a run has come, for a progress display.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beat {
    /// Since the start.
    pub(crate) elapsed: Duration,
    /// Searches handed out.
    pub(crate) searches: u64,
}

/// Between two calls of the progress display.
const BEAT: Duration = Duration::from_millis(100);

/// The open loop's first arrival waits for its threads to be up.
const LEAD: Duration = Duration::from_millis(5);

impl Tally {
    /// Open loop: whether arrivals piled up faster than they were answered. A pause of the machine near the end, which
    /// leaves a few arrivals waiting when the time is up, is no such thing: at least one in fifty must be left over.
    pub(crate) fn fell_behind(&self) -> bool {
        let arrived = self.answered + self.failed + self.not_started;
        self.not_started > 0 && self.not_started.saturating_mul(50) >= arrived
    }
}

impl Run<'_> {
    /// Runs until the budget is spent or the user interrupts, calling `beat` now and then from this thread.
    ///
    /// # Errors
    /// A search thread panicked, or could not be started. A search that fails is counted, not an error.
    pub(crate) fn drive(&self, mut beat: impl FnMut(Beat)) -> Result<Tally> {
        let next = AtomicU64::new(0);
        let start = if self.arrivals.is_some() {
            Moment::now() + LEAD
        } else {
            Moment::now()
        };
        let mut tally = std::thread::scope(|scope| {
            let (alive, ended) = mpsc::channel::<()>();
            let mut workers = Vec::with_capacity(self.threads);
            for number in 0..self.threads {
                let worker = Worker::new(self, &next, start);
                let alive = alive.clone(); // dropped when the thread ends, also by a panic
                let spawned = std::thread::Builder::new()
                    .name(format!("search-{number}"))
                    .spawn_scoped(scope, move || {
                        let _alive = alive;
                        worker.work()
                    });
                match spawned {
                    Ok(thread) => workers.push(thread),
                    Err(error) => {
                        next.store(u64::MAX / 2, Ordering::Relaxed); // the others find nothing left to do
                        return Err(cannot_start(self.threads, &error));
                    }
                }
            }
            drop(alive);
            while ended.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
                beat(Beat {
                    elapsed: start.elapsed(),
                    searches: next.load(Ordering::Relaxed),
                });
            }
            // Join all before judging any: a scope with an unjoined panic panics itself.
            let ended: Vec<_> = workers.into_iter().map(ScopedJoinHandle::join).collect();
            ended
                .into_iter()
                .try_fold(Tally::default(), |sum, thread| match thread {
                    Ok(tally) => Ok(sum.plus(tally)),
                    Err(panic) => Err(panicked(panic.as_ref())),
                })
        })?;
        tally.elapsed = start.elapsed();
        tally.not_started = self.due().saturating_sub(tally.answered + tally.failed);
        Ok(tally)
    }

    /// Searches that should have started by the end of a time budget.
    fn due(&self) -> u64 {
        match (self.arrivals, self.budget) {
            (Some(arrivals), Budget::Time(time)) if !self.interrupt.asked() => {
                arrivals.due_in(time)
            }
            _ => 0,
        }
    }
}

impl Tally {
    /// Answered searches per second.
    pub(crate) fn per_second(&self) -> f64 {
        if self.elapsed.is_zero() {
            0.0
        } else {
            self.answered as f64 / self.elapsed.as_secs_f64()
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            answered: self.answered + other.answered,
            failed: self.failed + other.failed,
            first_error: self.first_error.or(other.first_error),
            late: self.late + other.late,
            ..self
        }
    }
}

fn cannot_start(threads: usize, error: &std::io::Error) -> Failure {
    Failure::runtime(format!(
        "--threads {threads}: a search thread cannot be started"
    ))
    .because(error)
    .remedy("fewer threads, or a higher limit of processes (`ulimit -u`)")
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Failure {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    Failure::runtime(format!(
        "the engine panicked in a search: {}",
        words.unwrap_or("without a word")
    ))
}

#[cfg(test)]
mod tests;
