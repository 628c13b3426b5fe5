//! The CPU profiler that Rust programs link today, the `pprof` crate: samples delivered of those asked for, and what
//! happens to it under stress.
//!
//! ```text
//! cargo run --release -p vecperf-peers --bin profilers [-- ROUNDS]
//! cargo run --release -p vecperf-peers --bin profilers -- stress [SECONDS]
//! ```
//!
//! The same rounds as `cargo bench -p vecperf-profiled --bench delivered`, which has vecperf's own rows; and the mildest part
//! of its stress: panics caught, memory, threads that capture their own backtrace. Each stress is a process of its own.

#![expect(clippy::print_stdout, reason = "a benchmark shows its result")]

#[path = "../../rounds/mod.rs"]
#[allow(dead_code, reason = "only the median is needed here")]
mod rounds;

use std::backtrace::Backtrace;
use std::error::Error;
use std::hint::black_box;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pprof::ProfilerGuardBuilder;

type Done = Result<(), Box<dyn Error>>;

/// Wall time of a round; each thread computes all the while.
const ROUND: Duration = Duration::from_millis(600);
/// Runs of the stress.
const STRESSES: u32 = 5;
/// A run that takes so much longer than it should has hung.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> Done {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let seconds = words.get(1).and_then(|word| word.parse().ok()).unwrap_or(6);
    match words.first().map(String::as_str) {
        Some("stress") => stresses(Duration::from_secs(seconds)),
        Some("stressed") => stressed(Duration::from_secs(seconds)),
        _ => delivered(rounds::rounds(11)),
    }
}

fn delivered(rounds: usize) -> Done {
    println!(
        "| pprof 0.15 | threads | asked for, Hz | delivered / asked, median of {rounds} rounds |"
    );
    println!("|---|---:|---:|---:|");
    for threads in [1, 2] {
        for rate in [250, 1000] {
            let mut shares = Vec::new();
            for _ in 0..rounds {
                shares.push(round(threads, rate)?);
            }
            let median = rounds::median(&mut shares);
            println!("| default unwinder | {threads} | {rate} | {median:.3} |");
        }
    }
    Ok(())
}

/// Samples of those that the CPU time of the process comes to.
fn round(threads: usize, rate: i32) -> Result<f64, Box<dyn Error>> {
    let guard = ProfilerGuardBuilder::default().frequency(rate).build()?;
    let before = process_cpu()?;
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let began = Instant::now();
                while began.elapsed() < ROUND {
                    black_box((0..20_000_u64).fold(1, |x: u64, at| black_box(x ^ at)));
                }
            });
        }
    });
    let asked = (process_cpu()? - before) * f64::from(rate);
    let report = guard.report().build_unresolved()?;
    let samples: isize = report.data.values().sum();
    Ok(samples as f64 / asked)
}

/// CPU seconds of this process, to the kernel's tick of 10 ms.
fn process_cpu() -> Result<f64, Box<dyn Error>> {
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let mut fields = after_name.split_whitespace().skip(11);
    let mut ticks = || fields.next().unwrap_or_default().parse::<f64>();
    Ok((ticks()? + ticks()?) / TICKS)
}

fn stresses(time: Duration) -> Done {
    for run in 1..=STRESSES {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["stressed", &time.as_secs().to_string()])
            .spawn()?;
        let began = Instant::now();
        let ended = loop {
            match child.try_wait()? {
                Some(status) => break status.to_string(),
                None if began.elapsed() > time + PATIENCE => {
                    child.kill()?;
                    child.wait()?;
                    break "hung".to_owned();
                }
                None => thread::sleep(Duration::from_millis(20)),
            }
        };
        println!("pprof 0.15, stress {run} of {STRESSES}: {ended}");
    }
    Ok(())
}

fn stressed(time: Duration) -> Done {
    std::panic::set_hook(Box::new(|_| ())); // they are meant
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for act in [panics, allocations, threads] {
            let stop = &stop;
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    act();
                }
            });
        }
        let restarted = restart(time);
        stop.store(true, Ordering::Relaxed);
        restarted
    })
}

fn restart(time: Duration) -> Done {
    let began = Instant::now();
    while began.elapsed() < time {
        let guard = ProfilerGuardBuilder::default().frequency(1000).build()?;
        thread::sleep(Duration::from_millis(200));
        black_box(guard.report().build_unresolved()?);
    }
    Ok(())
}

#[expect(clippy::panic, reason = "it is what is tried")]
fn panics() {
    let caught = std::panic::catch_unwind(|| {
        if black_box(true) {
            panic!("on purpose");
        }
    });
    drop(caught);
}

fn allocations() {
    let blocks: Vec<Vec<u8>> = (0..200).map(|at| vec![0; 16 + at * 40]).collect();
    black_box(&blocks);
}

fn threads() {
    let thread = thread::spawn(|| drop(black_box(Backtrace::force_capture())));
    drop(thread.join());
}
