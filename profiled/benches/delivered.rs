//! Samples delivered of those asked for. What the profiler's own thread takes is a column of `throughput`.
//!
//! ```text
//! cargo bench -p vecperf-profiled --bench delivered [-- ROUNDS]     # 11 rounds: 2.5 minutes
//! ```
//!
//! Asked for is what the CPU time of the process comes to at the rate. The `pprof` crate stands in the same table of
//! `cargo run --release -p vecperf-peers --bin profilers`.

#![expect(
    clippy::print_stdout,
    clippy::panic,
    reason = "a benchmark talks, and gives up aloud"
)]

mod measured;

use std::hint::black_box;
use std::time::Duration;

use measured::{Median, back_ends, name, number};
use vecperf_profiled::profiling::{Account, Session};
use vecperf_profiled::{Arguments, Truth, clock, spin};

/// CPU time of each thread in a round.
const EACH: Duration = Duration::from_millis(600);

fn main() {
    let rounds = number(11.0) as usize;
    println!(
        "| back end | threads | asked for, Hz | delivered / asked: median (95 %) of {rounds} rounds |"
    );
    println!("|---|---:|---:|---:|");
    for asked in back_ends() {
        for threads in [1, 2] {
            for rate in [250, 1000, 4000] {
                let asked = Arguments {
                    rate,
                    ..asked.clone()
                };
                row(&asked, threads, rounds);
            }
        }
    }
}

fn row(asked: &Arguments, threads: usize, rounds: usize) {
    let delivered = |_| {
        let truth = round(asked, threads);
        truth.samples as f64 / (truth.cpu_seconds * f64::from(asked.rate))
    };
    println!(
        "| {} | {threads} | {} | {} |",
        name(asked),
        asked.rate,
        Median::of((0..rounds).map(delivered).collect()).show(3),
    );
}

fn round(asked: &Arguments, threads: usize) -> Truth {
    let session = Session::start(asked).unwrap_or_else(|why| panic!("{why}"));
    let operation = session.operation("compute");
    let account = Account::open();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let until = clock::thread_cpu() + EACH;
                while clock::thread_cpu() < until {
                    let units = spin::jittered(Duration::from_micros(200));
                    operation.measure(|| black_box(spin::compute(units)));
                }
            });
        }
    });
    let mut truth = Truth::default();
    account.close(&mut truth);
    session
        .stop(&mut truth)
        .unwrap_or_else(|why| panic!("{why}"));
    truth
}
