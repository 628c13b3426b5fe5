//! Futures: from the first poll to the end, and apart from that the time inside polls.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::operation::Operation;
use super::shard::Kind;
use super::timer::Outcome;
use crate::clock::Moment;

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

/// The measured side of a future; recorded when it ends, or as cancelled when it is dropped before.
#[derive(Debug)]
struct Run {
    operation: Operation,
    first_poll: Option<Moment>,
    polling_ns: u64,
}

impl<F: Future> Instrumented<F> {
    pub(super) fn new(operation: Operation, future: F, judge: fn(&F::Output) -> Outcome) -> Self {
        Self {
            future,
            run: Run {
                operation,
                first_poll: None,
                polling_ns: 0,
            },
            judge,
        }
    }
}

impl<F: Future> Future for Instrumented<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if this.run.operation.core.is_none() {
            return this.future.poll(context);
        }
        let begun = Moment::now();
        this.run.first_poll.get_or_insert(begun);
        let polling = InPoll {
            run: this.run,
            begun,
        };
        let polled = this.future.poll(context);
        drop(polling);
        if let Poll::Ready(output) = &polled {
            let outcome = (this.judge)(output);
            this.run.end(outcome);
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

/// Adds the time of one poll, also of one that panics.
struct InPoll<'a> {
    run: &'a mut Run,
    begun: Moment,
}

impl Drop for InPoll<'_> {
    fn drop(&mut self) {
        let ns = Moment::now().nanos_after(self.begun);
        self.run.polling_ns = self.run.polling_ns.saturating_add(ns);
    }
}

impl Run {
    fn end(&mut self, outcome: Outcome) {
        let (Some(core), Some(first)) = (&self.operation.core, self.first_poll.take()) else {
            return;
        };
        let (shard, writer) = core.shard();
        shard.record(writer, Kind::Polling, self.polling_ns);
        shard.record(writer, outcome.kind(), Moment::now().nanos_after(first));
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let outcome = if std::thread::panicking() {
            Outcome::Error
        } else {
            Outcome::Cancelled
        };
        self.end(outcome);
    }
}
