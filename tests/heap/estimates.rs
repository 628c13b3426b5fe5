//! Estimates against programs whose allocations are known.

use vecperf::Monitor;

use super::seen::{self, is_near};

/// One in 16,000 runs is further off.
const DEVIATIONS: f64 = 4.0;

const MEAN: u64 = 64 << 10;

#[inline(never)]
fn hold_small_blocks(monitor: &Monitor, blocks: usize, size: usize) -> Vec<Vec<u8>> {
    // Every 100 samples somebody reads them, or a burst of gigabytes a second would be without stacks.
    let often = 100 * MEAN as usize / size;
    let block = |n: usize| {
        if n.is_multiple_of(often) {
            monitor.heap_mark();
        }
        vec![7; size]
    };
    (0..blocks).map(block).collect()
}

#[test]
fn what_is_held_is_told_whatever_its_size() {
    let (_turn, monitor) = seen::monitor(MEAN);
    for (blocks, size) in [
        (400_000, 100),
        (40_000, 1_000),
        (4_000, 20_000),
        (400, 200_000),
    ] {
        let before = monitor.heap_mark();
        let held = hold_small_blocks(&monitor, blocks, size);
        let after = monitor.heap_mark();
        let seen = seen::of(
            &monitor.heap_growth(&before, &after).unwrap(),
            "hold_small_blocks",
        );
        // The list of the blocks is theirs, too.
        let truth = (blocks * size) as u64;
        let list = (blocks * size_of::<Vec<u8>>()) as i64;
        let seen_space = seen.inuse_space - if list > 1 << 20 { list } else { 0 };
        assert!(
            is_near(seen_space, truth, size as u64, MEAN, DEVIATIONS),
            "{blocks} of {size}: {seen:?}, of which the list {list}"
        );
        drop(held);
        let gone = monitor.heap_growth(&before, &monitor.heap_mark()).unwrap();
        let seen = seen::of(&gone, "hold_small_blocks");
        assert_eq!((seen.inuse_objects, seen.inuse_space), (0, 0), "{size}");
        assert!(seen.alloc_space > 0);
    }
}

/// The number of samples is what theory says, reallocations included: each is an allocation of its new size.
#[test]
fn as_many_samples_as_theory_says() {
    const MEAN: u64 = 16 << 10;
    let (_turn, monitor) = seen::monitor(MEAN);
    let samples = || monitor.report().heap_profile.unwrap().samples;
    let chance = |size: usize| -(-(size as f64) / MEAN as f64).exp_m1();
    let (mut expected, mut variance) = (0.0, 0.0);
    let before = samples();
    for _ in 0..2_000 {
        let mut grown: Vec<u8> = Vec::with_capacity(1_000);
        let mut sizes = vec![grown.capacity()];
        while grown.capacity() < 40_000 {
            grown.reserve_exact(grown.capacity() + 2_000);
            sizes.push(grown.capacity());
            unsafe { grown.set_len(grown.capacity() - 1_500) };
        }
        for size in sizes {
            expected += chance(size);
            variance += chance(size) * (1.0 - chance(size));
        }
    }
    let taken = (samples() - before) as f64;
    // What the test itself allocates beside: a list of sizes a round, and the report.
    let beside = 2_000.0 * chance(512) + 40.0;
    assert!(
        taken >= expected - DEVIATIONS * variance.sqrt()
            && taken <= expected + beside + DEVIATIONS * variance.sqrt(),
        "{taken} samples, {expected:.0} expected"
    );
}

#[inline(never)]
fn keep_what_a_thread_made(size: usize) -> Vec<Vec<u8>> {
    (0..200).map(|_| vec![1; size]).collect()
}

/// Short threads that allocate less than the mean are seen as well as one long one.
#[test]
fn many_short_threads_are_seen() {
    const MEAN: u64 = 256 << 10;
    const SIZE: usize = 500;
    let (_turn, monitor) = seen::monitor(MEAN);
    let before = monitor.heap_mark();
    let mut kept = Vec::new();
    for _ in 0..500 {
        let thread = std::thread::spawn(|| keep_what_a_thread_made(SIZE));
        kept.push(thread.join().unwrap());
    }
    let seen = seen::of(
        &monitor.heap_growth(&before, &monitor.heap_mark()).unwrap(),
        "keep_what_a_thread_made",
    );
    let list = 500 * 200 * size_of::<Vec<u8>>() as u64;
    let truth = 500 * 200 * SIZE as u64 + list;
    assert!(
        is_near(seen.inuse_space, truth, SIZE as u64, MEAN, DEVIATIONS),
        "{seen:?} of {truth}"
    );
    drop(kept);
}
