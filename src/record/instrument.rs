//! Futures: from the first poll to the end, and apart from that the time inside polls.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::faults::{Faults, Polls};
use super::operation::Operation;
use super::receipts::Receipt;
use super::segments::{self, Entry};
use super::shard::Kind;
use crate::allocation::{self, Spent, Stretch};
use crate::clock::Moment;
use crate::segment::Outcome;

pin_project! {
    /// A future whose run is an operation; made by [`Operation::instrument`].
    pub struct Instrumented<F>
    where
        F: Future,
    {
        #[pin]
        future: F,
        run: Run,
        judge: fn(&F::Output) -> Outcome,
    }
}

/// The measured side of a future; recorded when it ends, or when it is dropped before.
#[derive(Debug)]
struct Run {
    operation: Operation,
    first_poll: Option<Moment>,
    polling_ns: u64,
    /// Its number among all futures; 0 until somebody profiles.
    number: u32,
    /// Inside a poll; when it stays so, the poll panicked.
    in_poll: bool,
    /// What the poll under way allocates.
    stretch: Stretch,
    /// What the polls before it allocated; `None`: one was not counted.
    spent: Option<Spent>,
    faults: Polls,
}

impl<F: Future> Instrumented<F> {
    pub(super) fn new(operation: Operation, future: F, judge: fn(&F::Output) -> Outcome) -> Self {
        Self {
            future,
            run: Run {
                operation,
                first_poll: None,
                polling_ns: 0,
                number: 0,
                in_poll: false,
                stretch: Stretch::NONE,
                spent: Some(Spent::default()),
                faults: Polls::default(),
            },
            judge,
        }
    }
}

impl<F: Future> Future for Instrumented<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let Some(core) = &this.run.operation.core else {
            return this.future.poll(context);
        };
        this.run.stretch = allocation::enter(core.number);
        let (begun, faults) = this.run.begin_poll(Moment::now());
        this.run.first_poll.get_or_insert(begun);
        this.run.in_poll = true;
        let polled = this.future.poll(context);
        let paused = Moment::now();
        this.run.spend_poll();
        this.run.faults.end(faults);
        this.run.in_poll = false;
        this.run.polling_ns += paused.nanos_after(begun);
        this.run.leave_poll(begun, paused);
        if let Poll::Ready(output) = &polled {
            this.run.end(paused, (this.judge)(output));
        }
        polled
    }
}

impl<F: Future> std::fmt::Debug for Instrumented<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instrumented")
            .field("operation", &self.run.operation)
            .finish_non_exhaustive()
    }
}

impl Run {
    #[inline]
    fn begin_poll(&mut self, now: Moment) -> (Moment, Faults) {
        self.faults.begin(now, self.first_poll.is_none())
    }

    #[inline]
    fn leave_poll(&mut self, begun: Moment, paused: Moment) {
        let session = segments::session();
        if session == 0 {
            return;
        }
        let Some(core) = &self.operation.core else {
            return;
        };
        if self.number == 0 {
            self.number = segments::next_future();
        }
        let segment = Entry::poll(core.number, (begun, paused), self.number);
        segments::leave(session, segment);
    }

    #[inline]
    fn spend_poll(&mut self) {
        let poll = allocation::exit_poll(std::mem::replace(&mut self.stretch, Stretch::NONE));
        self.spent = match (self.spent, poll) {
            (Some(before), Some(poll)) => Some(before.then(poll)),
            _ => None,
        };
    }

    fn end(&mut self, now: Moment, outcome: Outcome) {
        // Once: the operation is let go, and a future polled after its end is off.
        let operation = std::mem::take(&mut self.operation);
        let (Some(core), Some(first)) = (&operation.core, self.first_poll) else {
            return;
        };
        let (shard, writer) = core.shard();
        if let Some(spent) = &self.spent {
            shard.spend(writer, spent);
        }
        let majors = self.faults.total().filter(|_| !self.in_poll);
        if let Some(majors) = majors {
            shard.fault(writer, majors, self.polling_ns);
        }
        shard.record(writer, Kind::Polling, self.polling_ns);
        let latency = now.nanos_after(first);
        shard.record(writer, outcome.kind(), latency);
        let slow = core.bar.is_passed(latency);
        if slow {
            core.leave(&Receipt {
                on_threads_ns: Some(self.polling_ns),
                spent: self.spent,
                majors,
                ..core.receipt(outcome, now, latency)
            });
        }
        let session = segments::session();
        // Without a number no poll of it was left, either.
        if session != 0 && self.number != 0 {
            let segment = Entry::end(core.number, (first, now), self.number, outcome);
            segments::leave(session, segment.slow_if(slow));
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.first_poll.is_some() && self.operation.core.is_some() {
            let outcome = if self.in_poll {
                // A panic left the poll, perhaps long ago: its stretch is not the future's alone.
                allocation::exit_poll(self.stretch);
                self.spent = None;
                Outcome::Error
            } else {
                Outcome::Cancelled
            };
            self.end(Moment::now(), outcome);
        }
    }
}
