//! What the heap profile adds to an allocation and its release: nanoseconds a pair, beside counting alone and beside the
//! system's allocator.
//!
//! `cargo bench --bench heap_profile [ROUNDS]` (Linux). Cases take turns; a figure is the median of the rounds, and
//! what is added is the median of the differences within a round. One pair in some thousands is sampled: its page, the
//! copy of its stack and its way to the reader are in the mean.

#![expect(clippy::print_stdout, reason = "a benchmark shows its result")]

#[expect(dead_code, reason = "rounds of another length")]
mod allocations;
#[expect(dead_code, reason = "the differences are taken here")]
mod rounds;

use std::alloc::System;

use allocations::Pattern;
use rounds::Case;
use vecperf::{Allocator, Monitor, Settings};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator::system();
static SYSTEM: System = System;

/// Pairs of a round.
const PAIRS: u64 = 2_000_000;

fn main() -> vecperf::Result<()> {
    println!("ns a pair                             system   counted    added   sampled    added");
    for (pattern, name) in Pattern::ALL {
        let system = pattern.case_of("system", &SYSTEM, PAIRS);
        let wrapped = pattern.case_of("wrapped", &ALLOCATOR, PAIRS);
        let mut seen = [const { [const { Vec::new() }; 5] }; 2];
        let mut samples = 0;
        for _ in 0..rounds::rounds(15) {
            let bare = once(&system);
            let counted = once(&wrapped);
            let monitor = monitor()?;
            let sampled = once(&wrapped);
            let profile = monitor.report().heap_profile;
            samples = profile.map_or(0, |profile| profile.samples);
            for (at, seen) in seen.iter_mut().enumerate() {
                let added = [counted[at] - bare[at], sampled[at] - bare[at]];
                let row = [bare[at], counted[at], added[0], sampled[at], added[1]];
                (seen.iter_mut().zip(row)).for_each(|(seen, value)| seen.push(value));
            }
        }
        for (mut seen, threads) in seen.into_iter().zip(["1 thread", "2 threads"]) {
            let row: String = seen
                .iter_mut()
                .map(|seen| format!("{:9.2} ", rounds::median(seen)))
                .collect();
            println!("{name:27} {threads:10} {row}");
        }
        println!("{name:27} samples in the last round: {samples}");
    }
    Ok(())
}

/// On one thread, and on two by the slower one.
fn once(case: &Case<'_>) -> [f64; 2] {
    let figures = rounds::run(std::slice::from_ref(case), 1, || ());
    figures
        .first()
        .map_or([f64::NAN; 2], |figure| [figure.alone, figure.together])
}

fn monitor() -> vecperf::Result<Monitor> {
    let mut settings = Settings::default();
    settings.monitoring.cpu_profiling = false;
    Monitor::in_memory(settings)
}
