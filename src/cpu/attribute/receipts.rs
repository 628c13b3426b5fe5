//! Receipts of slow operations: what one instance waited for. Taken where waits are joined, long after the operation has
//! ended on its own thread, so that recording costs what it did.

use std::collections::VecDeque;

use super::Waited;
use super::numbers::ByNumber;
use crate::segment::{Outcome, Segment};

/// Receipts kept, about 120 bytes each; the oldest go.
const MOST: usize = 8192;
/// Receipts in a second of the latest one's; more are counted.
const PER_SECOND: u32 = 50;

/// What one slow instance did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) operation: u32,
    pub(crate) thread: u32,
    pub(crate) label: u16,
    pub(crate) outcome: Outcome,
    /// CLOCK_MONOTONIC, nanoseconds.
    pub(crate) end_ns: u64,
    pub(crate) latency_ns: u64,
    pub(crate) waited: Waited,
}

/// Which instances are slow, and the receipts of those that were.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    /// From how many nanoseconds on; operations that are not in here are not looked at yet.
    slow_ns: ByNumber<u32, u64>,
    kept: VecDeque<Receipt>,
    second: u64,
    in_second: u32,
    left_out: u64,
    /// When the latest one ended that had to go.
    dropped_until_ns: Option<u64>,
}

/// Slow instances without a receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Missing {
    /// There were too many in their second.
    pub(crate) left_out: u64,
    /// Those that ended until then had to go for later ones: CLOCK_MONOTONIC, nanoseconds.
    pub(crate) dropped_until_ns: Option<u64>,
}

impl Receipts {
    /// From now on instances of the operation that take longer are slow.
    pub(crate) fn slow_above(&mut self, operation: u32, nanos: u64) {
        self.slow_ns.insert(operation, nanos);
    }

    /// An instance has ended.
    pub(super) fn consider(
        &mut self,
        segment: &Segment,
        (outcome, latency_ns): (Outcome, u64),
        waited: Waited,
    ) {
        let slow_ns = self.slow_ns.get(&segment.operation);
        if slow_ns.is_none_or(|slow_ns| latency_ns <= *slow_ns) {
            return;
        }
        let second = segment.end_ns / 1_000_000_000;
        // Threads are joined one after the other: what ended before counts with the second that is being counted.
        if second > self.second {
            (self.second, self.in_second) = (second, 0);
        }
        self.in_second += 1;
        if self.in_second > PER_SECOND {
            self.left_out += 1;
            return;
        }
        if self.kept.len() == MOST {
            let oldest = self.kept.pop_front();
            self.dropped_until_ns = oldest
                .map(|oldest| oldest.end_ns)
                .max(self.dropped_until_ns);
        }
        self.kept.push_back(Receipt {
            operation: segment.operation,
            thread: segment.thread,
            label: segment.label,
            outcome,
            end_ns: segment.end_ns,
            latency_ns,
            waited,
        });
    }

    /// The receipts, oldest first.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &Receipt> {
        self.kept.iter()
    }

    /// What has none.
    pub(crate) fn missing(&self) -> Missing {
        Missing {
            left_out: self.left_out,
            dropped_until_ns: self.dropped_until_ns,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.kept.capacity() * size_of::<Receipt>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::Part;

    fn ended(receipts: &mut Receipts, at_ns: u64, latency_ns: u64) {
        let outcome = Outcome::Ok;
        let segment = Segment {
            thread: 7,
            start_ns: at_ns.saturating_sub(latency_ns),
            end_ns: at_ns,
            operation: 1,
            label: 0,
            part: Part::Whole {
                outcome,
                latency_ns,
            },
        };
        receipts.consider(&segment, (outcome, latency_ns), Waited::default());
    }

    #[test]
    fn only_slow_ones_get_a_receipt_and_only_so_many_a_second() {
        let mut receipts = Receipts::default();
        ended(&mut receipts, 1_000, 900);
        receipts.slow_above(1, 500);
        ended(&mut receipts, 2_000, 500);
        ended(&mut receipts, 3_000, 501);
        assert_eq!(receipts.kept().count(), 1);
        (0..1000).for_each(|at| ended(&mut receipts, 3_000_000_000 + at, 501));
        assert_eq!(receipts.kept().count(), 51);
        assert_eq!(receipts.missing().left_out, 950);
        assert_eq!(receipts.missing().dropped_until_ns, None);
        (4..10_000).for_each(|second| ended(&mut receipts, second * 1_000_000_000, 600));
        assert_eq!(receipts.kept().count(), MOST);
        let oldest = receipts.kept().next().unwrap().end_ns;
        let until = receipts.missing().dropped_until_ns;
        assert_eq!(until, Some(oldest - 1_000_000_000));
    }

    #[test]
    fn threads_that_alternate_around_the_edge_of_a_second_get_no_more() {
        let mut receipts = Receipts::default();
        receipts.slow_above(1, 500);
        for _ in 0..1000 {
            ended(&mut receipts, 4_000_000_001, 501);
            ended(&mut receipts, 3_999_999_999, 501);
        }
        assert_eq!(receipts.kept().count(), PER_SECOND as usize);
        assert_eq!(receipts.missing().left_out, 1950);
    }
}
