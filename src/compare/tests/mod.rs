//! What a comparison says of reports made for it; how often it is right is told by `rates`.

mod rates;
mod recorded;
mod synthetic;

use std::collections::BTreeMap;

use super::random::Random;
use super::*;
use crate::report::Distribution;
use synthetic::{Noise, normal, run};

#[test]
fn reports_without_blocks_need_several_runs() {
    let mut random = Random::new(7);
    let mut old = |factor| {
        let shift = 0.002 * normal(&mut random);
        let mut report = run(Noise::Normal, &mut random, factor, 0.95, shift);
        report.phases[0].blocks.clear();
        report
    };
    let (base, new): (Vec<_>, Vec<_>) = (0..5).map(|_| (old(1.0), old(1.2))).unzip();
    let one = compare(&[&base[0]], &[&new[0]], Options::default());
    let p50 = |of: &Comparison| {
        of.changes
            .iter()
            .find(|it| it.metric == Metric::LatencyP50)
            .cloned()
            .unwrap()
    };
    assert_eq!(p50(&one).judgement, Judgement::Inconclusive);
    assert!(p50(&one).reason.unwrap().contains("blocks"));
    let (base, new): (Vec<_>, Vec<_>) = (base.iter().collect(), new.iter().collect());
    let many = compare(&base, &new, Options::default());
    assert_eq!(
        p50(&many).judgement,
        Judgement::Regressed,
        "{:?}",
        p50(&many)
    );
}

#[test]
fn blocks_in_which_nothing_ended_leave_the_others() {
    let mut random = Random::new(11);
    let mut with_empty = |factor, is_empty: fn(usize) -> bool| {
        let mut report = run(Noise::Normal, &mut random, factor, 0.95, 0.0);
        let blocks = report.phases[0].blocks.iter_mut().enumerate();
        let empty = blocks.filter(|it| is_empty(it.0));
        empty.for_each(|(_, block)| block.operations.clear());
        report
    };
    let latency = |base: &Report, new: &Report| {
        let changes = compare(&[base], &[new], Options::default()).changes;
        let found = changes.iter().find(|it| it.metric == Metric::LatencyMean);
        found.cloned().unwrap()
    };
    let whole = with_empty(1.0, |_| false);
    let found = latency(&whole, &with_empty(1.2, |at| at == 7));
    assert_eq!(found.judgement, Judgement::Regressed, "{found:?}");
    let found = latency(&whole, &with_empty(1.0, |at| at == 7));
    assert_eq!(found.judgement, Judgement::Same, "{found:?}");
    let found = latency(&whole, &with_empty(1.0, |at| at >= 5));
    assert_eq!(found.judgement, Judgement::Inconclusive, "{found:?}");
    assert!(found.reason.unwrap().contains("it ended in fewer than 6"));
}

/// One run says nothing of how runs differ, and on a host that others use they differ much.
#[test]
fn on_a_shared_host_one_run_a_side_needs_a_large_change() {
    let mut random = Random::new(13);
    let mut of = |factor, stolen| {
        let mut report = run(Noise::Normal, &mut random, factor, 0.95, 0.0);
        let used = &mut report.phases[0].resources;
        used.cpu_interference.steal_percent = Some(stolen);
        report
    };
    let mut p50 = |factor, stolen, runs: usize| {
        let (base, new): (Vec<_>, Vec<_>) = (0..runs)
            .map(|_| (of(1.0, 0.0), of(factor, stolen)))
            .unzip();
        let (base, new): (Vec<_>, Vec<_>) = (base.iter().collect(), new.iter().collect());
        let mut changes = compare(&base, &new, Options::default()).changes;
        changes.retain(|it| it.metric == Metric::LatencyP50);
        let found = changes.remove(0);
        (found.judgement, found.reason.is_some())
    };
    assert_eq!(p50(1.2, 0.0, 1), (Judgement::Regressed, false));
    assert_eq!(p50(1.2, 2.0, 1), (Judgement::Inconclusive, true));
    assert_eq!(p50(2.0, 2.0, 1), (Judgement::Regressed, true));
    assert_eq!(p50(1.2, 2.0, 3), (Judgement::Regressed, false));
}

#[test]
fn at_equal_recall_a_slower_curve_is_seen() {
    let mut random = Random::new(9);
    let mut setting = |ef: u32, factor: f64, recall: f64| {
        let mut report = run(Noise::Normal, &mut random, factor, recall, 0.0);
        report.workload = Some(crate::report::Workload {
            parameters: BTreeMap::from([("ef_search".to_owned(), ef.to_string())]),
            ..Default::default()
        });
        report
    };
    let base = [
        setting(32, 1.0, 0.90),
        setting(64, 1.6, 0.96),
        setting(128, 2.8, 0.99),
    ];
    let new = [
        setting(40, 1.5, 0.91),
        setting(80, 2.5, 0.97),
        setting(160, 4.4, 0.992),
    ];
    let comparison = compare(&base.each_ref(), &new.each_ref(), Options::default());
    let at_recall: Vec<_> = comparison
        .changes
        .iter()
        .filter(|it| {
            it.setting.as_ref().is_some_and(|it| it.contains("recall"))
                && it.metric == Metric::LatencyP50
        })
        .collect();
    assert!(
        !at_recall.is_empty()
            && at_recall
                .iter()
                .all(|it| it.judgement == Judgement::Regressed),
        "{comparison:#?}"
    );
}

/// Two settings a side, with two runs of each and no blocks: few degrees of freedom make a wide interval.
#[test]
fn at_equal_recall_two_runs_are_not_many() {
    let mut random = Random::new(9);
    let mut runs = |factor: f64, each: usize| -> Vec<Report> {
        let mut all = Vec::new();
        for (ef, cost, recall) in [(32, 1.0, 0.90), (128, 2.8, 0.99)] {
            for at in 0..each {
                // As far apart as they say nothing of 15 %, by two.
                let shift = 0.01 * (at % 2) as f64;
                let mut report = run(Noise::Normal, &mut random, cost * factor, recall, shift);
                report.phases[0].blocks.clear();
                report.workload = Some(crate::report::Workload {
                    parameters: BTreeMap::from([("ef_search".to_owned(), format!("{ef}"))]),
                    ..Default::default()
                });
                all.push(report);
            }
        }
        all
    };
    let mut judged = |each: usize| {
        let (base, new) = (runs(1.0, each), runs(1.15, each));
        let (base, new): (Vec<_>, Vec<_>) = (base.iter().collect(), new.iter().collect());
        let mut changes = compare(&base, &new, Options::default()).changes;
        changes.retain(|it| {
            it.metric == Metric::LatencyP50 && it.setting.as_ref().unwrap().contains("recall")
        });
        assert!(!changes.is_empty());
        assert!(
            changes
                .iter()
                .all(|it| it.operation.as_deref() == Some("search"))
        );
        changes
    };
    let two = judged(2);
    let open = |it: &Change| it.judgement == Judgement::Inconclusive;
    assert!(two.iter().all(open), "{two:#?}");
    let many = judged(8);
    let seen = |it: &Change| it.judgement == Judgement::Regressed;
    assert!(many.iter().any(seen), "{many:#?}");
}

#[test]
fn one_run_a_side_is_told_and_also_of_each_of_several_settings() {
    let mut random = Random::new(5);
    let mut at = |ef: u32| {
        let mut report = run(Noise::Normal, &mut random, 1.0, 0.95, 0.0);
        report.workload = Some(crate::report::Workload {
            parameters: BTreeMap::from([("ef_search".to_owned(), ef.to_string())]),
            ..Default::default()
        });
        report
    };
    let runs = [at(32), at(64), at(32), at(64)];
    let [one, two, three, four] = runs.each_ref();
    let is_told = |base: &[&Report], new: &[&Report]| {
        let notes = compare(base, new, Options::default()).notes;
        notes.iter().any(|it| it.starts_with("one run a side"))
    };
    assert!(is_told(&[one], &[three]));
    assert!(is_told(&[one, two], &[three, four]));
    assert!(!is_told(&[one, three], &[one, three]));
}

#[test]
fn nothing_on_a_side_is_no_pass() {
    let comparison = compare(&[], &[], Options::default());
    assert_eq!(comparison.judgement, Judgement::Inconclusive);
    assert!(!comparison.notes.is_empty());
}

#[test]
fn any_number_a_file_may_hold_is_survived() {
    let mut random = Random::new(3);
    let mut report = run(Noise::Normal, &mut random, 1.0, 0.95, 0.0);
    for number in [f64::NAN, f64::INFINITY, -1.0, 0.0, f64::MAX] {
        let operation = &mut report.phases[0].operations[0];
        operation.latency = operation.latency.clone().map(|it| Distribution {
            mean_seconds: number,
            buckets: vec![(i32::MIN, u64::MAX), (i32::MAX, u64::MAX)],
            ..it
        });
        report.phases[0].duration_seconds = number;
        for block in &mut report.phases[0].blocks {
            (block.duration_seconds, block.cpu_seconds) = (number, Some(number));
            block.operations[0].sum_seconds = number;
        }
        let comparison = compare(&[&report], &[&report], Options::default());
        assert!(
            comparison.judgement != Judgement::Regressed,
            "{comparison:?}"
        );
        // A number that JSON has no word for would be null where none may be, and not come back.
        let json = serde_json::to_string(&comparison).unwrap();
        assert!(serde_json::from_str::<Comparison>(&json).is_ok(), "{json}");
    }
}
