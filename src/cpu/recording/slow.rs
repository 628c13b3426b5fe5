//! From when on an operation is slow: above its limit, or above the 99.9th percentile of its instances so far.

use super::drain::Drain;
use super::shared::Context;
use super::splits::{by_operation, quantile};
use crate::histogram;

/// Between two judgements, nanoseconds.
const INTERVAL_NS: u64 = 1_000_000_000;
/// Fewer instances have no such percentile.
const FEWEST: u64 = 1000;

/// When it was judged last.
#[derive(Debug, Default)]
pub(super) struct Slow {
    judged_ns: u64,
}

impl Slow {
    /// Once a second; costs as much as there are latency buckets in use.
    pub(super) fn judge(&mut self, context: &Context, drain: &mut Drain) {
        let now = drain.settled_ns;
        let Some(source) = context.source.as_deref() else {
            return;
        };
        if now < self.judged_ns.saturating_add(INTERVAL_NS) {
            return;
        }
        self.judged_ns = now;
        let waits = &mut drain.splits.waits;
        for (operation, buckets) in by_operation(waits.sums()) {
            let instances: u64 = buckets.iter().map(|bucket| bucket.1.instances).sum();
            let p999 = quantile(&buckets, 0.999).filter(|_| instances >= FEWEST);
            let above = p999.map(|bucket| histogram::middle_ns(usize::from(bucket) + 1));
            let limit = source
                .operation(operation)
                .and_then(|name| (context.limit)(&name));
            let limit = limit.map(histogram::nanos_of);
            let slow = above.unwrap_or(u64::MAX).min(limit.unwrap_or(u64::MAX));
            waits.receipts.slow_above(operation, slow);
        }
    }
}
