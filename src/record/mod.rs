//! Recording: operation handles, timers, shards. The hot path takes no lock, allocates nothing and makes no
//! system call.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Moment;
use crate::snapshot::{GaugeReading, OperationSnapshot};

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It ended well.
    Ok,
    /// It returned an error or panicked.
    Error,
    /// It was dropped before it ended.
    Cancelled,
}

/// A cheap, cloneable handle to a named operation. Off (no monitor, or `enabled = false`) it does nothing.
#[derive(Clone, Debug, Default)]
pub struct Operation {
    name: Option<Arc<str>>,
}

/// A work counter of one operation: what a query *did*, e.g. distance computations.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counter {
    _index: u8,
}

/// A value that goes up and down, e.g. the vectors in the index.
#[derive(Clone, Debug, Default)]
pub struct Gauge {}

/// Times one operation, from its creation until it is dropped.
#[derive(Debug)]
#[must_use = "the operation ends when the timer is dropped"]
pub struct Timer<'a> {
    _operation: PhantomData<&'a Operation>,
}

impl Operation {
    /// A handle that does nothing.
    pub const fn off() -> Self {
        Self { name: None }
    }
    /// The operation's name; empty when off.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("")
    }
    /// Starts an operation.
    pub fn start(&self) -> Timer<'_> {
        Timer {
            _operation: PhantomData,
        }
    }
    /// Starts an operation that was due at `intended`: its latency counts from there, its service time from now.
    pub fn start_since(&self, _intended: Moment) -> Timer<'_> {
        self.start()
    }
    /// Times `work`; a panic counts as an error.
    pub fn measure<R>(&self, work: impl FnOnce() -> R) -> R {
        let _timer = self.start();
        work()
    }
    /// Times `work`; `Err` and a panic count as errors.
    ///
    /// # Errors
    /// What `work` returns.
    pub fn measure_result<T, E>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        work()
    }
    /// Times a future from its first poll to its end; dropped earlier it counts as cancelled.
    pub fn instrument<F: Future>(&self, future: F) -> F {
        future
    }
    /// As [`Operation::instrument`]; an `Err` counts as an error.
    pub fn instrument_result<T, E, F: Future<Output = Result<T, E>>>(&self, future: F) -> F {
        future
    }
    /// Records a duration measured elsewhere.
    pub fn record(&self, _latency: Duration, _outcome: Outcome) {}
    /// The work counter called `name`; at most 16 an operation.
    pub fn counter(&self, _name: &str) -> Counter {
        Counter::default()
    }
    /// Records how many of the `k` true neighbours one judged query found.
    pub fn record_recall(&self, _found: u32, _k: u32) {}
}

impl Timer<'_> {
    /// Adds `n` to a work counter.
    pub fn add(&mut self, _counter: Counter, _n: u64) {}
    /// What is recorded when the timer is dropped without another word (default [`Outcome::Ok`]).
    pub fn drop_as(self, _outcome: Outcome) -> Self {
        self
    }
    /// Ends the operation with `outcome`.
    pub fn end(self, _outcome: Outcome) {}
}

impl Gauge {
    /// Sets the value.
    pub fn set(&self, _value: f64) {}
}

/// All operations and gauges of one monitor.
#[derive(Debug, Default)]
pub(crate) struct Recorder {}

impl Recorder {
    pub(crate) fn new(_series_limit: usize) -> Self {
        Self {}
    }
    pub(crate) fn operation(&self, _name: &str) -> Operation {
        Operation::off()
    }
    pub(crate) fn gauge(&self, _name: &str) -> Gauge {
        Gauge::default()
    }
    pub(crate) fn operations(&self) -> Vec<OperationSnapshot> {
        Vec::new()
    }
    pub(crate) fn gauges(&self) -> Vec<GaugeReading> {
        Vec::new()
    }
}

/// The operation of one place in the code, found in whatever monitor is installed. What `#[vecperf::measure]`
/// expands to.
#[doc(hidden)]
#[derive(Debug)]
pub struct CallSite {
    _name: &'static str,
}

impl CallSite {
    /// A place whose operation is called `name`.
    pub const fn new(name: &'static str) -> Self {
        Self { _name: name }
    }
    /// Starts an operation; off when no monitor is installed.
    pub fn start(&'static self) -> Timer<'static> {
        Timer {
            _operation: PhantomData,
        }
    }
    /// The operation; off when no monitor is installed.
    pub fn handle(&'static self) -> Operation {
        Operation::off()
    }
}
