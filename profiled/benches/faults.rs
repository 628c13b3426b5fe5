//! What a page fault costs more while the profile runs: perf_event records each, so that a receipt's count is exact.
//!
//! ```text
//! cargo bench -p vecperf-profiled --bench faults [-- PAIRS]     # 40 pairs: half a minute
//! ```
//!
//! Fresh memory is touched page by page without the profile, then with it, four by four. Each row is printed when it is done.
//! Windows of one recording are alike, so that the interval is narrower than it should be.

#![expect(
    clippy::print_stdout,
    clippy::panic,
    reason = "a benchmark talks, and gives up aloud"
)]

mod measured;

use std::time::Duration;

use measured::{Median, back_ends, name, number};
use vecperf_profiled::programs::touch;
use vecperf_profiled::{Arguments, clock, profiling};

const PAGES: usize = 20_000;
const PAGE: usize = 4096;
/// Windows in one recording.
const WINDOWS: usize = 4;
/// The stack that is copied has found its size by then.
const SETTLED: Duration = Duration::from_millis(1_000);

fn main() {
    let pairs = number(40.0) as usize;
    println!("| profile | ns a fault without it | ns added: median (95 %) of {pairs} pairs |");
    println!("|---|---:|---:|");
    for asked in back_ends() {
        let recordings = 0..pairs.div_ceil(WINDOWS);
        let windows: Vec<_> = recordings.flat_map(|_| profiled(&asked)).collect();
        let (alone, added): (Vec<f64>, Vec<f64>) = windows.into_iter().unzip();
        let (alone, added) = (Median::of(alone), Median::of(added));
        println!(
            "| {} | {:.0} | {} |",
            name(&asked),
            alone.value,
            added.show(0)
        );
    }
}

/// Nanoseconds a fault without the profile, and how many more with it.
fn profiled(asked: &Arguments) -> [(f64, f64); WINDOWS] {
    let alone = [(); WINDOWS].map(|()| window());
    let recording = profiling::recording(asked).unwrap_or_else(|why| panic!("{why}"));
    let settled = clock::monotonic() + SETTLED;
    while clock::monotonic() < settled {
        window();
    }
    let with = [(); WINDOWS].map(|()| window());
    recording.stop();
    std::array::from_fn(|at| (alone[at], with[at] - alone[at]))
}

/// Nanoseconds a fault.
fn window() -> f64 {
    let start = clock::monotonic();
    touch(PAGES * PAGE);
    (clock::monotonic() - start).as_nanos() as f64 / PAGES as f64
}
