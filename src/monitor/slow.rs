//! Receipts of slow operations, as the report tells them: what recording left, and what the CPU profile saw of it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::Watch;
use super::profiling::Stamp;
use crate::record::{Missing, Receipt};
use crate::report::SlowOperation;
use crate::segment::{Outcome, Source};

/// Receipts that a report lists: those that took longest for their kind.
const MOST: usize = 1000;

/// When a phase was.
pub(super) struct Span<'a> {
    pub(super) name: &'a str,
    pub(super) time: RangeInclusive<Duration>,
}

impl Watch {
    /// Slow operations that ended after `from`, one by one, and notes on those that are missing. Reads the names of
    /// functions when `named`.
    pub(super) fn slow_operations(
        &self,
        from: Duration,
        phases: &[Span<'_>],
        named: bool,
    ) -> (Vec<SlowOperation>, Vec<String>) {
        let slowest = self.recorder.receipts(self.started, from, MOST);
        let numbers = slowest.receipts.iter().map(|receipt| receipt.operation);
        let names = self.recorder.names(&numbers.collect());
        let told = slowest.receipts.iter().filter_map(|receipt| {
            let stamp = (receipt.operation, receipt.thread, receipt.ended.to_bits());
            let (operation, work) = names.get(&receipt.operation)?;
            Some((stamp, self.told_slow(receipt, phases, operation, work)))
        });
        let mut told: Vec<(Stamp, SlowOperation)> = told.collect();
        self.profiling.trace(&mut told, named);
        let slow = told.into_iter().map(|(_, slow)| slow).collect();
        (slow, self.missing(slowest.missing, slowest.unlisted))
    }

    fn told_slow(
        &self,
        receipt: &Receipt,
        phases: &[Span<'_>],
        operation: &str,
        work: &[String],
    ) -> SlowOperation {
        let seconds = |nanos: u64| nanos as f64 / 1e9;
        let ended = receipt.ended.since(self.started);
        let mut latest = phases.iter().rev();
        let phase = latest.find(|phase| phase.time.contains(&ended));
        let added = receipt.work.iter().flatten().copied();
        let work: BTreeMap<_, _> = work.iter().cloned().zip(added).collect();
        SlowOperation {
            ended_seconds: ended.as_secs_f64(),
            operation: operation.to_owned(),
            outcome: match receipt.outcome {
                Outcome::Ok => "ok",
                Outcome::Error => "error",
                Outcome::Cancelled => "cancelled",
            }
            .to_owned(),
            phase: phase.map(|phase| phase.name.to_owned()),
            thread: receipt.thread,
            label: self
                .recorder
                .label(receipt.label)
                .filter(|_| receipt.label != 0),
            latency_seconds: seconds(receipt.latency_ns),
            on_thread_seconds: receipt.on_threads_ns.map(seconds),
            major_faults: receipt.majors.map(u64::from),
            allocations: receipt.spent.map(|spent| spent.allocations),
            allocated_bytes: receipt.spent.map(|spent| spent.bytes),
            net_bytes: receipt.spent.map(|spent| spent.net_bytes),
            peak_bytes: receipt.spent.map(|spent| spent.peak_bytes),
            work,
            ..SlowOperation::default()
        }
    }

    /// What the reader of the receipts should know is not among them.
    fn missing(&self, missing: Missing, unlisted: usize) -> Vec<String> {
        let mut notes = Vec::new();
        let Missing { left_out, lost, .. } = missing;
        if left_out > 0 {
            notes.push(format!(
                "slow operations without a receipt, because others of their second were slower: {left_out}"
            ));
        }
        if lost > 0 {
            notes.push(format!(
                "slow operations without a receipt, because too many ended at once, or on too many threads: {lost}"
            ));
        }
        if unlisted > 0 {
            notes.push(format!(
                "receipts of slow operations that are not listed, because {MOST} others were slower: {unlisted}"
            ));
        }
        if let Some(until) = missing.dropped_until {
            let until = until.since(self.started).as_secs_f64();
            notes.push(format!(
                "receipts of slow operations begin {until:.1} s after the start: those before had to go for later ones"
            ));
        }
        notes
    }
}
