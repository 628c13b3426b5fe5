//! Where the best back end is refused, the next one runs, says why, and stays true.

use crate::case::{Case, PERF_EVENT, Run, THREAD_TIMER, alone, back_ends, is_root};
use crate::shares::compare_total;
use crate::threads::judge_short_lived;

const TOTAL: f64 = 0.05;
/// The kernel divides CPU time into its own and the program's by what it finds at its ticks.
const KERNEL_BY_RUSAGE: f64 = 0.10;

/// Runs it; the profile holds all of the CPU time, but for this share, and `further` looks at what else it is to show.
fn true_total(what: &str, within: f64, case: Case, further: impl Fn(&Run)) {
    case.judge(|run| {
        let back_end = run.truth.back_end.as_deref().unwrap();
        println!("{what}: {back_end}; {:?}", run.truth.refusals);
        compare_total(what, back_end, run, within);
        further(run);
    });
}

#[test]
fn perf_event_refused_by_a_filter() {
    let _alone = alone();
    for program in ["split", "faults"] {
        let case = Case::new(program).with("--deny", "perf_event_open");
        true_total("refused by seccomp", TOTAL, case, |run| {
            assert_eq!(run.truth.back_end.as_deref(), Some(THREAD_TIMER));
            let why = run.truth.refusals.join("\n");
            assert!(why.contains("perf_event"), "{why}");
        });
    }
}

#[test]
fn perf_event_and_reading_memory_refused() {
    let _alone = alone();
    let case = Case::new("split")
        .with("--deny", "perf_event_open")
        .with("--deny", "process_vm_readv");
    true_total("no perf_event, no process_vm_readv", TOTAL, case, |_| ());
}

#[test]
fn nothing_runs_and_the_program_does() {
    let _alone = alone();
    let case = Case::new("split")
        .with("--deny", "perf_event_open")
        .with("--deny", "timer_create");
    let run = case.run();
    assert_eq!(run.truth.back_end, None);
    let why = run.truth.refusals.join("\n");
    assert!(
        why.contains("perf_event") && why.contains("timer_create"),
        "{why}"
    );
    assert!(run.truth.functions["ninety"] > 0.0);
}

/// A user without rights: kernel time is not sampled, but accounted for.
#[test]
fn a_user_without_rights() {
    let _alone = alone();
    if !is_root() {
        eprintln!("SKIPPED: only root can become another user");
        return;
    }
    let with_perf_event = back_ends().contains(&PERF_EVENT);
    for program in ["split", "faults", "syscalls"] {
        let case = Case::new(program).without_rights();
        true_total("without rights", KERNEL_BY_RUSAGE, case, |run| {
            if !with_perf_event || run.truth.back_end.as_deref() != Some(PERF_EVENT) {
                return;
            }
            let seen = run.seen();
            let hidden = seen.seconds(|sample| {
                let names = |at: &u32| &seen.profile.locations[*at as usize].lines;
                let mut lines = sample.locations.iter().flat_map(names);
                lines.any(|line| {
                    seen.profile.functions[line.function as usize].name == "[kernel (not sampled)]"
                })
            });
            println!("{program}: {hidden:.3} s in the kernel, not sampled");
            if program != "split" {
                assert!(hidden > 0.1 * run.truth.cpu_seconds, "{program}: {hidden}");
            }
        });
    }
}

#[test]
fn little_memory_may_be_locked() {
    let _alone = alone();
    if !is_root() {
        eprintln!("SKIPPED: only root can become another user, whose limit counts");
        return;
    }
    let case = Case::new("split")
        .without_rights()
        .with("--memlock", "65536");
    true_total("RLIMIT_MEMLOCK 64 KiB", TOTAL, case, |_| ());
}

#[test]
fn few_files_may_be_open() {
    let _alone = alone();
    let case = Case::new("alternating").with("--nofile", "64");
    true_total("RLIMIT_NOFILE 64", TOTAL, case, |_| ());
    let run = Case::new("many").with("--nofile", "64").seconds(5.0).run();
    println!("1,000 threads, RLIMIT_NOFILE 64; {:?}", run.truth.refusals);
    judge_short_lived(&run);
    let why = run.truth.refusals.join("\n");
    assert!(
        run.truth.back_end.as_deref() == Some(PERF_EVENT) || why.contains("descriptor"),
        "{why}"
    );
}
