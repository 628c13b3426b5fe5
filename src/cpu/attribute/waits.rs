//! Where an operation's time went when it was not on a CPU: blocked, or preempted; and its page faults.
//!
//! A thread cannot end an operation while it is switched out, so an interval from switch to switch lies inside an
//! operation or outside of it, and is known by the moment it begins.

use std::collections::{HashMap, VecDeque};

use super::bucket;
use super::futures::{Ending, Futures};
use super::history::History;
use super::numbers::{ByNumber, Numbers};
use super::traces::Traces;
use crate::segment::{Part, Segment};

/// Segments kept until all switches in them have come.
const MOST_SEGMENTS: usize = 131_072;
/// Futures that have not ended and are kept in mind.
const MOST_FUTURES: usize = 65_536;
/// Threads kept in mind; beyond them those that did not switch for longest are forgotten.
const MOST_THREADS: usize = 16_384;

/// What operations of one latency bucket waited for, summed; nested operations count in each that holds them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waited {
    /// Instances that ended.
    pub(crate) instances: u64,
    /// Their time on threads, from start to end; of futures, in polls.
    pub(crate) wall_ns: u64,
    pub(crate) blocked_ns: u64,
    pub(crate) preempted_ns: u64,
    /// Times that it left the CPU to wait.
    pub(crate) blocks: u64,
    pub(crate) faults: u64,
}

impl Waited {
    pub(crate) fn add(&mut self, other: &Self) {
        self.instances += other.instances;
        self.wall_ns = self.wall_ns.saturating_add(other.wall_ns);
        self.blocked_ns = self.blocked_ns.saturating_add(other.blocked_ns);
        self.preempted_ns = self.preempted_ns.saturating_add(other.preempted_ns);
        self.blocks += other.blocks;
        self.faults = self.faults.saturating_add(other.faults);
    }

    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            instances: self.instances.saturating_sub(earlier.instances),
            wall_ns: self.wall_ns.saturating_sub(earlier.wall_ns),
            blocked_ns: self.blocked_ns.saturating_sub(earlier.blocked_ns),
            preempted_ns: self.preempted_ns.saturating_sub(earlier.preempted_ns),
            blocks: self.blocks.saturating_sub(earlier.blocks),
            faults: self.faults.saturating_sub(earlier.faults),
        }
    }
}

/// Sums by operation and latency bucket (index in [`crate::histogram`]).
pub(crate) type Sums = HashMap<(u32, u16), Waited, Numbers>;

/// Joins switches and faults to operations.
#[derive(Debug)]
pub(crate) struct Waits {
    sums: Sums,
    threads: ByNumber<u32, Thread>,
    futures: Futures<Waited>,
    /// Segments kept in threads.
    kept: usize,
    /// All switches up to here have come.
    complete_ns: u64,
    given_up: u64,
    /// Of slow instances.
    pub(crate) traces: Traces,
}

/// What is known of one thread.
#[derive(Debug, Default)]
struct Thread {
    /// When it was switched out, and whether it could have run on.
    out: Option<(u64, bool)>,
    history: History,
    /// Segments that wait for the switches in them.
    segments: VecDeque<Segment>,
    last_ns: u64,
    ended_ns: Option<u64>,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            sums: Sums::default(),
            threads: ByNumber::default(),
            futures: Futures::new(),
            kept: 0,
            complete_ns: 0,
            given_up: 0,
            traces: Traces::default(),
        }
    }
}

impl Waits {
    /// The thread left its CPU; the events of one thread come in the order of time.
    pub(crate) fn switched_out(&mut self, thread: u32, at_ns: u64, preempted: bool) {
        let thread = self.thread(thread, at_ns);
        thread.out = Some((at_ns, preempted));
    }

    /// The thread got a CPU.
    pub(crate) fn switched_in(&mut self, thread: u32, at_ns: u64) {
        let thread = self.thread(thread, at_ns);
        let Some((out_ns, preempted)) = thread.out.take() else {
            return;
        };
        let away_ns = at_ns.saturating_sub(out_ns);
        let mut waited = Waited::default();
        if preempted {
            waited.preempted_ns = away_ns;
        } else {
            waited.blocked_ns = away_ns;
            waited.blocks = 1;
        }
        thread.history.add(out_ns, &waited);
    }

    /// The thread met so many page faults.
    pub(crate) fn faults(&mut self, thread: u32, at_ns: u64, count: u64) {
        let waited = Waited {
            faults: count,
            ..Waited::default()
        };
        self.thread(thread, at_ns).history.add(at_ns, &waited);
    }

    /// Records were lost: perhaps those that would end the intervals under way.
    pub(crate) fn lost(&mut self) {
        self.threads
            .values_mut()
            .for_each(|thread| thread.out = None);
    }

    /// The thread has ended; its number may be another one's from here on.
    pub(crate) fn ended(&mut self, thread: u32, at_ns: u64) {
        if let Some(thread) = self.threads.get_mut(&thread) {
            thread.out = None;
            thread.ended_ns = Some(at_ns);
        }
    }

    fn thread(&mut self, thread: u32, at_ns: u64) -> &mut Thread {
        let thread = self.threads.entry(thread).or_default();
        thread.last_ns = at_ns;
        // It has got the number of one that ended.
        thread.ended_ns = None;
        thread
    }

    /// An ended segment; segments of one thread come in the order of their ends.
    pub(crate) fn segment(&mut self, segment: &Segment) {
        if segment.end_ns <= self.complete_ns || matches!(segment.part, Part::End { .. }) {
            return self.account(segment);
        }
        if self.kept >= MOST_SEGMENTS {
            self.given_up += 1;
            return self.account(segment);
        }
        self.kept += 1;
        let thread = self.threads.entry(segment.thread).or_default();
        thread.segments.push_back(*segment);
    }

    /// All switches in the segment have come.
    fn account(&mut self, segment: &Segment) {
        let mut waited = Waited::default();
        let stretch = (segment.start_ns, segment.end_ns);
        let length_ns = segment.end_ns.saturating_sub(segment.start_ns);
        if !matches!(segment.part, Part::End { .. }) {
            if let Some(thread) = self.threads.get(&segment.thread) {
                waited = thread.history.between(stretch.0, stretch.1);
            }
            waited.wall_ns = length_ns;
        }
        let operation = segment.operation;
        let key = match segment.part {
            Part::Whole { latency_ns, .. } => {
                waited.instances = 1;
                self.traces.consider(segment, latency_ns, waited);
                (operation, bucket(latency_ns))
            }
            Part::Poll { future } => match self.futures.polled(future, operation, stretch) {
                Ok(ending) => (ending.operation, ending.latency_bucket),
                Err(kept) => return kept.add(&waited),
            },
            Part::End { future, outcome } => {
                let ending = Ending {
                    operation,
                    latency_bucket: bucket(length_ns),
                    outcome,
                };
                waited = self.futures.ended(future, ending).unwrap_or_default();
                waited.instances = 1;
                self.traces.consider(segment, length_ns, waited);
                (operation, ending.latency_bucket)
            }
        };
        self.sums.entry(key).or_default().add(&waited);
    }

    /// All events and segments up to `now_ns` have come.
    pub(crate) fn settle(&mut self, now_ns: u64) {
        self.complete_ns = self.complete_ns.max(now_ns);
        let complete = |segment: &Segment| segment.end_ns <= now_ns;
        let mut ready = Vec::new();
        for thread in self.threads.values_mut() {
            let count = thread.segments.partition_point(complete);
            ready.extend(thread.segments.drain(..count));
        }
        self.kept -= ready.len();
        ready.iter().for_each(|segment| self.account(segment));
        let over = |thread: &Thread| thread.ended_ns.is_some_and(|ended_ns| ended_ns <= now_ns);
        self.threads
            .retain(|_, thread| !over(thread) || !thread.segments.is_empty());
        self.make_room();
    }

    fn make_room(&mut self) {
        while self.futures.len() > MOST_FUTURES {
            let before = self.futures.oldest_quarter();
            self.given_up += self.futures.give_up(before).count() as u64;
        }
        if self.threads.len() > MOST_THREADS {
            let mut last: Vec<u64> = self.threads.values().map(|thread| thread.last_ns).collect();
            let at = last.len() - MOST_THREADS;
            let (_, cut, _) = last.select_nth_unstable(at);
            let stays = |thread: &Thread| thread.last_ns >= *cut || !thread.segments.is_empty();
            self.threads.retain(|_, thread| stays(thread));
        }
    }

    /// Sums by operation and latency bucket (index in [`crate::histogram`]).
    pub(crate) fn sums(&self) -> &Sums {
        &self.sums
    }

    /// Segments and futures that were summed without all of their waits, for want of room.
    pub(crate) fn given_up(&self) -> u64 {
        self.given_up
    }

    /// Bytes held, about.
    pub(crate) fn bytes(&self) -> usize {
        let thread = |thread: &Thread| {
            size_of::<Thread>()
                + thread.history.bytes()
                + thread.segments.capacity() * size_of::<Segment>()
        };
        self.threads.values().map(thread).sum::<usize>()
            + self.futures.bytes()
            + self.traces.bytes()
            + self.sums.capacity() * size_of::<((u32, u16), Waited)>()
    }
}
