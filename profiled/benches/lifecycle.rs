//! Starting, stopping, making threads meanwhile, and what a long recording holds.
//!
//! ```text
//! cargo bench -p vecperf-profiled --bench lifecycle [-- SECONDS]     # of the long recordings: 60 (4 minutes in all)
//! ```

#![expect(
    clippy::print_stdout,
    clippy::panic,
    reason = "a benchmark talks, and gives up aloud"
)]

mod measured;

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use measured::{Median, asked, back_ends, name, number};
use vecperf_profiled::profiling::{self, Session};
use vecperf_profiled::{Arguments, Truth, clock, spin};

const STARTS: usize = 41;
const PAIRS: usize = 40;
/// Threads made in half a pair.
const SPAWNS: u32 = 200;

fn main() {
    println!("| back end | other threads | start, ms | stop, ms | names, ms |");
    println!("|---|---:|---:|---:|---:|");
    for asked in back_ends() {
        for threads in [1, 64] {
            with_threads(threads, || starts(&asked, threads));
        }
    }
    println!("\n| back end | a thread made and joined, µs, without | with | more |");
    println!("|---|---:|---:|---:|");
    for asked in std::iter::once(asked("none")).chain(back_ends()) {
        spawns(&asked);
    }
    let seconds = number(60.0);
    println!("\n| back end | after, s | held for the recording, KiB | anonymous memory, KiB |");
    println!("|---|---:|---:|---:|");
    for asked in back_ends() {
        long(&asked, seconds);
    }
}

/// Runs `work` beside threads of which one computes and the others wait.
fn with_threads(threads: usize, work: impl FnOnce()) {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for at in 0..threads {
            let stop = &stop;
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    if at == 0 {
                        black_box(spin::compute(100_000));
                    } else {
                        thread::sleep(Duration::from_millis(20));
                    }
                }
            });
        }
        work();
        stop.store(true, Ordering::Relaxed);
    });
}

fn starts(asked: &Arguments, threads: usize) {
    let (mut start, mut stop, mut names) = (Vec::new(), Vec::new(), Vec::new());
    let ms = |since: Duration| 1e3 * (clock::monotonic() - since).as_secs_f64();
    for _ in 0..STARTS {
        let began = clock::monotonic();
        let recording = profiling::recording(asked).unwrap_or_else(|why| panic!("{why}"));
        start.push(ms(began));
        thread::sleep(Duration::from_millis(100));
        let began = clock::monotonic();
        recording.stop();
        stop.push(ms(began));
        let began = clock::monotonic();
        black_box(recording.profile());
        names.push(ms(began));
    }
    let [start, stop, names] = [start, stop, names].map(|times| Median::of(times).show(1));
    println!(
        "| {} | {threads} | {start} | {stop} | {names} |",
        name(asked)
    );
}

fn spawns(asked: &Arguments) {
    let each = || {
        let began = clock::monotonic();
        for _ in 0..SPAWNS {
            let _ = thread::spawn(|| ()).join();
        }
        1e6 * (clock::monotonic() - began).as_secs_f64() / f64::from(SPAWNS)
    };
    let (mut without, mut with, mut more) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        let bare = each();
        let recording = asked
            .back_end
            .and_then(|_| profiling::recording(asked).ok());
        let profiled = each();
        if let Some(recording) = recording {
            recording.stop();
        }
        without.push(bare);
        with.push(profiled);
        more.push(profiled - bare);
    }
    let [without, with, more] = [without, with, more].map(|times| Median::of(times).show(1));
    println!("| {} | {without} | {with} | {more} |", name(asked));
}

/// A recording of operations of many lengths, on stacks of many depths.
fn long(asked: &Arguments, seconds: f64) {
    const LOOKS: u32 = 10;
    let session = Session::start(asked).unwrap_or_else(|why| panic!("{why}"));
    let operations: Vec<_> = (0..50)
        .map(|at| session.operation(&format!("operation {at}")))
        .collect();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let operation = &operations[fastrand::usize(..operations.len())];
                    let units = spin::jittered(Duration::from_micros(fastrand::u64(20..500)));
                    operation.measure(|| black_box(deep(fastrand::u32(..100), units)));
                }
            });
        }
        for look in 0..=LOOKS {
            let held = session.monitor().snapshot().self_cost.bytes / 1024;
            println!(
                "| {} | {:.0} | {held} | {} |",
                name(asked),
                seconds * f64::from(look) / f64::from(LOOKS),
                anonymous_kib()
            );
            thread::sleep(Duration::from_secs_f64(seconds / f64::from(LOOKS)));
        }
        stop.store(true, Ordering::Relaxed);
    });
    session
        .stop(&mut Truth::default())
        .unwrap_or_else(|why| panic!("{why}"));
}

/// One of many stacks: which of two calls is taken at each depth hangs on the bits of `path`.
#[inline(never)]
fn deep(path: u32, units: u64) -> u64 {
    match path {
        0 => spin::compute(units),
        odd if odd % 2 == 1 => black_box(deep(path / 2, units)) + 1,
        _ => black_box(deep(path / 2, units)) + 2,
    }
}

fn anonymous_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:")?.split_whitespace().next());
    value.and_then(|kib| kib.parse().ok()).unwrap_or(0)
}
