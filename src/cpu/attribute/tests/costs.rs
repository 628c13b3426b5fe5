//! What joining costs:
//! `cargo test --release -p vecperf --lib -- --ignored --nocapture joining_costs`.
#![allow(clippy::print_stdout, reason = "a measurement shows its result")]

use std::hint::black_box;

use super::super::*;
use crate::clock::monotonic_nanos;
use crate::segment::{Outcome, Part, Segment};

/// Segments of a drain.
const DRAIN: u64 = 8192;
const DRAINS: u64 = 300;
/// Of a segment, nanoseconds.
const LENGTH: u64 = 1000;

/// The `n`th segment of one thread, one after the other.
fn segment(n: u64) -> Segment {
    let start_ns = n * LENGTH;
    let part = Part::Whole {
        outcome: Outcome::Ok,
        latency_ns: 900 + n % 64,
    };
    Segment {
        thread: 77,
        start_ns,
        end_ns: start_ns + 900,
        operation: 3,
        label: 0,
        part,
        slow: None,
    }
}

/// The fastest drain's time for each of `each`, after `before` was done outside of what is timed.
fn fastest(each: u64, mut before: impl FnMut(u64), mut run: impl FnMut(u64)) -> f64 {
    let drains = (0..DRAINS).map(|drain| {
        before(drain * DRAIN);
        let start = monotonic_nanos();
        run(drain * DRAIN);
        (monotonic_nanos() - start) as f64 / each as f64
    });
    drains.fold(f64::MAX, f64::min)
}

#[test]
#[ignore = "a measurement"]
fn joining_costs() {
    let made = fastest(
        DRAIN,
        |_| (),
        |first| {
            (first..first + DRAIN).for_each(|n| {
                black_box(segment(black_box(n)));
            });
        },
    );
    println!("making a segment for it                {made:6.1} ns");
    for (known, kept) in [(true, "samples came first"), (false, "kept for samples")] {
        let attribution = std::cell::RefCell::new(Attribution::<u64>::new(Limits::default()));
        let settle = |until| attribution.borrow_mut().settle(until, &mut |_, _| ());
        let cost = fastest(
            DRAIN,
            |first| settle((first + if known { DRAIN } else { 0 }) * LENGTH),
            |first| {
                let mut attribution = attribution.borrow_mut();
                (first..first + DRAIN)
                    .for_each(|n| attribution.segment(&segment(n), &mut |_, _| ()));
            },
        );
        println!("a segment without samples, {kept:<20} {cost:6.1} ns");
    }
    for apart in [1, 100] {
        let mut attribution = Attribution::<u64>::new(Limits::default());
        let mut joined = 0;
        let cost = fastest(
            DRAIN / apart,
            |_| (),
            |first| {
                for n in (first..first + DRAIN).step_by(apart as usize) {
                    attribution.sample(Pending {
                        thread: 77,
                        at_ns: n * LENGTH + 500,
                        what: n,
                    });
                }
                let until = (first + DRAIN) * LENGTH;
                attribution.settle(until, &mut |_, _| joined += 1);
                (first..first + DRAIN)
                    .for_each(|n| attribution.segment(&segment(n), &mut |_, _| joined += 1));
            },
        );
        println!("a sample in every {apart:>3} segments, and these {cost:6.1} ns");
        assert_eq!(joined, DRAINS * DRAIN.div_ceil(apart));
    }
    let waits = std::cell::RefCell::new(Waits::default());
    waits.borrow_mut().settle(u64::MAX);
    let cost = fastest(
        DRAIN,
        |_| (),
        |first| {
            let mut waits = waits.borrow_mut();
            (first..first + DRAIN).for_each(|n| waits.segment(&segment(n)));
        },
    );
    println!("a segment without switches             {cost:6.1} ns");
    let cost = fastest(
        DRAIN,
        |_| (),
        |first| {
            let mut waits = waits.borrow_mut();
            for n in first..first + DRAIN {
                waits.switched_out(77, n * LENGTH + 100, false);
                waits.switched_in(77, n * LENGTH + 300);
                waits.segment(&segment(n));
            }
        },
    );
    println!("a switch in every segment, and that    {cost:6.1} ns");
}
