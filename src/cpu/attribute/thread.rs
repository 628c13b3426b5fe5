//! One thread's samples that wait, and its segments that samples may still come for.

use std::collections::VecDeque;

use super::Pending;
use crate::segment::{Outcome, Part, Segment};

/// A segment in which time passed on its thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
    pub(super) operation: u32,
    pub(super) label: u16,
    pub(super) kind: Kind,
}

/// What passed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Whole(Outcome, u64),
    Poll(u32),
}

impl Stretch {
    pub(super) fn of(segment: &Segment) -> Option<Self> {
        let kind = match segment.part {
            Part::Whole {
                outcome,
                latency_ns,
            } => Kind::Whole(outcome, latency_ns),
            Part::Poll { future } => Kind::Poll(future),
            Part::End { .. } => return None,
        };
        Some(Self {
            start_ns: segment.start_ns,
            end_ns: segment.end_ns,
            operation: segment.operation,
            label: segment.label,
            kind,
        })
    }
}

/// What attribution keeps of one thread.
#[derive(Debug)]
pub(super) struct Thread<T> {
    /// In the order of time.
    waiting: VecDeque<Pending<T>>,
    /// How many of these, the first ones, were taken before the end of a segment that has come.
    passed: usize,
    /// How many, the last ones, were not looked up in `recent` yet.
    fresh: usize,
    /// In the order of arrival, which is that of their ends.
    recent: VecDeque<Stretch>,
    /// When the thread ended; what comes later is another one's that got its number.
    pub(super) ended_ns: Option<u64>,
}

impl<T> Default for Thread<T> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            passed: 0,
            fresh: 0,
            recent: VecDeque::new(),
            ended_ns: None,
        }
    }
}

impl<T> Thread<T> {
    pub(super) fn push(&mut self, sample: Pending<T>) {
        // Those of two CPUs may come a little out of order.
        let before = |waiting: &Pending<T>| waiting.at_ns <= sample.at_ns;
        let at = match self.waiting.back() {
            Some(last) if !before(last) => self.waiting.partition_point(before),
            _ => self.waiting.len(),
        };
        self.waiting.insert(at, sample);
        self.passed += usize::from(at < self.passed);
        if !self.recent.is_empty() {
            self.fresh = (self.fresh + 1).max(self.waiting.len() - at);
        }
    }

    /// Looks up what has come since the last call: samples whose innermost segment came first.
    #[inline]
    pub(super) fn look_up(&mut self, mut take: impl FnMut(Pending<T>, &Stretch)) {
        if self.fresh == 0 {
            return;
        }
        let fresh = std::mem::take(&mut self.fresh);
        let mut at = self.waiting.len().saturating_sub(fresh);
        while let Some(sample) = self.waiting.get(at) {
            match innermost(&self.recent, sample.at_ns) {
                Some(stretch) => {
                    let stretch = *stretch;
                    if let Some(sample) = self.waiting.remove(at) {
                        self.passed -= usize::from(at < self.passed);
                        take(sample, &stretch);
                    }
                }
                None => at += 1,
            }
        }
    }

    /// Takes out the samples that `stretch` holds. Ends ascend, so the place is found by going on from the last one.
    #[inline]
    pub(super) fn take_in(
        &mut self,
        stretch: &Stretch,
        mut take: impl FnMut(Pending<T>, &Stretch),
    ) {
        let at_ns = |place: usize| self.waiting.get(place).map(|sample| sample.at_ns);
        let mut end = self.passed;
        while at_ns(end).is_some_and(|at_ns| at_ns < stretch.end_ns) {
            end += 1;
        }
        self.passed = end;
        while end > 0 && at_ns(end - 1).is_some_and(|at_ns| at_ns >= stretch.end_ns) {
            end -= 1;
        }
        let mut start = end;
        while start > 0 && at_ns(start - 1).is_some_and(|at_ns| at_ns >= stretch.start_ns) {
            start -= 1;
        }
        if start < end {
            self.passed -= end - start;
            let held = self.waiting.drain(start..end);
            held.for_each(|sample| take(sample, stretch));
        }
    }

    /// Takes out the samples taken before `end_ns`; after [`Thread::look_up`].
    pub(super) fn take_before(&mut self, end_ns: u64) -> impl Iterator<Item = Pending<T>> {
        let count = self.waiting.partition_point(|sample| sample.at_ns < end_ns);
        self.take_oldest(count)
    }

    /// Takes out the `count` oldest samples; after [`Thread::look_up`].
    pub(super) fn take_oldest(&mut self, count: usize) -> impl Iterator<Item = Pending<T>> {
        let count = count.min(self.waiting.len());
        self.passed = self.passed.saturating_sub(count);
        self.waiting.drain(..count)
    }

    pub(super) fn keep(&mut self, stretch: Stretch) {
        self.recent.push_back(stretch);
    }

    /// Lets the oldest segment go; whether there was one.
    pub(super) fn forget_one(&mut self) -> bool {
        self.recent.pop_front().is_some()
    }

    /// Lets go of the segments that ended by `complete_ns`; returns how many.
    pub(super) fn forget(&mut self, complete_ns: u64) -> usize {
        let ended = |stretch: &Stretch| stretch.end_ns <= complete_ns;
        let count = self.recent.partition_point(ended);
        self.recent.drain(..count);
        count
    }

    pub(super) fn waiting(&self) -> &VecDeque<Pending<T>> {
        &self.waiting
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.recent.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        self.waiting.capacity() * size_of::<Pending<T>>()
            + self.recent.capacity() * size_of::<Stretch>()
    }
}

/// The first to arrive that holds the moment.
fn innermost(recent: &VecDeque<Stretch>, at_ns: u64) -> Option<&Stretch> {
    let open = recent.partition_point(|stretch| stretch.end_ns <= at_ns);
    let mut later = recent.range(open..);
    later.find(|stretch| stretch.start_ns <= at_ns)
}
