//! What happened in the polls of a future waits here until it has ended: only then are its outcome and latency known.
//!
//! A poll and its future's end may come from the rings of two threads, and the end first. So recent endings are kept, in
//! a table that forgets the oldest by itself.

use std::collections::hash_map::Entry;

use super::Instance;
use super::numbers::ByNumber;
use crate::segment::Outcome;

/// Endings that are kept, 16 bytes each, from the first one on. Numbers of futures are dense, so that these are about
/// the last so many to end.
const ENDINGS: usize = 1 << 15;

/// How a future ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) operation: u32,
    pub(super) latency_bucket: u16,
    pub(super) outcome: Outcome,
}

impl Ending {
    pub(super) fn instance(self, label: u16) -> Instance {
        Instance {
            operation: self.operation,
            outcome: Some(self.outcome),
            label,
            latency_bucket: self.latency_bucket,
        }
    }
}

/// A future that has not ended.
#[derive(Debug)]
pub(super) struct Open<X> {
    pub(super) operation: u32,
    /// From the start of the first poll here to the end of the last, nanoseconds.
    pub(super) first_ns: u64,
    pub(super) last_ns: u64,
    pub(super) what: X,
}

impl<X> Open<X> {
    pub(super) fn latency_so_far(&self) -> u64 {
        self.last_ns.saturating_sub(self.first_ns)
    }
}

/// Futures by their number.
#[derive(Debug)]
pub(super) struct Futures<X> {
    open: ByNumber<u32, Open<X>>,
    /// By number modulo the length.
    endings: Vec<Option<(u32, Ending)>>,
}

impl<X: Default> Futures<X> {
    pub(super) fn new() -> Self {
        Self {
            open: ByNumber::default(),
            endings: Vec::new(),
        }
    }

    /// A poll of a future: how that ended, or what is to be kept of it until it does.
    pub(super) fn polled(
        &mut self,
        future: u32,
        operation: u32,
        (start_ns, end_ns): (u64, u64),
    ) -> Result<Ending, &mut X> {
        if let Some(Some((number, ending))) = self.endings.get(place(future))
            && *number == future
        {
            return Ok(*ending);
        }
        let open = self.open.entry(future).or_insert_with(|| Open {
            operation,
            first_ns: start_ns,
            last_ns: end_ns,
            what: X::default(),
        });
        open.first_ns = open.first_ns.min(start_ns);
        open.last_ns = open.last_ns.max(end_ns);
        Err(&mut open.what)
    }

    /// The future has ended; what was kept of it.
    pub(super) fn ended(&mut self, future: u32, ending: Ending) -> Option<X> {
        if self.endings.is_empty() {
            self.endings.resize(ENDINGS, None);
        }
        if let Some(kept) = self.endings.get_mut(place(future)) {
            *kept = Some((future, ending));
        }
        if self.open.is_empty() {
            return None;
        }
        match self.open.entry(future) {
            Entry::Occupied(open) => Some(open.remove().what),
            Entry::Vacant(_) => None,
        }
    }

    pub(super) fn open(&self) -> impl Iterator<Item = &Open<X>> {
        self.open.values()
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Those whose last poll ended before a moment are kept no longer.
    pub(super) fn give_up(&mut self, before_ns: u64) -> impl Iterator<Item = Open<X>> {
        let old = self
            .open
            .extract_if(move |_, open| open.last_ns < before_ns);
        old.map(|(_, open)| open)
    }

    /// The moment before which a quarter of the futures had their last poll.
    pub(super) fn oldest_quarter(&self) -> u64 {
        let mut last: Vec<u64> = self.open.values().map(|open| open.last_ns).collect();
        let at = last.len() / 4;
        if at >= last.len() {
            return 0;
        }
        let (_, cut, _) = last.select_nth_unstable(at);
        *cut + 1
    }

    pub(super) fn bytes(&self) -> usize {
        self.open.capacity() * size_of::<(u32, Open<X>)>()
            + self.endings.capacity() * size_of::<Option<(u32, Ending)>>()
    }
}

fn place(future: u32) -> usize {
    future as usize % ENDINGS
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDING: Ending = Ending {
        operation: 7,
        latency_bucket: 3,
        outcome: Outcome::Ok,
    };

    #[test]
    fn what_polls_leave_is_handed_over_at_the_end_and_later_polls_learn_of_it() {
        let mut futures = Futures::<u32>::new();
        *futures.polled(5, 7, (10, 20)).unwrap_err() += 1;
        *futures.polled(5, 7, (30, 40)).unwrap_err() += 1;
        assert_eq!(futures.open().next().unwrap().latency_so_far(), 30);
        assert_eq!(futures.ended(5, ENDING), Some(2));
        assert_eq!(futures.polled(5, 7, (1, 2)), Ok(ENDING));
        assert_eq!(futures.ended(6, ENDING), None);
        assert_eq!(futures.len(), 0);
    }

    #[test]
    fn endings_are_forgotten_the_oldest_first() {
        let mut futures = Futures::<u32>::new();
        let most = ENDINGS as u32;
        (1..=most + 10).for_each(|future| assert!(futures.ended(future, ENDING).is_none()));
        assert!(futures.polled(10, 7, (1, 2)).is_err());
        assert!(futures.polled(11, 7, (1, 2)).is_ok());
    }

    #[test]
    fn those_not_polled_for_long_are_given_up() {
        let mut futures = Futures::<u32>::new();
        assert_eq!(futures.oldest_quarter(), 0);
        (0..100).for_each(|n| {
            let _ = futures.polled(n, 7, (u64::from(n), u64::from(n) + 1));
        });
        let cut = futures.oldest_quarter();
        assert_eq!(futures.give_up(cut).count(), 26);
        assert_eq!(futures.give_up(90).count(), 63);
        assert_eq!(futures.len(), 11);
    }
}
