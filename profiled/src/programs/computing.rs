//! Programs that compute: known splits, recursion, inlined functions.

use std::hint::black_box;
use std::time::Duration;

use super::Run;
use crate::spin::{self, jittered};
use crate::{Ledger, clock};

const MICROSECOND: Duration = Duration::from_micros(1);

/// 90, 9 and 1 percent.
pub(super) fn split(run: &Run<'_>) -> Ledger {
    const NAMES: [&str; 3] = ["ninety", "nine", "one"];
    let operations = NAMES.map(|name| run.operation(name));
    run.repeat(1.0, |ledger| {
        let mut part = |at: usize, function: fn(u64) -> u64, micros: u32| {
            let units = jittered(micros * MICROSECOND);
            ledger.spend(NAMES[at], || {
                operations[at].measure(|| black_box(function(units)))
            });
        };
        part(0, spin::ninety, 1800);
        part(1, spin::nine, 180);
        part(2, spin::one, 20);
    })
}

/// Two operations in an order left to chance, on two threads.
pub(super) fn alternating(run: &Run<'_>) -> Ledger {
    let (alpha, beta) = (run.operation("alpha"), run.operation("beta"));
    run.on_two_threads(|ledger| {
        if fastrand::f64() < 0.7 {
            let units = jittered(100 * MICROSECOND);
            ledger.spend("alpha", || alpha.measure(|| black_box(spin::alpha(units))));
        } else {
            let units = jittered(200 * MICROSECOND);
            ledger.spend("beta", || beta.measure(|| black_box(spin::beta(units))));
        }
    })
}

/// How many frames of `descend` stand above each sample in `at_the_bottom`.
const DEPTH: u32 = 40;

/// Work at the bottom of a recursion, and as much without one.
pub(super) fn recursion(run: &Run<'_>) -> Ledger {
    let (deep, flat) = (run.operation("at_the_bottom"), run.operation("compute"));
    let mut all = run.repeat(1.0, |ledger| {
        let units = jittered(400 * MICROSECOND);
        ledger.spend("at_the_bottom", || {
            deep.measure(|| black_box(descend(DEPTH, units)))
        });
        let units = jittered(400 * MICROSECOND);
        ledger.spend("compute", || {
            flat.measure(|| black_box(spin::compute(units)))
        });
    });
    all.count("depth", f64::from(DEPTH));
    all
}

/// Adds after the call, so that it is a real one. `DEPTH` frames in all.
#[inline(never)]
fn descend(depth: u32, units: u64) -> u64 {
    if depth == 1 {
        black_box(at_the_bottom(units)) + 1
    } else {
        black_box(descend(depth - 1, units)) + 1
    }
}

#[inline(never)]
fn at_the_bottom(units: u64) -> u64 {
    let mut x = units;
    for at in 0..units {
        x = black_box(x.rotate_left(9) ^ at);
    }
    x
}

/// Two functions inlined into a third: 75 and 25 percent of it.
pub(super) fn inlined(run: &Run<'_>) -> Ledger {
    let around = run.operation("around");
    run.repeat(1.0, |ledger| {
        let (more, less) = (jittered(600 * MICROSECOND), jittered(200 * MICROSECOND));
        let times = around.measure(|| around_both(more, less));
        ledger.spent("inlined_more", times[1] - times[0]);
        ledger.spent("inlined_less", times[2] - times[1]);
    })
}

#[inline(never)]
fn around_both(more: u64, less: u64) -> [Duration; 3] {
    let start = clock::thread_cpu();
    black_box(inlined_more(more));
    let between = clock::thread_cpu();
    black_box(inlined_less(less));
    [start, between, clock::thread_cpu()]
}

#[inline(always)]
fn inlined_more(units: u64) -> u64 {
    let mut x = 1_u64;
    for at in 0..units {
        x = black_box(x.wrapping_mul(5_017_021_127_163_723_805) ^ at);
    }
    x
}

#[inline(always)]
fn inlined_less(units: u64) -> u64 {
    let mut x = 1_u64;
    for at in 0..units {
        x = black_box(x.wrapping_mul(2_113_664_477_231_105_413).rotate_left(3) ^ at);
    }
    x
}
