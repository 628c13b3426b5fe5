//! A program to look at while it runs: two operations, some slow, some failing, on two threads; and what its memory is for.
//!
//! ```sh
//! cargo run --release --example live            # until Ctrl-C, or for so many seconds: -- 60
//! vecperf top                                   # in another terminal
//! ```
//!
//! `VECPERF_SERVE__SOCKET=run/live.sock` and `VECPERF_SERVE__PORT=9187` put it elsewhere.

#![expect(clippy::print_stdout, reason = "an example says what it does")]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use vecperf::{Moment, Monitor, Operation, Outcome, Settings};

const DIMENSIONS: usize = 256;

#[global_allocator]
static ALLOCATOR: vecperf::Allocator = vecperf::Allocator::system();

fn main() -> vecperf::Result<()> {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let seconds = seconds.unwrap_or(86_400.0);
    let mut settings = Settings::discover()?;
    if settings.serve == vecperf::config::Serve::default() {
        settings.serve.socket = Some("auto".into());
    }
    settings.thresholds.max_response_time_ms = 20.0;
    let monitor = Monitor::in_memory(settings)?;
    println!("process {}: try `vecperf top`", std::process::id());

    let held = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&held);
    monitor.component("vectors", move || told.load(Ordering::Relaxed));

    let started = Moment::now();
    let goes_on = || started.elapsed().as_secs_f64() < seconds;
    std::thread::scope(|scope| {
        scope.spawn(|| search(&monitor.operation("search"), goes_on));
        scope.spawn(|| insert(&monitor.operation("insert"), &held, goes_on));
    });
    let report = monitor.finish()?;
    println!("{}", vecperf::export::console(&report));
    Ok(())
}

/// About 300 a second of 0.2 ms, for twenty seconds of each minute some that take 30 ms; judged against the truth.
fn search(search: &Operation, goes_on: impl Fn() -> bool) {
    let distances = search.counter("distance_computations");
    let started = Moment::now();
    for query in 0_u64.. {
        if !goes_on() {
            return;
        }
        let bad_times = started.elapsed().as_secs() % 60 >= 40;
        let mut timer = search.start();
        let work = if bad_times && query.is_multiple_of(20) {
            6_000_000
        } else {
            60_000
        };
        black_box(distance(work));
        timer.add(distances, work / 100);
        timer.end(Outcome::Ok);
        search.record_recall(if query.is_multiple_of(7) { 9 } else { 10 }, 10);
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// About 40 a second that allocate; one in fifty fails.
fn insert(insert: &Operation, held: &AtomicU64, goes_on: impl Fn() -> bool) {
    let mut kept = Vec::new();
    for vector in 0_u64.. {
        if !goes_on() {
            return;
        }
        let timer = insert.start().drop_as(Outcome::Error);
        kept.push(vec![vector as f32; DIMENSIONS]);
        if vector.is_multiple_of(50) {
            drop(timer);
        } else {
            timer.end(Outcome::Ok);
        }
        if kept.len() > 100_000 {
            kept.clear();
        }
        held.store(
            (kept.len() * DIMENSIONS * size_of::<f32>()) as u64,
            Ordering::Relaxed,
        );
        std::thread::sleep(Duration::from_millis(25));
    }
}

fn distance(work: u64) -> f32 {
    (0..work).fold(0.0, |sum, at| sum + (at as f32).sqrt())
}
