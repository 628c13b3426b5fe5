//! What the heap profile adds to an allocation and its release: nanoseconds a pair, beside counting alone and beside the
//! system's allocator.
//!
//! `cargo bench --bench heap_profile [ROUNDS]` (Linux). Cases take turns; a figure is the median of the rounds, and
//! what is added is the median of the differences within a round. One pair in some thousands is sampled: its page, the
//! copy of its stack and its way to the reader are in the mean.

#![expect(clippy::print_stdout, reason = "a benchmark shows its result")]

#[path = "rounds/mod.rs"]
#[expect(dead_code, reason = "only how often, and the median")]
mod rounds;

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;

use vecperf::{Allocator, Monitor, Settings};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator::system();

/// Pairs of a round.
const PAIRS: u64 = 2_000_000;
/// Blocks that are alive at the same time in the mixed case.
const ALIVE: usize = 64;
/// Sizes of the mixed case: 1.2 KiB on average.
const SIZES: [usize; 16] = [
    16, 24, 32, 48, 64, 64, 96, 128, 160, 256, 384, 512, 1_024, 2_048, 4_096, 10_240,
];

fn layout(size: usize) -> Layout {
    // SAFETY: sizes here are small and the alignment is a power of two.
    unsafe { Layout::from_size_align_unchecked(size, 8) }
}

fn take(allocator: &impl GlobalAlloc, size: usize) -> *mut u8 {
    // SAFETY: no size is zero.
    black_box(unsafe { allocator.alloc(layout(size)) })
}

fn give(allocator: &impl GlobalAlloc, block: *mut u8, size: usize) {
    // SAFETY: allocated by `take` with this size.
    unsafe { allocator.dealloc(black_box(block), layout(size)) };
}

fn small(allocator: &impl GlobalAlloc) {
    for _ in 0..PAIRS {
        give(allocator, take(allocator, 64), 64);
    }
}

fn mixed(allocator: &impl GlobalAlloc) {
    let mut state = 0x9e37_79b9_u64;
    let mut alive = [(std::ptr::null_mut(), 0); ALIVE];
    for n in 0..PAIRS {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let size = SIZES[(state >> 20) as usize % SIZES.len()];
        let place = &mut alive[n as usize % ALIVE];
        let (block, old) = std::mem::replace(place, (take(allocator, size), size));
        if !block.is_null() {
            give(allocator, block, old);
        }
    }
    for (block, size) in alive {
        give(allocator, block, size);
    }
}

/// On one thread, and on two at the same time by the slower one.
fn times(run: impl Fn() + Sync) -> [f64; 2] {
    let timed = || {
        let start = Instant::now();
        run();
        start.elapsed().as_nanos() as f64 / PAIRS as f64
    };
    let alone = timed();
    let start = Barrier::new(2);
    let together = std::thread::scope(|scope| {
        let one = || {
            start.wait();
            timed()
        };
        let other = scope.spawn(one);
        let mine = one();
        other.join().map_or(f64::NAN, |other| mine.max(other))
    });
    [alone, together]
}

fn monitor() -> Monitor {
    let mut settings = Settings::default();
    settings.monitoring.cpu_profiling = false;
    Monitor::in_memory(settings).unwrap_or_default()
}

type Run = (&'static str, fn(&System), fn(&Allocator));

fn main() {
    let runs: [Run; 2] = [("64 B", small, small), ("mixed", mixed, mixed)];
    println!("ns a pair            system   counted    added   sampled    added");
    for (name, bare, wrapped) in runs {
        let mut seen = [const { [const { Vec::new() }; 5] }; 2];
        let mut samples = 0;
        for _ in 0..rounds::rounds(15) {
            let system = times(|| bare(&System));
            let counted = times(|| wrapped(&ALLOCATOR));
            let watched = monitor();
            let sampled = times(|| wrapped(&ALLOCATOR));
            let report = watched.report().heap_profile;
            samples = report.map_or(0, |report| report.samples);
            drop(watched);
            for (at, seen) in seen.iter_mut().enumerate() {
                let added = (counted[at] - system[at], sampled[at] - system[at]);
                let row = [system[at], counted[at], added.0, sampled[at], added.1];
                (seen.iter_mut().zip(row)).for_each(|(seen, value)| seen.push(value));
            }
        }
        for (mut seen, threads) in seen.into_iter().zip(["1 thread", "2 threads"]) {
            let row: String = seen
                .iter_mut()
                .map(|seen| format!("{:9.2} ", rounds::median(seen)))
                .collect();
            println!("{name:6} {threads:10} {row}");
        }
        println!("{name:6} samples in the last round: {samples}");
    }
}
