//! Threads: idle ones are left alone, many are covered, short ones too.

use crate::case::{Case, PERF_EVENT, Run, alone, back_ends};

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

/// A profile of short-lived threads has no more than their CPU time, and not much less: it lacks what a thread uses after
/// its last sample and, with signals, all of a thread that ends before it was found, on a busy machine most of them. Where
/// a thousand threads wait for a CPU, the profiler waits, too, and its buffers overflow: it has to say so.
pub(crate) fn judge_short_lived(run: &Run) {
    let back_end = run.truth.back_end.as_deref().unwrap_or_default();
    let seen = run.seen().cpu_seconds() / run.truth.cpu_seconds;
    let lost = run.truth.fact("lost") / (run.truth.asked_rate * run.truth.cpu_seconds);
    println!("{back_end}: {seen:.3} of the CPU time, at most {lost:.3} lost and said so");
    let floor = if back_end == PERF_EVENT { 0.6 } else { 0.02 };
    assert!(seen <= 1.1 && seen + lost >= floor, "{back_end}: {seen}");
}

/// 1,000 threads, of 5 ms each.
#[test]
fn a_thousand_threads() {
    let _alone = alone();
    for back_end in back_ends().into_iter().chain(["auto"]) {
        let case = Case::new("many").seconds(5.0).back_end(back_end);
        match case.try_run() {
            Ok(run) => {
                println!("{back_end}: 1,000 threads; {:?}", run.truth.refusals);
                judge_short_lived(&run);
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
        case.judge(judge_short_lived);
    }
}
