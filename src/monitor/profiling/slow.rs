//! Receipts of slow operations, as the report tells them.

use std::time::Duration;

use crate::clock;
use crate::cpu::{Missing, Receipt};
use crate::report::SlowOperation;
use crate::segment::{Outcome, Source};

/// With names for numbers; `now` is the time since the monitor's start, and `seen` whether waits and faults are.
pub(super) fn operations(
    receipts: &[Receipt],
    source: &dyn Source,
    now: Duration,
    (waits, faults): (bool, bool),
) -> Vec<SlowOperation> {
    let at = since_start(now);
    let seconds = |nanos: u64| nanos as f64 / 1e9;
    let one = |receipt: &Receipt| {
        let waited = &receipt.waited;
        let off_cpu = waited.blocked_ns.saturating_add(waited.preempted_ns);
        Some(SlowOperation {
            ended_seconds: at(receipt.end_ns).as_secs_f64(),
            operation: source.operation(receipt.operation)?,
            outcome: match receipt.outcome {
                Outcome::Ok => "ok",
                Outcome::Error => "error",
                Outcome::Cancelled => "cancelled",
            }
            .to_owned(),
            thread: receipt.thread,
            label: source.label(receipt.label).filter(|_| receipt.label != 0),
            latency_seconds: seconds(receipt.latency_ns),
            on_cpu_seconds: waits.then(|| seconds(waited.wall_ns.saturating_sub(off_cpu))),
            blocked_seconds: waits.then(|| seconds(waited.blocked_ns)),
            preempted_seconds: waits.then(|| seconds(waited.preempted_ns)),
            blocks: waits.then_some(waited.blocks),
            page_faults: faults.then_some(waited.faults),
        })
    };
    receipts.iter().filter_map(one).collect()
}

/// What the reader of the receipts should know is not among them.
pub(super) fn notes(missing: Missing, now: Duration) -> Vec<String> {
    let mut notes = Vec::new();
    if missing.left_out > 0 {
        let left_out = missing.left_out;
        notes.push(format!(
            "slow operations without a receipt, too many in one second: {left_out}"
        ));
    }
    if let Some(until) = missing.dropped_until_ns {
        let until = since_start(now)(until).as_secs_f64();
        notes.push(format!(
            "receipts of slow operations begin {until:.1} s after the start: those before had to go for later ones"
        ));
    }
    notes
}

/// From CLOCK_MONOTONIC to the time since the monitor's start, which was `now` ago.
fn since_start(now: Duration) -> impl Fn(u64) -> Duration {
    let now_ns = clock::monotonic_nanos();
    move |at_ns| now.saturating_sub(Duration::from_nanos(now_ns.saturating_sub(at_ns)))
}
