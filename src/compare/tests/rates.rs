//! How often a comparison is right: of equals, of slower ones, of worse ones, on noise of several shapes and on recorded noise.
//!
//! A few of each by default; a thousand with
//! `cargo test --release -p vecperf --lib compare -- --include-ignored --nocapture`, on recorded noise alone with `recorded` for
//! `compare`.

use super::recorded::{Recording, recordings};
use super::synthetic::{ALL, Noise, QUIET, normal, run};
use crate::compare::random::Random;
use crate::compare::{Comparison, Judgement, Metric, Options, compare};
use crate::report::Report;

/// Of so many comparisons, how many came to what by a metric, and in all.
#[derive(Default)]
struct Rates {
    regressed: usize,
    of_metric: usize,
    passed: usize,
    all: usize,
}

impl Rates {
    fn percent(&self, count: usize) -> f64 {
        100.0 * count as f64 / self.all as f64
    }

    fn add(&mut self, comparison: &Comparison, metric: Metric) {
        let of = |judgement: Judgement| {
            let mut changes = comparison.changes.iter();
            changes.any(|it| it.metric == metric && it.judgement == judgement)
        };
        self.all += 1;
        self.regressed += usize::from(comparison.judgement == Judgement::Regressed);
        self.of_metric += usize::from(of(Judgement::Regressed));
        self.passed += usize::from(of(Judgement::Same));
    }

    /// Of pairs of sides that `side` makes, with this factor and recall.
    fn of(
        all: usize,
        seed: u64,
        metric: Metric,
        worse: (f64, f64),
        mut side: impl FnMut(&mut Random, f64, f64) -> Vec<Report>,
    ) -> Self {
        let mut rates = Self::default();
        for at in 0..all {
            let mut random = Random::new(1 + at as u64 + seed * 1_000_003);
            let base = side(&mut random, 1.0, 0.95);
            let new = side(&mut random, worse.0, worse.1);
            let (base, new): (Vec<_>, Vec<_>) = (base.iter().collect(), new.iter().collect());
            rates.add(&compare(&base, &new, Options::default()), metric);
        }
        rates
    }
}

fn synthetic(
    noise: Noise,
    all: usize,
    runs: usize,
    worse: (f64, f64),
    spread: f64,
    metric: Metric,
) -> Rates {
    Rates::of(
        all,
        noise as u64,
        metric,
        worse,
        |random, factor, recall| {
            let one = |_| {
                let shift = spread * normal(random);
                run(noise, random, factor, recall, shift)
            };
            (0..runs).map(one).collect()
        },
    )
}

fn equals(all: usize) {
    let (mut regressed, mut compared) = (0, 0);
    for (runs, spread) in [(1, 0.0), (3, 0.01)] {
        for noise in ALL {
            let rates = synthetic(noise, all, runs, (1.0, 0.95), spread, Metric::LatencyP50);
            println!(
                "A/A {noise:?}, {runs} a side: regressed {:.1} %, p50 same {:.1} %",
                rates.percent(rates.regressed),
                rates.percent(rates.passed)
            );
            regressed += rates.regressed;
            compared += all;
            assert!(
                rates.percent(rates.regressed) <= 1.0 || rates.regressed <= 1,
                "{noise:?}: {}",
                rates.regressed
            );
        }
    }
    assert!(100 * regressed <= compared, "{regressed} of {compared}");
}

fn slower(all: usize) {
    for noise in QUIET {
        let rates = synthetic(noise, all, 1, (1.05, 0.95), 0.0, Metric::LatencyP50);
        let found = rates.percent(rates.of_metric);
        println!("+5 % {noise:?}: p50 regressed {found:.1} %");
        // Of a few pairs one may be among the twentieth.
        let missed = rates.all - rates.of_metric;
        assert!(found >= 95.0 || missed <= 1, "{noise:?}: {found}");
    }
}

fn worse_recall(all: usize) {
    let rates = synthetic(Noise::Normal, all, 1, (1.0, 0.94), 0.0, Metric::Recall);
    let found = rates.percent(rates.of_metric);
    println!("−1 point of recall: regressed {found:.1} %");
    assert!(found >= 95.0, "{found}");
}

fn wide(all: usize) {
    for factor in [1.0, 1.05] {
        let rates = synthetic(Noise::Wild, all, 1, (factor, 0.95), 0.0, Metric::LatencyP50);
        println!(
            "wild ×{factor}: p50 same {:.1} %",
            rates.percent(rates.passed)
        );
        assert_eq!(rates.passed, 0, "a wide interval is no pass");
    }
}

/// Sides of so many runs, drawn from the recordings of this kind: one run a side, both from the same one; several from one
/// each, as no run of a program is another's copy, as long as there are enough.
fn recorded(kind: &str, all: usize, runs: usize, worse: (f64, f64), metric: Metric) -> Rates {
    let recordings = recordings(kind);
    let mut turn = 0;
    let mut left: Vec<usize> = Vec::new();
    Rates::of(all, runs as u64, metric, worse, |random, factor, recall| {
        turn += 1;
        if turn % 2 == 1 {
            left.clear();
        }
        let mut one = |_| {
            if left.is_empty() {
                left.extend(0..recordings.len());
            }
            let at = match runs {
                1 => (turn - 1) / 2 % recordings.len(),
                _ => left.swap_remove(random.below(left.len())),
            };
            recordings[at].drawn(random, factor, recall)
        };
        (0..runs).map(&mut one).collect()
    })
}

const KINDS: [&str; 3] = ["shared", "first", "quiet"];

fn recorded_equals(all: usize) {
    for kind in KINDS {
        for runs in [1, 3] {
            let rates = recorded(kind, all, runs, (1.0, 0.95), Metric::LatencyP50);
            println!(
                "A/A recorded {kind}, {runs} a side: regressed {:.1} %, p50 same {:.1} %",
                rates.percent(rates.regressed),
                rates.percent(rates.passed)
            );
            // One in a hundred, and what so many comparisons of that may show by chance; of a few none.
            let expected = 0.01 * all as f64;
            let most = if all < 100 {
                0.0
            } else {
                expected + 3.0 * expected.sqrt()
            };
            assert!(
                rates.regressed as f64 <= most,
                "{kind}: {}",
                rates.regressed
            );
        }
    }
}

fn recorded_slower(all: usize, runs: &[usize]) {
    for kind in KINDS {
        for &runs in runs {
            let rates = recorded(kind, all, runs, (1.05, 0.95), Metric::LatencyP50);
            println!(
                "+5 % recorded {kind}, {runs} a side: p50 regressed {:.1} %, same {:.1} %",
                rates.percent(rates.of_metric),
                rates.percent(rates.passed)
            );
            assert!(
                rates.percent(rates.passed) <= 1.0,
                "{kind}, {runs}: no pass"
            );
        }
    }
}

fn recorded_worse_recall(all: usize) {
    for kind in KINDS {
        let rates = recorded(kind, all, 1, (1.0, 0.94), Metric::Recall);
        let found = rates.percent(rates.of_metric);
        println!("−1 point of recall, recorded {kind}: regressed {found:.1} %");
        assert!(found >= 95.0, "{kind}: {found}");
    }
}

/// Each recording with each other of its kind, as they are.
fn recorded_pairs() {
    for kind in KINDS {
        let recordings = recordings(kind);
        let mut random = Random::new(1);
        let mut whole = |it: &Recording| it.whole(&mut random, 0.95);
        let reports: Vec<_> = recordings.iter().map(&mut whole).collect();
        let mut rates = Rates::default();
        for (at, base) in reports.iter().enumerate() {
            let others = reports.iter().enumerate().filter(|it| it.0 != at);
            for (_, new) in others {
                let comparison = compare(&[base], &[new], Options::default());
                rates.add(&comparison, Metric::LatencyP50);
            }
        }
        println!(
            "{} pairs of recordings {kind}: regressed {}, p50 regressed {}, p50 same {}",
            rates.all, rates.regressed, rates.of_metric, rates.passed
        );
        assert_eq!(rates.regressed, 0, "{kind}");
    }
}

#[test]
fn equals_are_not_taken_for_worse() {
    equals(1);
}

#[test]
fn five_percent_slower_is_found() {
    slower(3);
}

#[test]
fn a_point_of_recall_is_found_and_a_wide_interval_is_no_pass() {
    worse_recall(2);
    wide(2);
}

#[test]
fn on_recorded_noise_equals_are_not_taken_for_worse_and_a_point_of_recall_is_found() {
    recorded_pairs();
    recorded_equals(4);
    recorded_worse_recall(2);
}

#[test]
#[ignore = "half an hour in a release build: see the top of this file"]
fn a_thousand_of_each() {
    slower(1000);
    worse_recall(200);
    wide(200);
    equals(1000);
}

#[test]
#[ignore = "ten minutes in a release build: see the top of this file"]
fn a_thousand_of_each_on_recorded_noise() {
    recorded_pairs();
    recorded_worse_recall(200);
    recorded_slower(200, &[1, 3, 10]);
    recorded_equals(1000);
}
