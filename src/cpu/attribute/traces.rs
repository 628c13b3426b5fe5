//! What was seen of operations that were slow, one by one: what they waited for, and where they were sampled. Taken where
//! waits are joined, long after the operation has ended on its own thread; its receipt says the rest.

use std::collections::VecDeque;

use super::Waited;
use super::numbers::ByNumber;
use crate::segment::{Part, Segment};

/// Traces kept, about 130 bytes each; the oldest go.
const MOST: usize = 8192;
/// Of one second, the longest: more than it keeps receipts of.
const PER_SECOND: usize = 64;
/// The latest samples of a thread that are kept for its slow operations, 16 bytes each.
const RECENT: usize = 512;
/// Threads whose samples are.
const THREADS: usize = 512;
/// A thread that was not sampled for so long makes room for another one.
const SILENCE_NS: u64 = 10_000_000_000;
/// Stacks of an operation that are told apart.
pub(crate) const STACKS: usize = 3;

/// What was seen of one slow operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) operation: u32,
    pub(crate) thread: u32,
    /// As its receipt's.
    pub(crate) stamp: u64,
    pub(crate) waited: Waited,
    /// Samples that fell into it, of the last [`RECENT`] of its thread.
    pub(crate) samples: u32,
    /// The stacks where most of them were: number, samples. None: 0 samples.
    pub(crate) stacks: [(u32, u32); STACKS],
    latency_ns: u64,
}

/// The traces, and what they are made of.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    kept: VecDeque<Trace>,
    /// The last second, and how many of the traces are of it.
    second: (u64, usize),
    /// By thread: when, and the stack's number.
    recent: ByNumber<u32, VecDeque<(u64, u32)>>,
    /// The stacks at which the future was sampled whose end comes next.
    of_future: Vec<u32>,
}

impl Traces {
    /// A thread was sampled.
    pub(crate) fn sampled(&mut self, thread: u32, at_ns: u64, stack: u32) {
        if self.recent.len() >= THREADS && !self.recent.contains_key(&thread) {
            let silent = |last: Option<&(u64, u32)>| {
                last.is_none_or(|last| last.0.saturating_add(SILENCE_NS) < at_ns)
            };
            self.recent.retain(|_, samples| !silent(samples.back()));
            if self.recent.len() >= THREADS {
                return;
            }
        }
        let samples = self.recent.entry(thread).or_default();
        if samples.len() >= RECENT {
            samples.pop_front();
        }
        samples.push_back((at_ns, stack));
    }

    /// A slow future whose end comes next was sampled.
    pub(crate) fn future_sampled(&mut self, stack: u32) {
        if self.of_future.len() < RECENT {
            self.of_future.push(stack);
        }
    }

    /// An instance has ended, and all that happened in it has come.
    pub(super) fn consider(&mut self, segment: &Segment, latency_ns: u64, waited: Waited) {
        let Some(stamp) = segment.slow else { return };
        let of_future = std::mem::take(&mut self.of_future);
        let second = segment.end_ns / 1_000_000_000;
        // Threads are joined one after the other: what ended before counts with the second that is being counted.
        if second > self.second.0 {
            self.second = (second, 0);
        }
        if self.second.1 >= PER_SECOND {
            let first = self.kept.len().saturating_sub(PER_SECOND);
            let of_second = self.kept.range(first..).enumerate();
            match of_second.min_by_key(|(_, trace)| trace.latency_ns) {
                Some((at, least)) if least.latency_ns < latency_ns => {
                    _ = self.kept.remove(first + at)
                }
                _ => return,
            }
        } else {
            if self.kept.len() >= MOST {
                self.kept.pop_front();
            }
            self.second.1 += 1;
        }
        let (samples, stacks) = match segment.part {
            Part::End { .. } => most(of_future),
            _ => most(self.between(segment.thread, segment.start_ns, segment.end_ns)),
        };
        self.kept.push_back(Trace {
            operation: segment.operation,
            thread: segment.thread,
            stamp,
            waited,
            samples,
            stacks,
            latency_ns,
        });
    }

    fn between(&self, thread: u32, from_ns: u64, to_ns: u64) -> Vec<u32> {
        let samples = self.recent.get(&thread).into_iter().flatten();
        let held = samples.filter(|sample| (from_ns..to_ns).contains(&sample.0));
        held.map(|sample| sample.1).collect()
    }

    /// The traces, oldest first.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &Trace> {
        self.kept.iter()
    }

    pub(super) fn bytes(&self) -> usize {
        let recent = self.recent.values().map(|samples| samples.capacity());
        self.kept.capacity() * size_of::<Trace>() + recent.sum::<usize>() * size_of::<(u64, u32)>()
    }
}

/// How many samples there are, and the stacks where most of them were.
fn most(mut stacks: Vec<u32>) -> (u32, [(u32, u32); STACKS]) {
    stacks.sort_unstable();
    let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
    let runs = stacks.chunk_by(|a, b| a == b);
    let mut counts: Vec<_> = runs
        .filter_map(|run| Some((*run.first()?, count(run.len()))))
        .collect();
    counts.sort_by_key(|&(_, samples)| std::cmp::Reverse(samples));
    let mut first = [(0, 0); STACKS];
    first
        .iter_mut()
        .zip(counts)
        .for_each(|(place, stack)| *place = stack);
    (count(stacks.len()), first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::Outcome;

    fn segment(at_ns: u64, latency_ns: u64) -> Segment {
        Segment {
            thread: 7,
            start_ns: at_ns.saturating_sub(latency_ns),
            end_ns: at_ns,
            operation: 1,
            label: 0,
            part: Part::Whole {
                outcome: Outcome::Ok,
                latency_ns,
            },
            slow: Some(at_ns),
        }
    }

    fn ended(traces: &mut Traces, at_ns: u64, latency_ns: u64) {
        traces.consider(&segment(at_ns, latency_ns), latency_ns, Waited::default());
    }

    #[test]
    fn only_slow_ones_leave_a_trace_and_of_a_second_the_longest() {
        let mut traces = Traces::default();
        let fast = Segment {
            slow: None,
            ..segment(1_000, 900)
        };
        traces.consider(&fast, 900, Waited::default());
        assert_eq!(traces.kept().count(), 0);
        (0..1000).for_each(|at| ended(&mut traces, 3_000_000_000 + at, 500 + at * 617 % 1000));
        let mut kept: Vec<_> = traces.kept().map(|trace| trace.latency_ns).collect();
        kept.sort_unstable();
        assert_eq!(kept, (1436..1500).collect::<Vec<_>>());
        (4..10_000).for_each(|second| ended(&mut traces, second * 1_000_000_000, 600));
        assert_eq!(traces.kept().count(), MOST);
    }

    #[test]
    fn threads_that_alternate_around_the_edge_of_a_second_get_no_more() {
        let mut traces = Traces::default();
        for _ in 0..1000 {
            ended(&mut traces, 4_000_000_001, 501);
            ended(&mut traces, 3_999_999_999, 501);
        }
        assert_eq!(traces.kept().count(), PER_SECOND);
    }

    #[test]
    fn a_trace_has_the_stacks_that_its_thread_was_seen_in() {
        let mut traces = Traces::default();
        for at in 0..100 {
            traces.sampled(
                7,
                1_000 + at,
                [5, 6, 6, 6, 8, 8, 9, 9, 9, 9][at as usize % 10],
            );
            traces.sampled(8, 1_000 + at, 1);
        }
        ended(&mut traces, 1_060, 50); // from 1010
        let trace = *traces.kept().next().unwrap();
        assert_eq!(trace.samples, 50);
        assert_eq!(trace.stacks, [(9, 20), (6, 15), (8, 10)]);
        ended(&mut traces, 1_000, 50);
        let trace = traces.kept().last().unwrap();
        assert_eq!((trace.samples, trace.stacks), (0, [(0, 0); STACKS]));
    }

    #[test]
    fn samples_are_bounded_and_silent_threads_make_room() {
        let mut traces = Traces::default();
        (0..2_000).for_each(|at| traces.sampled(7, at, 1));
        ended(&mut traces, 2_000, 2_000);
        assert_eq!(traces.kept().next().unwrap().samples, RECENT as u32);
        (0..5_000).for_each(|thread| traces.sampled(thread, 2_000, 1));
        assert_eq!(traces.recent.len(), THREADS);
        traces.sampled(9_999, 3_000 + SILENCE_NS, 1);
        assert_eq!(traces.recent.len(), 1);
    }

    #[test]
    fn of_a_slow_future_its_own_samples_are_taken() {
        let mut traces = Traces::default();
        let end = Segment {
            part: Part::End {
                future: 3,
                outcome: Outcome::Ok,
            },
            ..segment(1_000, 900)
        };
        traces.sampled(7, 500, 1); // another one's, polled between
        (0..3).for_each(|_| traces.future_sampled(4));
        traces.consider(&end, 900, Waited::default());
        traces.consider(&end, 900, Waited::default());
        let samples: Vec<_> = traces.kept().map(|trace| trace.samples).collect();
        assert_eq!(samples, [3, 0]);
    }
}
