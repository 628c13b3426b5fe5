//! Attribution against an oracle that knows everything at once, under random orders of arrival.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::*;
use super::world::{Arrival, World, arrive, world};

/// Joins what arrives; each sample once.
fn joined(
    world: &World,
    choices: &[u8],
    limits: Limits,
) -> (BTreeMap<usize, Option<Instance>>, Statistics) {
    let mut attribution = Attribution::new(limits);
    let mut seen = BTreeMap::new();
    let mut take = |sample: Pending<usize>, instance| {
        assert_eq!(seen.insert(sample.what, instance), None, "twice");
    };
    arrive(world, choices, |arrival| match arrival {
        Arrival::Segment(segment) => attribution.segment(segment, &mut take),
        Arrival::Sample(sample) => attribution.sample(*sample),
        Arrival::Settled(until) => attribution.settle(until, &mut take),
        Arrival::Away(..) => {}
    });
    attribution.finish(&mut take);
    assert_eq!(attribution.waiting().count(), 0);
    (seen, attribution.statistics())
}

fn choices() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_sample_goes_to_its_innermost_operation_whatever_comes_first(
        world in world(), choices in choices(),
    ) {
        let (seen, statistics) = joined(&world, &choices, Limits::default());
        let truth = world.truth();
        prop_assert_eq!(seen.len(), truth.len());
        for (sample, belongs) in &truth {
            let seen = seen[sample];
            match belongs {
                Some((_, Some(instance))) => prop_assert_eq!(seen, Some(*instance)),
                Some((operation, None)) => {
                    let seen = seen.unwrap();
                    prop_assert_eq!((seen.operation, seen.outcome), (*operation, None));
                }
                None => prop_assert_eq!(seen, None),
            }
        }
        let inside = truth.values().flatten().count() as u64;
        let open = truth.values().flatten().filter(|(_, instance)| instance.is_none());
        prop_assert_eq!(statistics, Statistics {
            joined: inside,
            unfinished: open.count() as u64,
            outside: truth.len() as u64 - inside,
            ..Statistics::default()
        });
    }

    #[test]
    fn without_room_or_patience_every_sample_still_goes_somewhere_once(
        world in world(), choices in choices(), pending in 0..20_usize, segments in 0..20_usize,
        patience_ns in 1..2000_u64,
    ) {
        let limits = Limits { pending, patience_ns, segments };
        let (seen, statistics) = joined(&world, &choices, limits);
        let truth = world.truth();
        prop_assert_eq!(seen.len(), truth.len());
        prop_assert_eq!(statistics.joined + statistics.outside, truth.len() as u64);
        // What was missed is owned up to.
        let missed = seen.iter().filter(|(sample, seen)| seen.is_none() && truth[sample].is_some());
        let owned = statistics.given_up + statistics.forgotten;
        prop_assert!(missed.count() == 0 || owned > 0, "{:?}", statistics);
    }

    #[test]
    fn waits_go_to_every_operation_around_them_whatever_comes_first(
        world in world(), choices in choices(),
    ) {
        let mut waits = Waits::default();
        arrive(&world, &choices, |arrival| match arrival {
            Arrival::Segment(segment) => waits.segment(segment),
            Arrival::Away(thread, (out, back, preempted)) => {
                waits.faults(thread, out, 2);
                waits.switched_out(thread, out, preempted);
                waits.switched_in(thread, back);
            }
            Arrival::Settled(until) => waits.settle(until),
            Arrival::Sample(_) => {}
        });
        let seen: BTreeMap<_, _> = waits.sums().iter().map(|(key, sum)| (*key, *sum)).collect();
        prop_assert_eq!(seen, world.waits());
        prop_assert_eq!(waits.given_up(), 0);
    }
}
