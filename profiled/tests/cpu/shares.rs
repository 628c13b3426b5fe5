//! Programs whose split is known: the profile shows it, and holds all of the CPU time.

use crate::case::{Case, PERF_EVENT, Run, THREAD_TIMER, TICKER, alone, back_ends};

/// A wrong verdict by chance less than once in 10^6 of the 100 comparisons of a run.
const SIGMAS: f64 = 6.0;
const POINTS: f64 = 0.02;
/// Signals of the ticker come when a thread leaves the kernel.
const TICKER_POINTS: f64 = 0.06;
/// With signals, a library that takes another's place is noticed at the next drain: samples since then have the other's
/// names.
const CHANGE_POINTS: f64 = 0.10;
/// What the profile may lack or have too much of the CPU time: what we promise, and, for the ticker, twice as much: it
/// looks at a thread when it comes to run itself, which on a busy machine is late.
const TOTAL: f64 = 0.05;
const TICKER_TOTAL: f64 = 0.10;

/// Runs `program` with each back end and compares all shares and the total; `further` looks at what else it is to show.
fn compare(program: &'static str, further: impl Fn(&'static str, &Run)) {
    let _alone = alone();
    for back_end in back_ends() {
        let seconds = if back_end == THREAD_TIMER { 2.0 } else { 1.2 };
        let total = if back_end == TICKER {
            TICKER_TOTAL
        } else {
            TOTAL
        };
        let case = Case::new(program).back_end(back_end).seconds(seconds);
        case.judge(|run| {
            compare_total(program, back_end, run, total);
            compare_shares(program, back_end, run);
            further(back_end, run);
        });
    }
}

/// For a program that shows nothing else.
fn nothing_else(_: &'static str, _: &Run) {}

/// The profile's total against getrusage.
pub(crate) fn compare_total(program: &str, back_end: &str, run: &Run, within: f64) {
    let seen = run.seen();
    let ratio = seen.cpu_seconds() / run.truth.cpu_seconds;
    let stolen = run.stolen_share();
    println!(
        "{program} {back_end}: {ratio:.3} of the CPU time by getrusage; {:.1} % stolen",
        100.0 * stolen
    );
    assert!(
        (ratio - 1.0).abs() <= within + stolen,
        "{program} {back_end}: the profile holds {:.3} s, getrusage says {:.3} s",
        seen.cpu_seconds(),
        run.truth.cpu_seconds,
    );
}

fn compare_shares(program: &str, back_end: &str, run: &Run) {
    let (seen, truth) = (run.seen(), &run.truth);
    let known: Vec<&str> = truth.functions.keys().map(String::as_str).collect();
    let by_function = seen.by_function(&known);
    let all: f64 = by_function.values().sum();
    let n = truth.samples as f64;
    let points = match (program, back_end) {
        ("plugins", THREAD_TIMER | TICKER) => CHANGE_POINTS,
        (_, TICKER) => TICKER_POINTS,
        _ => POINTS,
    };
    for function in known {
        let share = by_function.get(function).copied().unwrap_or_default() / all;
        let expected = truth.share(function);
        let sigma = (expected * (1.0 - expected) / n).sqrt();
        let off = (share - expected).abs();
        println!(
            "{program} {back_end}: {function} {:.2} %, in truth {:.2} %; 3 σ + 2 points: {}",
            100.0 * share,
            100.0 * expected,
            if off <= 3.0 * sigma + POINTS {
                "within"
            } else {
                "OUTSIDE"
            },
        );
        assert!(
            off <= SIGMAS * sigma + points,
            "{program} {back_end}: {function} {share:.4}, in truth {expected:.4}, σ {sigma:.4}",
        );
    }
}

#[test]
fn ninety_nine_and_one() {
    compare("split", nothing_else);
}

#[test]
fn inlined_functions_are_told_apart_inside_their_caller() {
    compare("inlined", |back_end, run| {
        let seen = run.seen();
        let inside = |sample: &_| {
            seen.function(sample, &["inlined_more", "inlined_less"])
                .is_some()
        };
        let both =
            |sample: &_| inside(sample) && seen.stack(sample).any(|name| name == "around_both");
        let (all, around) = (seen.seconds(inside), seen.seconds(both));
        assert!(around >= 0.99 * all, "{back_end}: {around} of {all}");
    });
}

#[test]
fn recursion_shows_every_frame() {
    compare("recursion", |back_end, run| {
        let depth = run.truth.fact("depth") as usize;
        let seen = run.seen();
        let bottom = |sample: &_| seen.function(sample, &["at_the_bottom"]).is_some();
        let frames = |sample: &_| seen.stack(sample).filter(|name| *name == "descend").count();
        let whole = |sample: &_| bottom(sample) && frames(sample) == depth;
        let (all, whole) = (seen.seconds(bottom), seen.seconds(whole));
        assert!(whole >= 0.99 * all, "{back_end}: {whole} of {all}");
    });
}

#[test]
fn cpp_without_frame_pointers_and_its_exceptions() {
    compare("cpp", |back_end, run| {
        let seen = run.seen();
        let distance = |sample: &_| seen.stack(sample).next() == Some("cpp_distance");
        let from_main =
            |sample: &_| distance(sample) && seen.stack(sample).any(|name| name == "main");
        let (all, rooted) = (seen.seconds(distance), seen.seconds(from_main));
        assert!(
            rooted >= 0.99 * all && all > 0.1,
            "{back_end}: {rooted} of {all}"
        );
    });
}

#[test]
fn the_c_library_and_its_callbacks() {
    compare("libc", |back_end, run| {
        let seen = run.seen();
        let callback = seen.seconds(|sample| seen.stack(sample).next() == Some("compare"));
        assert!(callback > 0.0, "{back_end}: qsort's callback is not seen");
    });
}

#[test]
fn system_calls() {
    compare("syscalls", nothing_else);
}

#[test]
fn page_faults() {
    compare("faults", nothing_else);
}

#[test]
fn libraries_that_take_turns_at_the_same_addresses() {
    compare("plugins", |_, run| {
        println!(
            "plugins: {} different addresses",
            run.truth.fact("addresses")
        );
    });
}

/// What was asked for is what comes, with perf_event.
#[test]
fn delivered_samples() {
    const AT_LEAST: f64 = 0.9;
    compare("alternating", |back_end, run| {
        let delivered = run.truth.samples as f64 / (run.truth.cpu_seconds * run.truth.asked_rate);
        println!("{back_end}: delivered / asked {delivered:.3}");
        if back_end == PERF_EVENT {
            assert!(delivered >= AT_LEAST - run.stolen_share(), "{delivered}");
        }
    });
}
