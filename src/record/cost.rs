//! What recording costs here and now: measured, so that a report can tell it.

use std::time::Duration;

use super::recorder::Recorder;
use crate::clock::Moment;

/// Operations in a batch, and batches; together well below a millisecond.
const BATCH: u32 = 1_000;
const BATCHES: u32 = 5;

/// CPU time of one empty operation, from start to drop: the fastest of a few batches, which other work disturbed least.
/// Around real work the processor hides a part of it, so a sum of these is an upper bound.
pub(crate) fn of_one_operation() -> Duration {
    let scratch = Recorder::new(1);
    let operation = scratch.operation("");
    let batch = |_| {
        let started = Moment::now();
        (0..BATCH).for_each(|_| drop(operation.start()));
        started.elapsed()
    };
    (0..BATCHES).map(batch).min().unwrap_or_default() / BATCH
}

#[cfg(all(test, not(loom)))]
mod tests {
    #[test]
    fn an_operation_costs_something() {
        assert!(super::of_one_operation() > super::Duration::ZERO);
    }
}
