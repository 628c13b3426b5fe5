//! Threads that do things at random, what became of each sample, known all at once, and ways for it to arrive.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use super::super::*;
use crate::segment::{Part, Segment};

/// What happens in a history, by time.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    /// Each thread's, in the order of their ends.
    segments: Vec<VecDeque<Segment>>,
    /// Each thread's, in the order of time.
    samples: Vec<VecDeque<Pending<usize>>>,
    /// Each thread's switches: out, in, preempted.
    aways: Vec<VecDeque<(u64, u64, bool)>>,
    end_ns: u64,
}

/// What threads do, one step after the other.
#[derive(Clone, Copy, Debug)]
enum Step {
    Work(u64),
    Sample,
    /// Switched out for so long; preempted or not.
    Away(u64, bool),
    /// An operation begins, inside of those that are open.
    Open,
    /// The innermost open one ends.
    Close(Outcome),
    /// The same for a poll of one of some futures.
    Poll(u8),
    /// A future ends, if it was polled.
    End(u8, Outcome),
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![
        Just(Outcome::Ok),
        Just(Outcome::Error),
        Just(Outcome::Cancelled)
    ];
    prop_oneof![
        3 => (0..40_u64).prop_map(Step::Work),
        4 => Just(Step::Sample),
        2 => (0..50_u64, any::<bool>()).prop_map(|(ns, preempted)| Step::Away(ns, preempted)),
        2 => Just(Step::Open),
        3 => outcome.clone().prop_map(Step::Close),
        2 => (0..5_u8).prop_map(Step::Poll),
        1 => (0..5_u8, outcome).prop_map(|(future, outcome)| Step::End(future, outcome)),
    ]
}

pub(super) fn world() -> impl Strategy<Value = World> {
    let thread = || 1..4_usize;
    prop::collection::vec((thread(), step()), 0..250).prop_map(|steps| build(&steps))
}

/// One clock for all threads: each step of any thread takes a little time.
fn build(steps: &[(usize, Step)]) -> World {
    let threads = 4;
    let mut world = World {
        segments: vec![VecDeque::new(); threads],
        samples: vec![VecDeque::new(); threads],
        aways: vec![VecDeque::new(); threads],
        end_ns: 0,
    };
    let mut now = 1000;
    let mut samples = 0;
    let mut operations = 0;
    let mut open = vec![Vec::<(u64, u32, Option<u32>)>::new(); threads];
    // Futures that live: (first poll, operation) by number; each name is used again after its end.
    let mut futures = BTreeMap::<u8, (u64, u32, u32)>::new();
    let mut numbers = 0;
    for &(thread, step) in steps {
        now += 1;
        let label = (now % 3) as u16;
        let segment = |start_ns, end_ns, operation, part| Segment {
            thread: thread as u32,
            start_ns,
            end_ns,
            operation,
            label,
            part,
            slow: None,
        };
        match step {
            Step::Work(ns) => now += ns,
            Step::Sample => {
                world.samples[thread].push_back(Pending {
                    thread: thread as u32,
                    at_ns: now,
                    what: samples,
                });
                samples += 1;
            }
            Step::Away(ns, preempted) => {
                world.aways[thread].push_back((now, now + ns, preempted));
                now += ns + 1;
            }
            Step::Open => {
                operations += 1;
                open[thread].push((now, operations % 3 + 1, None));
            }
            Step::Poll(name) => {
                let polled = |(_, _, future): &(u64, u32, Option<u32>)| {
                    future.is_some_and(|number| futures.get(&name).is_some_and(|f| f.2 == number))
                };
                // A future is polled by one thread at a time.
                if open.iter().flatten().any(polled) {
                    continue;
                }
                numbers += 1;
                let future = *futures.entry(name).or_insert((now, 7, numbers));
                open[thread].push((now, future.1, Some(future.2)));
            }
            Step::Close(outcome) => {
                let Some((start, operation, future)) = open[thread].pop() else {
                    continue;
                };
                let part = match future {
                    Some(future) => Part::Poll { future },
                    // The intended start was earlier.
                    None => Part::Whole {
                        outcome,
                        latency_ns: now - start + u64::from(operation) * 100,
                    },
                };
                world.segments[thread].push_back(segment(start, now, operation, part));
            }
            Step::End(name, outcome) => {
                let Some((first, operation, future)) = futures.remove(&name) else {
                    continue;
                };
                if open.iter().flatten().any(|poll| poll.2 == Some(future)) {
                    futures.insert(name, (first, operation, future));
                    continue;
                }
                let part = Part::End { future, outcome };
                world.segments[thread].push_back(segment(first, now, operation, part));
            }
        }
    }
    world.end_ns = now + 1;
    world
}

impl World {
    /// The segments of all threads.
    fn all(&self) -> impl Iterator<Item = &Segment> {
        self.segments.iter().flatten()
    }

    /// The innermost segment that holds a moment.
    fn innermost(&self, thread: u32, at_ns: u64) -> Option<&Segment> {
        let mut segments = self.segments[thread as usize].iter();
        segments.find(|segment| {
            let passes = !matches!(segment.part, Part::End { .. });
            passes && segment.start_ns <= at_ns && at_ns < segment.end_ns
        })
    }

    /// How a future ended.
    fn end(&self, number: u32) -> Option<&Segment> {
        let mut all = self.all();
        all.find(|segment| matches!(segment.part, Part::End { future, .. } if future == number))
    }

    /// The instance that a segment is part of; `None` for a future that does not end.
    fn instance(&self, segment: &Segment) -> Option<Instance> {
        let (outcome, latency_ns) = match segment.part {
            Part::Whole {
                outcome,
                latency_ns,
            } => (outcome, latency_ns),
            Part::Poll { future } => {
                let end = self.end(future)?;
                return self.instance(end).map(|instance| Instance {
                    label: segment.label,
                    ..instance
                });
            }
            Part::End { outcome, .. } => (outcome, segment.end_ns - segment.start_ns),
        };
        Some(Instance {
            operation: segment.operation,
            outcome: Some(outcome),
            label: segment.label,
            latency_bucket: bucket(latency_ns),
        })
    }

    /// Where each sample belongs: its operation, and the instance where that has ended.
    pub(super) fn truth(&self) -> BTreeMap<usize, Option<(u32, Option<Instance>)>> {
        let samples = self.samples.iter().flatten();
        let belongs = |sample: &Pending<usize>| {
            let segment = self.innermost(sample.thread, sample.at_ns)?;
            Some((segment.operation, self.instance(segment)))
        };
        samples
            .map(|sample| (sample.what, belongs(sample)))
            .collect()
    }

    /// What each instance waited for.
    pub(super) fn waits(&self) -> BTreeMap<(u32, u16), Waited> {
        let mut sums = BTreeMap::<_, Waited>::new();
        for segment in self.all() {
            let Some(instance) = self.instance(segment) else {
                continue;
            };
            let key = (instance.operation, instance.latency_bucket);
            let mut waited = Waited {
                instances: u64::from(!matches!(segment.part, Part::Poll { .. })),
                ..Waited::default()
            };
            if !matches!(segment.part, Part::End { .. }) {
                waited.wall_ns = segment.end_ns - segment.start_ns;
                for &(out, back, preempted) in &self.aways[segment.thread as usize] {
                    if segment.start_ns <= out && out < segment.end_ns {
                        let ns = back - out;
                        waited.faults += 2;
                        if preempted {
                            waited.preempted_ns += ns;
                        } else {
                            waited.blocked_ns += ns;
                            waited.blocks += 1;
                        }
                    }
                }
            }
            sums.entry(key).or_default().add(&waited);
        }
        sums
    }
}

/// Hands a world's events over in the order that `choices` says, which respects each thread's order. Now and then all
/// that happened up to a moment is handed over, and that is told.
pub(super) fn arrive<'a>(world: &'a World, choices: &[u8], mut arrives: impl FnMut(Arrival<'a>)) {
    let threads = world.segments.len();
    let mut next = vec![[0_usize; 3]; threads];
    let hand_over = |next: &mut [usize; 3], thread: usize, kind: usize, until: u64| {
        let arrival = match kind {
            0 => world.segments[thread]
                .get(next[0])
                .filter(|segment| segment.end_ns <= until)
                .map(Arrival::Segment),
            1 => world.samples[thread]
                .get(next[1])
                .filter(|sample| sample.at_ns <= until)
                .map(Arrival::Sample),
            _ => world.aways[thread]
                .get(next[2])
                .filter(|away| away.1 <= until)
                .map(|away| Arrival::Away(thread as u32, *away)),
        };
        next[kind] += usize::from(arrival.is_some());
        arrival
    };
    let mut settled = 0;
    for choice in choices {
        let (thread, kind) = (usize::from(choice % 4), usize::from(choice / 4 % 4));
        if kind < 3 {
            if let Some(arrival) = hand_over(&mut next[thread], thread, kind, u64::MAX) {
                arrives(arrival);
            }
            continue;
        }
        settled = (settled + u64::from(choice / 16) * world.end_ns / 40).min(world.end_ns);
        for (thread, next) in next.iter_mut().enumerate() {
            for kind in [2, 1, 0] {
                while let Some(arrival) = hand_over(next, thread, kind, settled) {
                    arrives(arrival);
                }
            }
        }
        arrives(Arrival::Settled(settled));
    }
    for (thread, next) in next.iter_mut().enumerate() {
        for kind in 0..3 {
            while let Some(arrival) = hand_over(next, thread, kind, u64::MAX) {
                arrives(arrival);
            }
        }
    }
    arrives(Arrival::Settled(world.end_ns));
}

pub(super) enum Arrival<'a> {
    Segment(&'a Segment),
    Sample(&'a Pending<usize>),
    Away(u32, (u64, u64, bool)),
    Settled(u64),
}
