//! What counting allocations costs: vecperf around three allocators, beside the crates it is chosen over, in one run.
//!
//! `cargo run --release -p vecperf-peers --bin allocators [-- ROUNDS]`. Every case takes its
//! turn in every round; a figure is the median of the rounds. Prints Markdown. An allocator is called as it is, not
//! installed, so that all of them are measured in one process.

#![expect(clippy::print_stdout, reason = "a benchmark shows its result")]

#[path = "../../allocations/mod.rs"]
mod allocations;
#[path = "../../rounds/mod.rs"]
mod rounds;

use std::alloc::System;

use allocations::Pattern;
use mimalloc::MiMalloc;
use rounds::{Case, Figure};
use tikv_jemallocator::Jemalloc;
use vecperf::Allocator;

static SYSTEM: System = System;
static COUNTED: Allocator = Allocator::system();
static STATS_ALLOC: stats_alloc::StatsAlloc<System> = stats_alloc::StatsAlloc::system();
static PEAK_ALLOC: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;
static CAP: cap::Cap<System> = cap::Cap::new(System, usize::MAX);
static DHAT: dhat::Alloc = dhat::Alloc;
static JEMALLOC: Jemalloc = Jemalloc;
static COUNTED_JEMALLOC: Allocator<Jemalloc> = Allocator::new(Jemalloc);
static MIMALLOC: MiMalloc = MiMalloc;
static COUNTED_MIMALLOC: Allocator<MiMalloc> = Allocator::new(MiMalloc);

fn main() {
    let rounds = rounds::rounds(501);
    for (pattern, name) in Pattern::ALL {
        let of_system = [
            pattern.case("the system's allocator", &SYSTEM),
            pattern.case("**vecperf**", &COUNTED),
            pattern.case("stats_alloc", &STATS_ALLOC),
            pattern.case("peak_alloc", &PEAK_ALLOC),
            pattern.case("cap", &CAP),
        ];
        compare(
            &format!("{name}: the system's allocator"),
            &of_system,
            rounds,
        );
        let jemalloc = [
            pattern.case("jemalloc", &JEMALLOC),
            pattern.case("**vecperf** around it", &COUNTED_JEMALLOC),
        ];
        compare(&format!("{name}: jemalloc"), &jemalloc, rounds);
        let mimalloc = [
            pattern.case("mimalloc", &MIMALLOC),
            pattern.case("**vecperf** around it", &COUNTED_MIMALLOC),
        ];
        compare(&format!("{name}: mimalloc"), &mimalloc, rounds);
        // A backtrace for each allocation: so slow that a few rounds tell enough.
        let _profiler = dhat::Profiler::builder().testing().build();
        let dhat = [
            pattern.case_of("the system's allocator", &SYSTEM, 2_000),
            pattern.case_of("dhat, profiling", &DHAT, 2_000),
        ];
        compare(&format!("{name}: dhat"), &dhat, rounds.min(21));
    }
}

fn compare(what: &str, cases: &[Case<'_>], rounds: usize) {
    let figures = rounds::run(cases, rounds, || ());
    println!("\n### {what}: ns an allocation and its release, median of {rounds} rounds\n");
    println!("| | 1 thread | added | 2 threads | added |\n|---|---:|---:|---:|---:|");
    for Figure {
        name,
        alone,
        together,
        added,
        added_together,
    } in &figures
    {
        println!("| {name} | {alone:.1} | {added:+.2} | {together:.1} | {added_together:+.2} |");
    }
}
