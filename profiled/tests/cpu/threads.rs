//! Threads: idle ones are left alone, many are covered, short ones too.

use crate::case::{Case, PERF_EVENT, alone, back_ends};

/// 64 threads that wait for work.
#[test]
fn idle_threads_are_left_alone() {
    let _alone = alone();
    for back_end in back_ends() {
        let run = Case::new("idle").seconds(2.0).back_end(back_end).run();
        let more = run.truth.fact("cpu_percent") - run.truth.fact("cpu_percent_alone");
        let interrupted = run.truth.fact("interrupted_per_second");
        println!(
            "{back_end}: 64 idle threads take {more:.2} % of a core more, and are interrupted {interrupted:.1} times a second"
        );
        // Each thread wakes 5 times a second by itself; a timer on the wall clock would interrupt each 1,000 times.
        assert!(interrupted <= 64.0, "{back_end}: {interrupted}");
    }
}

/// What a profile of short-lived threads holds of their CPU time, at least: what a thread uses after its last sample is
/// not seen, and with signals nothing of a thread that ends before it was found, on a busy machine most of them.
pub(crate) fn floor(back_end: &str) -> f64 {
    if back_end == PERF_EVENT { 0.3 } else { 0.02 }
}

/// 1,000 threads, of 5 ms each.
#[test]
fn a_thousand_threads() {
    let _alone = alone();
    for back_end in back_ends().into_iter().chain(["auto"]) {
        let case = Case::new("many").seconds(5.0).back_end(back_end);
        match case.try_run() {
            Ok(run) => {
                let ratio = run.seen().cpu_seconds() / run.truth.cpu_seconds;
                println!(
                    "{back_end}: 1,000 threads: {:?}, {ratio:.3} of the CPU time; {:?}",
                    run.truth.back_end, run.truth.refusals
                );
                let floor = floor(run.truth.back_end.as_deref().unwrap_or_default());
                assert!((floor..=1.1).contains(&ratio), "{back_end}: {ratio}");
            }
            // perf_event may need more descriptors than there are; `auto` has to find another way.
            Err(why) => {
                println!("{back_end}: 1,000 threads: {why}");
                assert!(back_end == PERF_EVENT, "{back_end}: {why}");
            }
        }
    }
}

/// Threads of 20 ms: an operation is how the signal back ends learn of a thread.
#[test]
fn short_lived_threads() {
    let _alone = alone();
    for back_end in back_ends() {
        let case = Case::new("churn").seconds(1.0).back_end(back_end);
        case.judge(|run| {
            let ratio = run.seen().cpu_seconds() / run.truth.cpu_seconds;
            println!("{back_end}: threads of 20 ms: {ratio:.3} of the CPU time");
            assert!(
                (floor(back_end)..=1.1).contains(&ratio),
                "{back_end}: {ratio}"
            );
        });
    }
}
