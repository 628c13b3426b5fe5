//! What timing one operation costs and holds: vecperf beside the recorders it is chosen over, in one run.
//!
//! `cargo run --release -p vecperf-peers [-- ROUNDS]`. Every case takes its turn in every round, so that a noisy moment
//! of the machine hits all alike; a figure is the median of the rounds. Prints Markdown.

#![expect(clippy::print_stdout, reason = "a benchmark shows its result")]

mod cases;
mod memory;
mod recorders;
#[path = "../../rounds/mod.rs"]
mod rounds;

use std::error::Error;
use std::thread;
use std::time::Duration;

use recorders::Recorders;
use rounds::{Case, Figure, chained_work, work};

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(held) = memory::asked()? {
        println!("{held}");
        return Ok(());
    }
    memory::compare()?;
    let recorders = Recorders::install()?;
    let rounds = rounds::rounds(41);
    compare(
        "nothing",
        &cases::around(&recorders, || ()),
        rounds,
        &recorders,
    );
    compare(
        "50 ns of work",
        &cases::around(&recorders, work),
        rounds,
        &recorders,
    );
    compare(
        "50 ns of work, each after the last",
        &cases::around(&recorders, chained_work),
        rounds,
        &recorders,
    );
    Ok(())
}

/// Runs the cases and prints what each adds to the first.
fn compare(what: &str, cases: &[Case<'_>], rounds: usize, recorders: &Recorders) {
    let figures = rounds::run(cases, rounds, || {
        recorders.drain();
        // hotpath's worker wakes every 50 ms: what it still has to do shall not count against the next case.
        thread::sleep(Duration::from_millis(60));
    });
    println!("\n### Around {what}: ns added, median of {rounds} rounds\n");
    println!(
        "| | 1 thread | × ours | 2 threads, one handle | × ours | M operations/s: 1 thread | 2 threads |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let ours = figures.iter().find(|figure| figure.name == cases::OURS);
    for figure in &figures {
        row(figure, ours.unwrap_or(figure));
    }
}

fn row(figure: &Figure, ours: &Figure) {
    println!(
        "| {} | {:.1} | {:.2} | {:.1} | {:.2} | {:.1} | {:.1} |",
        figure.name,
        figure.added,
        figure.added / ours.added,
        figure.added_together,
        figure.added_together / ours.added_together,
        1_000.0 / figure.alone,
        2_000.0 / figure.together
    );
}
