//! Numbers that are given out and come back, without locks: which entry, which slot, which copy of a stack is free.
//!
//! R. Treiber's stack over an array of links. Many take and give at once; the head carries a tag that changes each time,
//! so that a number that went and came back meanwhile is noticed. Numbers never used come from a counter, so that the
//! memory they stand for is touched only when it is needed.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Numbers below `most`. Links are the caller's: one for each number, used only while the number is free.
#[derive(Debug)]
pub(super) struct Numbers {
    /// The top of the free ones plus one, 0 for none; above it the tag.
    head: AtomicU64,
    fresh: AtomicU32,
    most: u32,
}

impl Numbers {
    pub(super) const fn new(most: u32) -> Self {
        Self {
            head: AtomicU64::new(0),
            fresh: AtomicU32::new(0),
            most,
        }
    }

    /// A free number, the caller's alone; `None`: all are taken.
    pub(super) fn take<'a>(&self, link: impl Fn(u32) -> &'a AtomicU32) -> Option<u32> {
        let mut head = self.head.load(Ordering::Acquire);
        while let Some(top) = (head as u32).checked_sub(1) {
            // What is read here may be anything when another thread took `top` first; then the tag has changed.
            let below = link(top).load(Ordering::Relaxed);
            match self.head.compare_exchange_weak(
                head,
                tagged(head, below),
                Ordering::Acquire,
                Ordering::Acquire,
            ) {
                Ok(_) => return Some(top),
                Err(now) => head = now,
            }
        }
        let more = |fresh: u32| (fresh < self.most).then(|| fresh + 1);
        let fresh = (self.fresh).fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        fresh.ok()
    }

    /// Gives back a number that was taken. What its owner wrote is seen by the next one.
    pub(super) fn give<'a>(&self, number: u32, link: impl Fn(u32) -> &'a AtomicU32) {
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            link(number).store(head as u32, Ordering::Relaxed);
            match self.head.compare_exchange_weak(
                head,
                tagged(head, number + 1),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }
}

/// The head after `before`.
fn tagged(before: u64, top: u32) -> u64 {
    let tag = (before >> 32).wrapping_add(1);
    tag << 32 | u64::from(top)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::atomic::AtomicBool;

    use super::*;

    fn links(count: usize) -> Vec<AtomicU32> {
        (0..count).map(|_| AtomicU32::new(0)).collect()
    }

    #[test]
    fn each_number_is_given_out_once_and_again_when_it_came_back() {
        let (numbers, links) = (Numbers::new(3), links(3));
        let link = |number: u32| &links[number as usize];
        let taken: HashSet<u32> = std::iter::from_fn(|| numbers.take(link)).collect();
        assert_eq!(taken, HashSet::from([0, 1, 2]));
        numbers.give(1, link);
        assert_eq!(numbers.take(link), Some(1));
        assert_eq!(numbers.take(link), None);
    }

    /// Four threads over five numbers: nobody has a number that another one has.
    #[test]
    fn a_number_has_one_owner_at_a_time() {
        const MOST: u32 = 5;
        let (numbers, links) = (Numbers::new(MOST), links(MOST as usize));
        let owned: Vec<AtomicBool> = (0..MOST).map(|_| AtomicBool::new(false)).collect();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let link = |number: u32| &links[number as usize];
                    for _ in 0..50_000 {
                        let mine: Vec<u32> = (0..2).filter_map(|_| numbers.take(link)).collect();
                        for number in mine {
                            let owned = &owned[number as usize];
                            assert!(!owned.swap(true, Ordering::AcqRel), "{number} twice");
                            owned.store(false, Ordering::Release);
                            numbers.give(number, link);
                        }
                    }
                });
            }
        });
        let left: HashSet<u32> =
            std::iter::from_fn(|| numbers.take(|number| &links[number as usize])).collect();
        assert_eq!(left.len(), MOST as usize, "none was lost");
    }
}
