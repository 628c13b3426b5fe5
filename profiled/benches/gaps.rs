//! What one sample costs the thread that it is taken of: a thread that only reads the clock sees it as a gap.
//!
//! ```text
//! cargo bench -p vecperf-profiled --bench gaps [-- PAIRS]     # 40 pairs: 4 minutes
//! ```
//!
//! The floor beside it is perf_event sampling of nothing but the instruction pointer: the timer interrupt. Windows without
//! the profile come before those with it, four by four; gaps of the machine itself are in both, and are taken off. Each row
//! is printed when it is done. Windows of one recording are alike, so that the interval is narrower than it should be.

#![expect(
    clippy::print_stdout,
    clippy::panic,
    reason = "a benchmark talks, and gives up aloud"
)]

mod floor;
mod measured;

use std::hint::black_box;
use std::time::Duration;

use floor::Floor;
use measured::{Median, back_ends, name, number};
use vecperf_profiled::{Arguments, clock, profiling};

const WINDOW: Duration = Duration::from_millis(150);
/// Windows in one recording.
const WINDOWS: usize = 4;
/// The stack that is copied has found its size by then, even at 250 samples a second.
const SETTLED: Duration = Duration::from_millis(2_500);
/// Gaps that count: longer than a reading of the clock, shorter than another thread's slice.
const GAPS: std::ops::Range<Duration> = Duration::from_nanos(300)..Duration::from_micros(60);

/// What a window saw.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    lost: Duration,
    whole: Duration,
}

impl Window {
    fn share(self) -> f64 {
        self.lost.as_secs_f64() / self.whole.as_secs_f64()
    }
}

fn main() {
    let pairs = number(40.0) as usize;
    println!(
        "| profile | live stack, KiB | µs a sample: median (95 %) of {pairs} pairs | × the floor |"
    );
    println!("|---|---:|---:|---:|");
    on_a_stack::<{ 9 << 10 }>(pairs);
    on_a_stack::<{ 40 << 10 }>(pairs);
}

/// Measures below a frame of so many bytes.
#[inline(never)]
fn on_a_stack<const BYTES: usize>(pairs: usize) {
    let live = black_box([1_u8; BYTES]);
    let mut floor = Vec::new();
    if let Some(sampled) = Floor::open() {
        for _ in 0..pairs {
            let alone = watch(WINDOW);
            sampled.enable(true);
            let window = watch(WINDOW);
            sampled.enable(false);
            floor.push(cost(alone, window, sampled.samples()));
        }
        row("the floor: instruction pointer only", BYTES, &floor, &floor);
    }
    for asked in back_ends() {
        let recordings = 0..pairs.div_ceil(WINDOWS);
        let costs: Vec<f64> = recordings.flat_map(|_| profiled(&asked)).collect();
        row(name(&asked), BYTES, &costs, &floor);
    }
    black_box(live);
}

/// Windows without, then with the profile.
fn profiled(asked: &Arguments) -> [f64; WINDOWS] {
    let alone = [(); WINDOWS].map(|()| watch(WINDOW));
    let recording = profiling::recording(asked).unwrap_or_else(|why| panic!("{why}"));
    watch(SETTLED);
    let with = [(); WINDOWS].map(|()| watch(WINDOW));
    recording.stop();
    let rate = recording
        .statistics()
        .map_or(f64::NAN, |statistics| statistics.achieved_rate);
    std::array::from_fn(|at| cost(alone[at], with[at], rate * with[at].whole.as_secs_f64()))
}

/// Microseconds a sample.
fn cost(alone: Window, with: Window, samples: f64) -> f64 {
    1e6 * (with.share() - alone.share()) * with.whole.as_secs_f64() / samples
}

fn row(name: &str, bytes: usize, costs: &[f64], floor: &[f64]) {
    let (cost, floor) = (Median::of(costs.to_vec()), Median::of(floor.to_vec()));
    println!(
        "| {name} | {} | {} | {:.2} |",
        bytes >> 10,
        cost.show(1),
        cost.value / floor.value
    );
}

/// Reads the clock for so long.
fn watch(time: Duration) -> Window {
    let mut window = Window::default();
    let mut last = clock::monotonic();
    while window.whole < time {
        let now = clock::monotonic();
        let gap = now - last;
        last = now;
        if gap < GAPS.end {
            window.whole += gap;
            if gap >= GAPS.start {
                window.lost += gap;
            }
        }
    }
    window
}
