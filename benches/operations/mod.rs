//! What an operation costs, as the benchmarks of recording and of counting allocations show it.

use std::hint::black_box;

use vecperf::{Moment, Monitor};

use crate::rounds::{Case, Figure};

/// The same work bare, beside two readings of the clock, and as an operation.
pub(crate) fn around<'a>(
    monitor: &Monitor,
    repeats: u64,
    work: impl Fn() + Copy + Sync + 'a,
) -> Vec<Case<'a>> {
    let timed = monitor.operation("timed");
    let case = |name: &str, run: Box<dyn Fn(u64) + Sync + 'a>| Case::new(name, repeats, run);
    vec![
        case("bare", Box::new(move |n| (0..n).for_each(|_| work()))),
        case(
            "two readings of the clock",
            Box::new(move |n| {
                (0..n).for_each(|_| {
                    let start = black_box(Moment::now());
                    work();
                    black_box(Moment::now().max(start));
                });
            }),
        ),
        case(
            "start to drop",
            Box::new(move |n| {
                (0..n).for_each(|_| {
                    let _timer = timed.start();
                    work();
                });
            }),
        ),
    ]
}

/// What was seen of each case, on one thread and on two.
pub(crate) fn table(title: &str, figures: &[Figure]) {
    println!("\n{title:<32}   1 thread     added  2 threads     added");
    for figure in figures {
        println!(
            "{:<32} {:>10.2} {:>9.2} {:>10.2} {:>9.2}",
            figure.name, figure.alone, figure.added, figure.together, figure.added_together
        );
    }
}
