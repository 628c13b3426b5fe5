//! The receipt of one slow operation, and how a ring holds it.
//!
//! ```text
//!  0  bits 0..32 operation · 32..64 thread
//!  1  bits 0..16 label · 16..20 outcome · 20..24 what is known
//!  2  end, a moment     3  latency      4  time on threads, nanoseconds
//!  5  allocations       6  bytes        7  net bytes       8  peak bytes       9  major faults
//!  10..               what was added to the first work counters
//! ```

use crate::allocation::Spent;
use crate::clock::Moment;
use crate::segment::Outcome;

/// Work counters of an operation that its receipts have: the first ones.
pub(in crate::record) const WORK: usize = 8;
/// Words of a receipt in a ring.
pub(super) const WORDS: usize = 10 + WORK;

const ON_THREADS: u64 = 1;
const SPENT: u64 = 2;
const FAULTS: u64 = 4;
const WORKED: u64 = 8;

/// What one operation added to its first work counters.
pub(crate) type Work = [u64; WORK];

/// What one slow operation did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Receipt {
    /// The operation's number.
    pub(crate) operation: u32,
    /// The thread that it ended on, as the kernel numbers it; 0 where nobody asks.
    pub(crate) thread: u32,
    /// The label in force there; 0: none.
    pub(crate) label: u16,
    pub(crate) outcome: Outcome,
    pub(crate) ended: Moment,
    /// From its intended start, where one was given.
    pub(crate) latency_ns: u64,
    /// From start to end on its thread; of a future, in its polls. `None`: measured elsewhere.
    pub(crate) on_threads_ns: Option<u64>,
    /// `None`: not counted.
    pub(crate) spent: Option<Spent>,
    /// Major faults; `None`: it was not one of those that are read.
    pub(crate) majors: Option<u32>,
    /// `None`: nothing can be added to one of its kind.
    pub(crate) work: Option<Work>,
}

impl Receipt {
    pub(super) fn words(&self) -> [u64; WORDS] {
        let spent = self.spent.unwrap_or_default();
        let known = [
            (self.on_threads_ns.is_some(), ON_THREADS),
            (self.spent.is_some(), SPENT),
            (self.majors.is_some(), FAULTS),
            (self.work.is_some(), WORKED),
        ];
        let known: u64 = known
            .iter()
            .filter(|known| known.0)
            .map(|known| known.1)
            .sum();
        let mut words = [0; WORDS];
        let (head, work) = words.split_at_mut(WORDS - WORK);
        head.copy_from_slice(&[
            u64::from(self.operation) | u64::from(self.thread) << 32,
            u64::from(self.label) | (self.outcome as u64) << 16 | known << 20,
            self.ended.to_bits(),
            self.latency_ns,
            self.on_threads_ns.unwrap_or_default(),
            spent.allocations,
            spent.bytes,
            spent.net_bytes.cast_unsigned(),
            spent.peak_bytes,
            self.majors.unwrap_or_default().into(),
        ]);
        work.copy_from_slice(&self.work.unwrap_or_default());
        words
    }

    pub(super) fn of(words: [u64; WORDS]) -> Self {
        let [
            who,
            what,
            ended,
            latency_ns,
            on_threads_ns,
            allocations,
            bytes,
            net_bytes,
            peak_bytes,
            majors,
            work @ ..,
        ] = words;
        let known = |which: u64| what >> 20 & which != 0;
        Self {
            operation: who as u32,
            thread: (who >> 32) as u32,
            label: what as u16,
            outcome: match what >> 16 & 3 {
                0 => Outcome::Ok,
                1 => Outcome::Error,
                _ => Outcome::Cancelled,
            },
            ended: Moment::from_bits(ended),
            latency_ns,
            on_threads_ns: known(ON_THREADS).then_some(on_threads_ns),
            spent: known(SPENT).then(|| Spent {
                allocations,
                bytes,
                net_bytes: net_bytes.cast_signed(),
                peak_bytes,
                ..Spent::default()
            }),
            majors: known(FAULTS).then_some(majors as u32),
            work: known(WORKED).then_some(work),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_part_survives_the_ring_and_what_is_unknown_stays_so() {
        let full = Receipt {
            operation: u32::MAX,
            thread: (1 << 22) - 1,
            label: 1023,
            outcome: Outcome::Cancelled,
            ended: Moment::now(),
            latency_ns: u64::MAX,
            on_threads_ns: Some(7),
            spent: Some(Spent {
                allocations: 1,
                bytes: 2,
                net_bytes: -3,
                peak_bytes: 4,
                ..Spent::default()
            }),
            majors: Some(u32::MAX),
            work: Some([9; WORK]),
        };
        let little = Receipt {
            outcome: Outcome::Error,
            on_threads_ns: None,
            spent: None,
            majors: None,
            work: None,
            ..full
        };
        for receipt in [full, little] {
            assert_eq!(Receipt::of(receipt.words()), receipt);
        }
    }
}
