//! One search thread: takes the next ticket, waits until it is due, searches, keeps the answer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use vecperf::Moment;
use vecperf_engines::{Monitored, Searcher};

use super::{Arrivals, Budget, Run, Tally};

/// Sleeping ends this long before an arrival and the rest is spent spinning, because a sleep ends some 60 µs late.
const SPIN: Duration = Duration::from_micros(100);

/// The longest sleep, so that Ctrl-C is heard.
const NAP: Duration = Duration::from_millis(50);

pub(super) struct Worker<'a> {
    run: &'a Run<'a>,
    /// Tickets handed out so far, shared by all threads. Ticket `i` asks query `i % queries`.
    next: &'a AtomicU64,
    start: Moment,
    tally: Tally,
}

impl<'a> Worker<'a> {
    pub(super) fn new(run: &'a Run<'a>, next: &'a AtomicU64, start: Moment) -> Self {
        Self {
            run,
            next,
            start,
            tally: Tally::default(),
        }
    }

    /// Searches until the budget is spent or the user interrupts.
    pub(super) fn work(mut self) -> Tally {
        let ef = self.run.parameters.ef_search;
        let _label = self.run.monitor.label(&format!("ef={ef}"));
        let mut searcher = Monitored::new(self.run.index.searcher(), self.run.operation);
        while !self.over() {
            let ticket = self.next.fetch_add(1, Ordering::Relaxed);
            if matches!(self.run.budget, Budget::Count(count) if ticket >= count) {
                break;
            }
            let due = match self.run.arrivals {
                Some(arrivals) => match self.wait_for(arrivals, ticket) {
                    Some(due) => Some(due),
                    None => break,
                },
                None => None,
            };
            self.search(&mut searcher, ticket, due);
        }
        self.tally
    }

    /// True when the time is up or the user interrupts.
    fn over(&self) -> bool {
        let spent = matches!(self.run.budget, Budget::Time(time) if self.start.elapsed() >= time);
        spent || self.run.interrupt.asked()
    }

    /// Waits for the arrival of `ticket`; `None` when it is not in the budget or the user interrupts.
    fn wait_for(&mut self, arrivals: &Arrivals, ticket: u64) -> Option<Moment> {
        let offset = arrivals.offset(ticket);
        if matches!(self.run.budget, Budget::Time(time) if offset >= time) {
            return None;
        }
        let due = self.start + offset;
        loop {
            match Wait::until(due, Moment::now()) {
                Wait::Late => {
                    self.tally.late += 1;
                    return Some(due);
                }
                Wait::Spin => break,
                Wait::Sleep(time) => std::thread::sleep(time),
            }
            if self.run.interrupt.asked() {
                return None;
            }
        }
        while Moment::now() < due {
            std::hint::spin_loop();
        }
        Some(due)
    }

    /// One search, timed by the monitor, and its answer kept, untimed.
    fn search(
        &mut self,
        searcher: &mut Monitored<Box<dyn Searcher + '_>>,
        ticket: u64,
        due: Option<Moment>,
    ) {
        let Run {
            queries,
            parameters,
            answers,
            ..
        } = *self.run;
        let query = (ticket % queries.len() as u64) as usize;
        let found = match due {
            Some(due) => searcher.search_since(due, queries.row(query), parameters),
            None => searcher.search(queries.row(query), parameters),
        };
        match found {
            Ok(found) => {
                self.tally.answered += 1;
                if let (Some(answers), true) = (answers, ticket < queries.len() as u64) {
                    answers.keep(query, found);
                }
            }
            Err(error) => {
                self.tally.failed += 1;
                self.tally
                    .first_error
                    .get_or_insert_with(|| error.to_string());
            }
        }
    }
}

/// What a thread does about an arrival.
#[derive(Debug, PartialEq, Eq)]
enum Wait {
    /// Its moment has passed: every thread was busy, or this one overslept.
    Late,
    /// It is near.
    Spin,
    /// It is far.
    Sleep(Duration),
}

impl Wait {
    fn until(due: Moment, now: Moment) -> Self {
        let left = due.since(now);
        if left.is_zero() {
            Self::Late
        } else if left <= SPIN {
            Self::Spin
        } else {
            Self::Sleep((left - SPIN).min(NAP))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_sleeps_then_spins_and_owns_up_to_being_late() {
        let now = Moment::now();
        let check = |from_now: u64, wait| {
            assert_eq!(
                Wait::until(now + Duration::from_micros(from_now), now),
                wait
            );
        };
        check(0, Wait::Late);
        check(1, Wait::Spin);
        check(100, Wait::Spin);
        check(350, Wait::Sleep(Duration::from_micros(250)));
        check(60_000_000, Wait::Sleep(NAP));
        assert_eq!(Wait::until(now, now + Duration::from_micros(1)), Wait::Late);
    }
}
