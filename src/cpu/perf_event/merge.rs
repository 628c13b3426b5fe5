//! The rings' records in the order of time.
//!
//! Each ring is in order (but for a record whose writer was interrupted by that of the next one, microseconds), so the
//! ring whose next record is the oldest comes next; no record is copied or sorted. A thread may move from a CPU whose
//! ring was looked at to one whose ring was not, and leave records in both: therefore all that was written after the
//! first look waits in its ring for the next drain.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::ring::Ring;

/// What merging keeps between two drains: memory only.
#[derive(Debug, Default)]
pub(super) struct Merge {
    /// Time of its next record, and number, of each ring that has one.
    next: BinaryHeap<Reverse<(u64, usize)>>,
    /// A record that wraps around its ring's end.
    joined: Vec<u64>,
}

impl Merge {
    /// Hands over the records up to the time, which is taken before the call. `None`: a ring held nonsense.
    pub(super) fn drain(
        &mut self,
        rings: &mut [Ring],
        up_to_ns: u64,
        mut take: impl FnMut(Option<&[u64]>),
    ) {
        self.next.clear();
        for (number, ring) in rings.iter_mut().enumerate() {
            ring.look();
            self.note(number, ring, up_to_ns);
        }
        while let Some(Reverse((_, number))) = self.next.pop() {
            let Some(ring) = rings.get_mut(number) else {
                continue;
            };
            take(ring.record(&mut self.joined));
            ring.advance();
            self.note(number, ring, up_to_ns);
        }
    }

    fn note(&mut self, number: usize, ring: &Ring, up_to_ns: u64) {
        if let Some(time) = ring.next_time().filter(|time| *time <= up_to_ns) {
            self.next.push(Reverse((time, number)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::perf_event::ring::tests::{Written, switch};

    fn drained(merge: &mut Merge, rings: &mut [Ring], up_to_ns: u64) -> Vec<u64> {
        let mut times = Vec::new();
        merge.drain(rings, up_to_ns, |record| times.push(record.unwrap()[2]));
        times
    }

    #[test]
    fn records_of_all_rings_come_in_the_order_of_time() {
        let (mut first, mut second) = (Written::new(), Written::new());
        for time in [1, 4, 6] {
            first.write(&switch(time));
        }
        for time in [2, 3, 5] {
            second.write(&switch(time));
        }
        let mut rings = [first.ring(), second.ring()];
        let mut merge = Merge::default();
        assert_eq!(drained(&mut merge, &mut rings, 9), [1, 2, 3, 4, 5, 6]);
        assert!(drained(&mut merge, &mut rings, 9).is_empty(), "once only");
    }

    #[test]
    fn what_was_written_after_the_first_look_waits() {
        let (mut first, mut second) = (Written::new(), Written::new());
        first.write(&switch(1));
        second.write(&switch(4));
        let mut rings = [first.ring(), second.ring()];
        let mut merge = Merge::default();
        assert_eq!(drained(&mut merge, &mut rings, 3), [1]);
        // The thread of the record at 4 had been on the first CPU before: its record there is seen only now.
        first.write(&switch(3));
        assert_eq!(drained(&mut merge, &mut rings, 9), [3, 4]);
    }
}
