//! What counting allocations costs: an allocation and its release beside the bare allocator, on one thread and on two;
//! an operation where its allocations are counted; the process's totals.
//!
//! `cargo bench --bench allocator [ROUNDS]`. The peers, jemalloc and mimalloc stand in `benches/peers`.

#![expect(clippy::print_stdout, reason = "a benchmark shows its result")]

mod allocations;
mod operations;
mod rounds;

use std::alloc::System;
use std::hint::black_box;
use std::sync::{Arc, Barrier};

use allocations::Pattern;
use operations::table;
use rounds::{Case, chained_work, work};
use vecperf::{Allocator, Monitor, Settings};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator::system();
static SYSTEM: System = System;

fn main() -> vecperf::Result<()> {
    let rounds = rounds::rounds(501);
    for (pattern, name) in Pattern::ALL {
        let cases = [
            pattern.case("the system's", &SYSTEM),
            pattern.case("the same, counted", &ALLOCATOR),
        ];
        table(&format!("{name}, ns"), &rounds::run(&cases, rounds, || ()));
    }
    let mut settings = Settings::default();
    settings.monitoring.cpu_profiling = false;
    let monitor = Monitor::in_memory(settings)?;
    table(
        "an operation around nothing, ns",
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
    totals(rounds);
    Ok(())
}

/// The usual cases, and one in another; all of them with counting.
fn around<'a>(monitor: &Monitor, work: impl Fn() + Copy + Sync + 'a) -> Vec<Case<'a>> {
    const REPEATS: u64 = 10_000;
    let (outer, inner) = (monitor.operation("outer"), monitor.operation("inner"));
    let mut cases = operations::around(monitor, REPEATS, work);
    cases.push(Case::new("one in another", REPEATS, move |n| {
        (0..n).for_each(|_| {
            let _outer = outer.start();
            let _inner = inner.start();
            work();
        });
    }));
    cases
}

/// With so many threads alive that have allocated.
fn totals(rounds: usize) {
    for threads in [1, 64] {
        let (ready, done) = (
            Arc::new(Barrier::new(threads)),
            Arc::new(Barrier::new(threads)),
        );
        let others: Vec<_> = (1..threads)
            .map(|_| {
                let (ready, done) = (Arc::clone(&ready), Arc::clone(&done));
                std::thread::spawn(move || {
                    ready.wait();
                    done.wait();
                })
            })
            .collect();
        ready.wait();
        let mut times: Vec<f64> = (0..rounds)
            .map(|_| {
                rounds::each(100, |n| {
                    (0..n).for_each(|_| {
                        black_box(vecperf::allocation::totals());
                    });
                })
            })
            .collect();
        println!(
            "totals, {threads} threads: {:.0} ns",
            rounds::median(&mut times)
        );
        done.wait();
        for other in others {
            let _ = other.join();
        }
    }
}
