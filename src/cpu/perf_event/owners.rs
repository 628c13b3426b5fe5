//! Threads that came while events were being opened, and may have events twice: inherited, and opened for them.
//!
//! A thread made by one whose events are just being opened inherits those opened so far: perhaps not on all CPUs. It
//! is listed in the next round and gets events of its own, which are complete. Its children inherit both. So of the
//! events of one thread those opened last are complete, and only their records count. Ranks are in the order of
//! opening; threads of the first round have no other events, and share rank 0.

use std::collections::HashMap;

/// Threads remembered at most: those alive at one time, and those whose end was not seen.
const MOST: usize = 1 << 16;

/// The rank of the events that count, by thread.
#[derive(Debug, Default)]
pub(super) struct Owners {
    by_thread: HashMap<u32, u32>,
    highest: u32,
}

impl Owners {
    /// Events are going to be opened for this thread, which came late: their rank.
    pub(super) fn late(&mut self, thread: u32) -> u32 {
        self.highest += 1;
        self.by_thread.insert(thread, self.highest);
        self.highest
    }

    /// Whether events of this rank count for the thread. When it was not known which do, the highest seen.
    pub(super) fn owns(&mut self, thread: u32, rank: u32) -> bool {
        if self.by_thread.len() >= MOST {
            self.forget();
        }
        let owner = self.by_thread.entry(thread).or_insert(rank);
        *owner = rank.max(*owner);
        *owner == rank
    }

    /// The child inherits what its parent has.
    pub(super) fn forked(&mut self, parent: u32, child: u32) {
        match self.by_thread.get(&parent).copied() {
            Some(owner) => self.by_thread.insert(child, owner),
            None => self.by_thread.remove(&child),
        };
    }

    /// The thread ended, as events of this rank tell; whether they count. Another thread may get its number.
    pub(super) fn ended(&mut self, thread: u32, rank: u32) -> bool {
        let counts = self
            .by_thread
            .get(&thread)
            .is_none_or(|owner| rank >= *owner);
        if counts {
            self.by_thread.remove(&thread);
        }
        counts
    }

    /// Threads may have ended unseen.
    pub(super) fn forget(&mut self) {
        self.by_thread.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_events_opened_last_count() {
        let mut owners = Owners::default();
        let rank = owners.late(7);
        assert!(!owners.owns(7, 0), "inherited, perhaps not on all CPUs");
        assert!(owners.owns(7, rank));
        assert!(owners.owns(8, 0), "an old thread");
    }

    #[test]
    fn a_child_is_counted_by_its_parents_events() {
        let mut owners = Owners::default();
        let rank = owners.late(7);
        owners.forked(7, 9);
        assert!(!owners.owns(9, 0));
        assert!(owners.owns(9, rank));
    }

    #[test]
    fn a_number_given_to_another_thread_is_counted_anew() {
        let mut owners = Owners::default();
        let rank = owners.late(7);
        assert!(!owners.ended(7, 0), "told twice, counted once");
        assert!(owners.ended(7, rank));
        assert!(owners.owns(7, 0), "a child of an old thread");
        // Its end was lost.
        owners.late(7);
        owners.forget();
        assert!(owners.owns(7, 0));
        // Or its birth tells.
        owners.late(7);
        owners.forked(100, 7);
        assert!(owners.owns(7, 0));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut owners = Owners::default();
        for thread in 0..3 * MOST as u32 {
            owners.owns(thread, 0);
        }
        assert!(owners.by_thread.len() <= MOST);
    }
}
