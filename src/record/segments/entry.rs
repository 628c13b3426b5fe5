//! What a ring holds of a segment: four words.
//!
//! ```text
//!  0  start, 1  end: moments
//!  2  bits 0..24 operation · 24..46 thread · 46..56 label · 56..60 part and outcome · 63 slow
//!  3  the whole's latency in nanoseconds, or the future's number
//! ```

use crate::clock::{Moment, Timeline};
use crate::segment::{Outcome, Part, Segment};

/// Words of an entry: half a cache line.
pub(super) const WORDS: usize = 4;

/// Operation numbers that fit; one beyond them is written as 0.
pub(in crate::record) const OPERATIONS: u64 = 1 << 24;
/// Label numbers that fit.
pub(in crate::record) const LABELS: usize = 1 << 10;

const THREAD_AT: u32 = 24;
/// Linux numbers at most this many threads (PID_MAX_LIMIT).
const THREADS: u64 = 1 << 22;
const LABEL_AT: u32 = 46;
const PART_AT: u32 = 56;

const POLL: u64 = 3;
const END: u64 = 4;

const SLOW: u64 = 1 << 63;

/// The thread and its label, where an entry has them: all that a thread keeps of itself between two segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark(u64);

impl Mark {
    pub(super) const NONE: Self = Self(0);

    pub(super) fn with_thread(self, thread: u32) -> Self {
        let thread = u64::from(thread) % THREADS;
        Self(self.0 & !((THREADS - 1) << THREAD_AT) | thread << THREAD_AT)
    }

    pub(super) fn with_label(self, label: u16) -> Self {
        let label = u64::from(label) % LABELS as u64;
        Self(self.0 & !((LABELS as u64 - 1) << LABEL_AT) | label << LABEL_AT)
    }

    pub(super) fn label(self) -> u16 {
        (self.0 >> LABEL_AT & (LABELS as u64 - 1)) as u16
    }
}

/// A segment that is to be left.
#[derive(Clone, Copy)]
pub(in crate::record) struct Entry {
    pub(in crate::record) start: Moment,
    pub(in crate::record) end: Moment,
    /// The operation's number, and the part.
    what: u64,
    /// The latency, or the future.
    which: u64,
}

impl Entry {
    #[inline(always)]
    pub(in crate::record) fn whole(
        operation: u32,
        (start, end): (Moment, Moment),
        outcome: Outcome,
        latency_ns: u64,
    ) -> Self {
        Self {
            start,
            end,
            what: u64::from(operation) | (outcome as u64) << PART_AT,
            which: latency_ns,
        }
    }

    #[inline(always)]
    pub(in crate::record) fn poll(
        operation: u32,
        (start, end): (Moment, Moment),
        future: u32,
    ) -> Self {
        Self {
            start,
            end,
            what: u64::from(operation) | POLL << PART_AT,
            which: future.into(),
        }
    }

    #[inline(always)]
    pub(in crate::record) fn end(
        operation: u32,
        (first_poll, end): (Moment, Moment),
        future: u32,
        outcome: Outcome,
    ) -> Self {
        Self {
            start: first_poll,
            end,
            what: u64::from(operation) | (END + outcome as u64) << PART_AT,
            which: future.into(),
        }
    }

    /// The same, where the operation was slow: it has a receipt.
    pub(in crate::record) fn slow_if(mut self, slow: bool) -> Self {
        self.what |= if slow { SLOW } else { 0 };
        self
    }

    #[inline(always)]
    pub(super) fn words(self, mark: Mark) -> [u64; WORDS] {
        [
            self.start.to_bits(),
            self.end.to_bits(),
            self.what | mark.0,
            self.which,
        ]
    }
}

/// The segment in `words`; `None` when its operation has no number.
pub(super) fn segment(
    [start, end, packed, which]: [u64; WORDS],
    time: &Timeline,
) -> Option<Segment> {
    let operation = (packed % OPERATIONS) as u32;
    let future = which as u32;
    let part = match (packed & !SLOW) >> PART_AT {
        POLL => Part::Poll { future },
        end if end >= END => Part::End {
            future,
            outcome: outcome(end - END),
        },
        whole => Part::Whole {
            outcome: outcome(whole),
            latency_ns: which,
        },
    };
    (operation != 0).then(|| Segment {
        thread: (packed >> THREAD_AT & (THREADS - 1)) as u32,
        start_ns: time.nanos(Moment::from_bits(start)),
        end_ns: time.nanos(Moment::from_bits(end)),
        operation,
        label: Mark(packed).label(),
        part,
        slow: (packed & SLOW != 0).then_some(end),
    })
}

fn outcome(number: u64) -> Outcome {
    match number {
        0 => Outcome::Ok,
        1 => Outcome::Error,
        _ => Outcome::Cancelled,
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_part_survives_the_ring() {
        let time = Timeline::new();
        let start = Moment::now();
        let stretch = (start, start + Duration::from_micros(50));
        let outcomes = [Outcome::Ok, Outcome::Error, Outcome::Cancelled];
        let largest = (OPERATIONS - 1) as u32;
        for (thread, label, operation) in [(1, 0, 1), ((1 << 22) - 1, 1023, largest)] {
            let mark = Mark::NONE.with_label(7);
            let mark = mark.with_thread(thread).with_label(label);
            let seen = |entry: Entry| segment(entry.words(mark), &time).unwrap();
            let expect = |part| Segment {
                thread,
                start_ns: time.nanos(stretch.0),
                end_ns: time.nanos(stretch.1),
                operation,
                label,
                part,
                slow: None,
            };
            for outcome in outcomes {
                let latency_ns = u64::MAX;
                assert_eq!(
                    seen(Entry::whole(operation, stretch, outcome, latency_ns)),
                    expect(Part::Whole {
                        outcome,
                        latency_ns
                    })
                );
                let future = u32::MAX;
                assert_eq!(
                    seen(Entry::end(operation, stretch, future, outcome)),
                    expect(Part::End { future, outcome })
                );
            }
            let slow = seen(Entry::end(operation, stretch, 9, Outcome::Cancelled).slow_if(true));
            assert_eq!(slow.slow, Some(stretch.1.to_bits()));
            assert_eq!(
                Segment { slow: None, ..slow },
                seen(Entry::end(operation, stretch, 9, Outcome::Cancelled).slow_if(false))
            );
            assert_eq!(
                seen(Entry::poll(operation, stretch, 9)),
                expect(Part::Poll { future: 9 })
            );
        }
        let nobodys = Entry::whole(0, stretch, Outcome::Ok, 1).words(Mark::NONE);
        assert_eq!(segment(nobodys, &time), None);
    }
}
