//! What happened to one thread, summed up to any moment: an exponential histogram over time.
//!
//! Each event leaves a mark: when, and the sums before it. What lies between two moments is the difference of two sums,
//! however long ago the first one was. Of old marks ever fewer are kept, so that memory grows with the logarithm of their
//! number (Datar, Gionis, Indyk, Motwani: Maintaining stream statistics over sliding windows, 2002).

use std::collections::VecDeque;

use super::waits::Waited;

/// Marks of one level. Between two marks of level `n` lie 2^n events, so a moment among them is missed by less than
/// 2/128 of the events since then. The last 128 are exact.
const MARKS: usize = 128;
/// Of older ones than half a million only the sum is known.
const LEVELS: usize = 12;

#[derive(Clone, Copy, Debug)]
struct Mark {
    at_ns: u64,
    /// Summed over all events before it.
    before: Waited,
}

/// Sums over time.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The newest marks first; each level in the order of time.
    levels: Vec<VecDeque<Mark>>,
    last_ns: u64,
    total: Waited,
}

impl History {
    /// Something happened at a moment, not before the last one.
    pub(super) fn add(&mut self, at_ns: u64, what: &Waited) {
        self.last_ns = self.last_ns.max(at_ns);
        let mut mark = Mark {
            at_ns: self.last_ns,
            before: self.total,
        };
        self.total.add(what);
        for level in 0..LEVELS {
            if self.levels.len() == level {
                self.levels.push(VecDeque::new());
            }
            let Some(marks) = self.levels.get_mut(level) else {
                return;
            };
            marks.push_back(mark);
            if marks.len() <= MARKS {
                return;
            }
            // The two oldest become one.
            let Some(oldest) = marks.pop_front() else {
                return;
            };
            marks.pop_front();
            mark = oldest;
        }
    }

    /// What happened from `start_ns` to before `end_ns`.
    #[inline]
    pub(super) fn between(&self, start_ns: u64, end_ns: u64) -> Waited {
        // Nothing happens in most operations.
        if self.last_ns < start_ns {
            return Waited::default();
        }
        self.before(end_ns).since(&self.before(start_ns))
    }

    /// What happened before a moment.
    fn before(&self, at_ns: u64) -> Waited {
        let mut after = &self.total;
        for marks in &self.levels {
            let from = marks.partition_point(|mark| mark.at_ns < at_ns);
            if let Some(mark) = marks.get(from) {
                after = &mark.before;
            }
            if from > 0 {
                break;
            }
        }
        *after
    }

    pub(super) fn bytes(&self) -> usize {
        let levels = self.levels.iter();
        levels
            .map(|marks| marks.capacity() * size_of::<Mark>())
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocked(blocked_ns: u64) -> Waited {
        Waited {
            blocked_ns,
            blocks: 1,
            ..Waited::default()
        }
    }

    #[test]
    fn the_last_events_are_exact() {
        let mut history = History::default();
        for n in 0..MARKS as u64 {
            history.add(n * 10, &blocked(n));
        }
        for (start, end) in [(0, 1280), (10, 11), (11, 20), (1270, 1271), (500, 900)] {
            let inside = (0..MARKS as u64).filter(|n| (start..end).contains(&(n * 10)));
            let seen = history.between(start, end);
            let expected: Vec<u64> = inside.collect();
            assert_eq!(seen.blocks, expected.len() as u64, "{start} {end}");
            assert_eq!(seen.blocked_ns, expected.iter().sum::<u64>());
        }
        assert_eq!(history.between(1271, 5000), Waited::default());
    }

    #[test]
    fn a_moment_long_ago_is_missed_by_little_and_memory_is_bounded() {
        let mut history = History::default();
        let events = 50_000_u64;
        (0..events).for_each(|n| history.add(n, &blocked(1)));
        for start in (0..events).step_by(997) {
            let truth = events - start;
            let seen = history.between(start, events).blocks;
            assert!(seen <= truth);
            assert!(
                (truth - seen) as f64 <= truth as f64 * 2.0 / MARKS as f64,
                "{start}: {seen} of {truth}"
            );
        }
        let more = 2 * MARKS as u64 * (1 << LEVELS);
        (0..more).for_each(|n| history.add(events + n, &blocked(1)));
        assert_eq!(history.levels.len(), LEVELS);
        assert!(history.bytes() < 256 * 1024);
        assert!(history.between(0, u64::MAX).blocks > more / 4);
    }
}
