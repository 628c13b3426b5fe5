//! What recording costs: start to drop, around nothing and around 50 ns of work, on one thread and on two that share
//! the handle; snapshots; memory.
//!
//! `cargo bench --bench recording [ROUNDS]`. The floor beside it is two bare readings of the clock. The peers stand in
//! `benches/peers`, which measures the same with a heavier set of dependencies.

#![expect(clippy::print_stdout, reason = "a benchmark shows its result")]

mod operations;
mod rounds;

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use operations::table;
use rounds::{Case, chained_work, work};
use vecperf::{Monitor, Operation, Outcome, Settings};

const REPEATS: u64 = 40_000;

fn main() -> vecperf::Result<()> {
    let rounds = rounds::rounds(101);
    let monitor = Monitor::in_memory(unprofiled())?;
    table(
        "around nothing, ns",
        &rounds::run(&around(&monitor, || ()), rounds, || ()),
    );
    table(
        "around 50 ns of work, ns",
        &rounds::run(&around(&monitor, work), rounds, || ()),
    );
    table(
        "50 ns, each after the last",
        &rounds::run(&around(&monitor, chained_work), rounds, || ()),
    );
    segments(&monitor, rounds);
    flight(rounds)?;
    let operation = monitor.operation("recorded");
    let record = Case::new("Operation::record", REPEATS, |n| {
        (0..n).for_each(|i| operation.record(Duration::from_nanos(50_000 + i), Outcome::Ok));
    });
    table("no clock, ns", &rounds::run(&[record], rounds, || ()));
    snapshots(rounds)?;
    memory(&monitor, &operation);
    Ok(())
}

/// Without the CPU profile: what it costs has measurements of its own.
fn unprofiled() -> Settings {
    let mut settings = Settings::default();
    settings.monitoring.cpu_profiling = false;
    settings
}

/// The usual cases, and handles that count, time some, or do nothing.
fn around<'a>(monitor: &Monitor, work: impl Fn() + Copy + Sync + 'a) -> Vec<Case<'a>> {
    let hot = monitor.operation("timed").timed_one_in(16);
    let counted = monitor.operation("counted");
    let counter = counted.counter("distance_computations");
    let (unused, off) = (Operation::off(), Operation::off());
    let case = |name: &str, run: Box<dyn Fn(u64) + Sync + 'a>| Case::new(name, REPEATS, run);
    let mut cases = operations::around(monitor, REPEATS, work);
    cases.extend([
        case(
            "start, one counter, drop",
            Box::new(move |n| {
                (0..n).for_each(|_| {
                    let mut timer = counted.start();
                    work();
                    timer.add(counter, 120);
                });
            }),
        ),
        case(
            "1 in 16 timed",
            Box::new(move |n| {
                (0..n).for_each(|_| {
                    let _timer = hot.start();
                    work();
                });
            }),
        ),
        case(
            "a hidden handle, not used",
            Box::new(move |n| {
                (0..n).for_each(|_| {
                    black_box(&unused);
                    work();
                });
            }),
        ),
        case(
            "the same, used: off",
            Box::new(move |n| {
                (0..n).for_each(|_| {
                    let _timer = black_box(&off).start();
                    work();
                });
            }),
        ),
        case(
            "Instant twice",
            Box::new(move |n| {
                (0..n).for_each(|_| {
                    let start = Instant::now();
                    work();
                    black_box(start.elapsed());
                });
            }),
        ),
    ]);
    cases
}

/// What a profile adds to an operation: it leaves a segment, which a thread of ours reads every 5 ms.
fn segments(monitor: &Monitor, rounds: usize) {
    let left = monitor.operation("left");
    let plain = |work: fn()| {
        let operation = left.clone();
        move |n| {
            (0..n).for_each(|_| {
                let _timer = operation.start();
                work();
            });
        }
    };
    let works: [(&str, fn()); 3] = [
        ("nothing", || ()),
        ("50 ns of work", work),
        ("50 ns, each after the last", chained_work),
    ];
    println!("\nsegments left, ns added to start to drop");
    for (name, work) in works {
        let operation = plain(work);
        let mut added = [Vec::new(), Vec::new()];
        for _ in 0..rounds {
            let time = || rounds::each(REPEATS, &operation);
            let without = time();
            let Some(left) = monitor.unprofiled() else {
                return println!("somebody profiles");
            };
            let unread = time();
            let over = AtomicBool::new(false);
            let read = std::thread::scope(|scope| {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        std::thread::sleep(Duration::from_millis(5));
                        black_box(left.drain());
                    }
                });
                let read = time();
                over.store(true, Ordering::Relaxed);
                read
            });
            added[0].push(unread - without);
            added[1].push(read - without);
        }
        let [unread, read] = added.each_mut().map(|added| rounds::median(added));
        println!("around {name:<28} {unread:>8.2}   while they are read {read:>8.2}");
    }
}

/// What the flight recorder adds: to an operation, where it is fast and where each is slower than its limit; and to the CPU
/// time of vecperf's own threads, while one thread records.
fn flight(rounds: usize) -> vecperf::Result<()> {
    let with = |change: fn(&mut Settings)| {
        let mut settings = unprofiled();
        change(&mut settings);
        Monitor::in_memory(settings)
    };
    let monitors = [
        ("off", with(|_| ())?),
        ("on", with(|settings| settings.flight.on_breach = true)?),
        (
            "on, each beyond its limit",
            with(|settings| {
                settings.flight.on_breach = true;
                settings.thresholds.max_response_time_ms = 1e-6;
            })?,
        ),
    ];
    let handles = monitors
        .each_ref()
        .map(|(_, monitor)| monitor.operation("flown"));
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..rounds {
        for (times, operation) in times.iter_mut().zip(&handles) {
            times.push(rounds::each(REPEATS, |n| {
                (0..n).for_each(|_| {
                    let _timer = operation.start();
                    chained_work();
                });
            }));
        }
    }
    let off = rounds::median(&mut times[0].clone());
    println!("\nflight recorder, around 50 ns, each after the last");
    for (((name, monitor), operation), times) in monitors.iter().zip(&handles).zip(&mut times) {
        let added = rounds::median(times) - off;
        let cost = own_cpu(monitor, operation);
        println!("{name:<28} {added:>8.2} ns added   vecperf's threads {cost:>8.2} ms a second");
    }
    Ok(())
}

/// Milliseconds of CPU time a second that vecperf's threads take while the operation is recorded on this one.
fn own_cpu(monitor: &Monitor, operation: &Operation) -> f64 {
    let before = monitor.snapshot().self_cost.cpu;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(5) {
        operation.measure(chained_work);
    }
    let took = monitor.snapshot().self_cost.cpu.saturating_sub(before);
    took.as_secs_f64() * 1e3 / begun.elapsed().as_secs_f64()
}

fn snapshots(rounds: usize) -> vecperf::Result<()> {
    println!("\nsnapshot, µs per operation and live thread");
    for (operations, threads) in [(1, 1), (1, 32), (20, 1), (20, 32)] {
        let monitor = Monitor::in_memory(unprofiled())?;
        let handles: Vec<_> = (0..operations)
            .map(|i| monitor.operation(&i.to_string()))
            .collect();
        let all_alive = std::sync::Barrier::new(threads + 1);
        let mut times = Vec::new();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    for operation in &handles {
                        // Ten powers of two, as a search with a long tail has.
                        (0..10_000).for_each(|i| {
                            operation.record(Duration::from_nanos(1_000 << (i % 10)), Outcome::Ok)
                        });
                    }
                    all_alive.wait();
                    all_alive.wait();
                });
            }
            all_alive.wait();
            for _ in 0..rounds {
                let start = Instant::now();
                black_box(monitor.snapshot());
                times.push(start.elapsed().as_secs_f64() * 1e6);
            }
            all_alive.wait();
        });
        let each = rounds::median(&mut times) / (operations * threads) as f64;
        println!("{operations:>4} operations × {threads:>3} threads {each:>8.2}");
    }
    Ok(())
}

fn memory(monitor: &Monitor, operation: &Operation) {
    let before = monitor.snapshot().self_cost.bytes;
    (0..10_000_000_u64)
        .for_each(|i| operation.record(Duration::from_nanos(50_000 + i % 5_000_000), Outcome::Ok));
    let after = monitor.snapshot().self_cost.bytes;
    println!("\nbytes held: {before} before, {after} after 10 M more records");
}
