//! What the back end delivers and costs, on the machine at hand:
//!
//! ```text
//! cargo test --release -p vecperf --lib cpu::perf_event::measure -- --ignored --nocapture --test-threads=1
//! ```
//!
//! Figures and how to read them are in docs/measuring/cpu.md.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::clock::{Moment, thread_cpu};
use crate::cpu::event::Event;
use crate::cpu::options::{Options, Target};
use crate::cpu::sampler::Sampler;

fn started(options: &Options) -> Box<dyn Sampler> {
    super::start(Target::ThisProcess, options).unwrap()
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Threads that use their CPU until they are told to stop, and then say how much.
struct Busy {
    stop: Arc<AtomicBool>,
    threads: Vec<thread::JoinHandle<Duration>>,
}

impl Busy {
    fn new(threads: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (0..threads).map(|_| {
            let stop = Arc::clone(&stop);
            thread::spawn(move || {
                let mut work = 1_u64;
                while !stop.load(Ordering::Relaxed) {
                    work = std::hint::black_box(work.wrapping_mul(31));
                }
                thread_cpu().unwrap()
            })
        });
        Self {
            threads: threads.collect(),
            stop,
        }
    }

    fn stop(self) -> Duration {
        self.stop.store(true, Ordering::Relaxed);
        let used = self
            .threads
            .into_iter()
            .map(|thread| thread.join().unwrap());
        used.sum()
    }
}

#[test]
#[ignore = "prints figures"]
fn delivered() {
    println!(
        "samples delivered of those asked for, 3 s each; what reading them costs without unwinding"
    );
    for rate in [250, 1000, 4000] {
        for threads in [1, 2] {
            for stack in [8 << 10, 16 << 10] {
                delivered_at(rate, threads, stack);
            }
        }
    }
}

fn delivered_at(sample_rate: u32, threads: usize, stack: usize) {
    let options = Options {
        sample_rate,
        ..Options::default()
    };
    let mut sampler = started(&options);
    sampler.set_stack_bytes(stack).unwrap();
    // The thread that made the sampler passes no events on: somebody else makes the threads that are sampled.
    drop(sampler);
    let busy = Busy::new(threads);
    let mut sampler = started(&options);
    sampler.set_stack_bytes(stack).unwrap();
    let (began, cpu) = (Moment::now(), thread_cpu().unwrap());
    let (mut samples, mut lost, mut records, mut wakes) = (0, 0, 0_u64, 0);
    let mut drain = |sampler: &mut dyn Sampler| {
        sampler.drain(&mut |event| {
            records += 1;
            match event {
                Event::Sample(_) => samples += 1,
                Event::Lost { records } => lost += records,
                _ => {}
            }
        });
    };
    while began.elapsed() < Duration::from_secs(3) {
        sampler.wait(Duration::from_millis(50));
        wakes += 1;
        drain(&mut *sampler);
    }
    let reading = thread_cpu().unwrap() - cpu;
    let wall = began.elapsed();
    let used = busy.stop();
    drain(&mut *sampler);
    let asked = used.as_nanos() as u64 / options.period_ns();
    println!(
        "{sample_rate:>5} Hz, {threads} threads, {:>2} KiB: {samples:>6} of {asked:>6} = {:.4}, lost {lost}; \
         reader {:.2} % of a core, {:.1} µs a record, {wakes} wake-ups",
        stack >> 10,
        samples as f64 / asked as f64,
        100.0 * reading.as_secs_f64() / wall.as_secs_f64(),
        1e6 * reading.as_secs_f64() / records as f64,
    );
}

#[test]
#[ignore = "prints figures"]
fn start_and_stop() {
    for threads in [1, 16, 128] {
        let busy = Busy::new(0);
        let stop = Arc::new(AtomicBool::new(false));
        let idle: Vec<_> = (0..threads)
            .map(|_| {
                let stop = Arc::clone(&stop);
                thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        thread::park();
                    }
                })
            })
            .collect();
        let (mut start, mut switch, mut end) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..15 {
            let began = Moment::now();
            let mut sampler = started(&Options::default());
            start.push(began.elapsed().as_secs_f64() * 1e3);
            let began = Moment::now();
            sampler.set_stack_bytes(8 << 10).unwrap();
            switch.push(began.elapsed().as_secs_f64() * 1e3);
            let began = Moment::now();
            drop(sampler);
            end.push(began.elapsed().as_secs_f64() * 1e3);
        }
        println!(
            "{threads:>4} threads: start {:.2} ms, another stack size {:.2} ms, stop {:.2} ms",
            median(start),
            median(switch),
            median(end)
        );
        stop.store(true, Ordering::Relaxed);
        for thread in idle {
            thread.thread().unpark();
            thread.join().unwrap();
        }
        busy.stop();
    }
}

/// Microseconds to make a thread and wait for its end, by a thread that is sampled.
fn thread_creation() -> f64 {
    let times = (0..400).map(|_| {
        let began = Moment::now();
        thread::spawn(|| {}).join().unwrap();
        began.elapsed().as_secs_f64() * 1e6
    });
    median(times.collect())
}

#[test]
#[ignore = "prints figures"]
fn thread_creation_under_inherit() {
    let variants = [
        ("none", None),
        ("all", Some((true, true))),
        ("without page faults", Some((true, false))),
        ("samples only", Some((false, false))),
    ];
    let mut times = vec![Vec::new(); variants.len()];
    for _ in 0..11 {
        for ((_, what), times) in variants.iter().zip(&mut times) {
            let maker = thread::spawn(|| {
                thread::park();
                thread_creation()
            });
            let sampler = what.map(|(switches, faults)| {
                started(&Options {
                    switches,
                    faults,
                    ..Options::default()
                })
            });
            maker.thread().unpark();
            times.push(maker.join().unwrap());
            drop(sampler);
        }
    }
    for ((name, _), times) in variants.iter().zip(times) {
        println!("make and join a thread, {name}: {:.1} µs", median(times));
    }
}
