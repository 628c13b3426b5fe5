//! Edges: boundaries, numbers used again, records lost, patience.

use super::super::*;
use crate::segment::{Outcome, Part, Segment};

fn whole(thread: u32, start_ns: u64, end_ns: u64) -> Segment {
    let part = Part::Whole {
        outcome: Outcome::Ok,
        latency_ns: end_ns - start_ns,
    };
    Segment {
        thread,
        start_ns,
        end_ns,
        operation: 1,
        label: 0,
        part,
        slow: None,
    }
}

fn poll(start_ns: u64, end_ns: u64) -> Segment {
    Segment {
        part: Part::Poll { future: 5 },
        ..whole(1, start_ns, end_ns)
    }
}

/// Which moments were joined, and which were outside.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    inside: Vec<u64>,
    outside: Vec<u64>,
}

struct Joining {
    attribution: Attribution<()>,
    seen: Seen,
}

impl Joining {
    fn new(limits: Limits) -> Self {
        Self {
            attribution: Attribution::new(limits),
            seen: Seen::default(),
        }
    }

    fn samples(&mut self, thread: u32, moments: &[u64]) {
        for &at_ns in moments {
            self.attribution.sample(Pending {
                thread,
                at_ns,
                what: (),
            });
        }
    }

    fn with(
        &mut self,
        act: impl FnOnce(&mut Attribution<()>, &mut dyn FnMut(Pending<()>, Option<Instance>)),
    ) {
        let seen = &mut self.seen;
        act(&mut self.attribution, &mut |sample, instance| {
            let to = if instance.is_some() {
                &mut seen.inside
            } else {
                &mut seen.outside
            };
            to.push(sample.at_ns);
        });
    }

    fn segment(&mut self, segment: Segment) {
        self.with(|attribution, take| attribution.segment(&segment, take));
    }

    fn settle(&mut self, now_ns: u64) {
        self.with(|attribution, take| attribution.settle(now_ns, take));
    }

    fn finish(mut self) -> Seen {
        self.with(|attribution, take| attribution.finish(take));
        self.seen
    }
}

#[test]
fn a_segment_holds_its_start_and_not_its_end() {
    let expected = Seen {
        inside: vec![10, 19],
        outside: vec![9, 20],
    };
    let moments = [9, 10, 19, 20];
    let mut samples_first = Joining::new(Limits::default());
    samples_first.samples(1, &moments);
    samples_first.segment(whole(1, 10, 20));
    assert_eq!(samples_first.finish(), expected);
    let mut segment_first = Joining::new(Limits::default());
    segment_first.segment(whole(1, 10, 20));
    segment_first.samples(1, &moments);
    assert_eq!(segment_first.finish(), expected);
}

#[test]
fn samples_of_two_cpus_may_come_out_of_order() {
    let mut joining = Joining::new(Limits::default());
    joining.segment(whole(1, 10, 20));
    joining.samples(1, &[35, 15, 5, 12]);
    joining.segment(whole(1, 30, 40));
    let mut seen = joining.finish();
    seen.inside.sort_unstable();
    assert_eq!((seen.inside, seen.outside), (vec![12, 15, 35], vec![5]));
}

#[test]
fn a_thread_that_gets_the_number_of_one_that_ended_starts_afresh() {
    let mut joining = Joining::new(Limits::default());
    joining.samples(1, &[5, 15]);
    joining.attribution.ended(1, 20);
    joining.samples(1, &[30]);
    joining.settle(19);
    assert_eq!(joining.seen, Seen::default());
    joining.settle(25);
    assert_eq!(joining.seen.outside, [5, 15]);
    joining.segment(whole(1, 28, 40));
    assert_eq!(joining.seen.inside, [30]);
    assert_eq!(joining.attribution.statistics().given_up, 0);
}

#[test]
fn patience_ends_for_threads_and_for_futures() {
    let patience_ns = 100;
    let mut joining = Joining::new(Limits {
        patience_ns,
        ..Limits::default()
    });
    joining.samples(1, &[10, 15, 60]);
    joining.segment(poll(14, 20));
    joining.settle(110);
    assert_eq!(joining.seen, Seen::default());
    joining.settle(121);
    let seen = Seen {
        inside: vec![15],
        outside: vec![10],
    };
    assert_eq!(joining.seen, seen);
    let statistics = joining.attribution.statistics();
    assert_eq!((statistics.unfinished, statistics.given_up), (1, 1));
}

#[test]
fn while_it_goes_on_samples_of_a_future_are_those_of_one_that_has_not_ended() {
    let mut joining = Joining::new(Limits::default());
    joining.samples(1, &[5, 15]);
    joining.segment(poll(14, 20));
    joining.settle(30);
    let waiting: Vec<_> = joining.attribution.waiting().collect();
    let instances: Vec<_> = waiting
        .iter()
        .map(|(sample, instance)| (sample.at_ns, instance.map(|it| (it.operation, it.outcome))))
        .collect();
    assert_eq!(instances, [(5, None), (15, Some((1, None)))]);
    assert_eq!(joining.attribution.statistics().joined, 1);
    let seen = Seen {
        inside: vec![15],
        outside: vec![5],
    };
    assert_eq!(joining.finish(), seen);
}

#[test]
fn where_most_wait_room_is_made_first() {
    let limits = Limits {
        pending: 20,
        ..Limits::default()
    };
    let mut joining = Joining::new(limits);
    joining.samples(1, &[3, 4]);
    joining.samples(2, &(100..150).collect::<Vec<_>>());
    joining.settle(200);
    assert_eq!(joining.seen.outside, (100..132).collect::<Vec<_>>());
    assert_eq!(joining.attribution.waiting().count(), 20);
}

#[test]
fn an_interval_whose_other_edge_was_lost_is_left_out() {
    let mut waits = Waits::default();
    waits.switched_in(1, 5); // out before the recording began
    waits.switched_out(1, 10, false);
    waits.lost();
    waits.switched_in(1, 500);
    waits.switched_out(1, 600, true);
    waits.switched_in(1, 607);
    waits.settle(1000);
    waits.segment(&whole(1, 0, 1000));
    let sum = waits.sums().values().next().unwrap();
    let expected = Waited {
        instances: 1,
        wall_ns: 1000,
        preempted_ns: 7,
        ..Waited::default()
    };
    assert_eq!(*sum, expected);
}

#[test]
fn what_a_thread_waited_for_goes_with_it() {
    let mut waits = Waits::default();
    for thread in 0..100_000 {
        waits.switched_out(thread, u64::from(thread), false);
        waits.ended(thread, u64::from(thread) + 1);
        if thread % 1000 == 0 {
            waits.settle(u64::from(thread));
        }
    }
    assert!(waits.bytes() < 10_000_000, "{}", waits.bytes());
}
