//! Names, limits, counters, gauges, recall, call sites.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::*;

/// One monitor is installed in a process: tests that install one must not overlap.
fn installing() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn beyond_the_limit_the_sum_stays_exact() {
    let recorder = Recorder::new(5);
    for i in 0..50 {
        recorder
            .operation(&format!("operation {i}"))
            .record(Duration::from_nanos(1), Outcome::Ok);
    }
    let seen = recorder.operations();
    assert_eq!(seen.len(), 6);
    assert_eq!(seen[5].name, "(other operations)");
    assert_eq!(seen.iter().map(OperationSnapshot::count).sum::<u64>(), 50);
    assert_eq!(recorder.self_cost().overflowed, 45);
}

#[test]
fn work_given_to_a_wrong_counter_is_seen() {
    let recorder = Recorder::new(10);
    let (search, insert) = (recorder.operation("search"), recorder.operation("insert"));
    let (mine, other) = (search.counter("hops"), insert.counter("hops"));
    let mut timer = search.start();
    timer.add(mine, 3);
    timer.add(other, 100);
    timer.add(Operation::off().counter("hops"), 20);
    drop(timer);
    let counters = only(&recorder).counters;
    let seen: Vec<_> = counters
        .iter()
        .map(|counter| (counter.name.as_str(), counter.total))
        .collect();
    assert_eq!(seen, [("hops", 3), ("(other counters)", 120)]);
    assert_eq!(recorder.operations()[1].counters[0].total, 0);
}

#[test]
fn the_seventeenth_counter_shares_one_with_those_after_it() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    let counters: Vec<_> = (0..20)
        .map(|i| search.counter(&format!("counter {i}")))
        .collect();
    let mut timer = search.start();
    counters.iter().for_each(|counter| timer.add(*counter, 1));
    drop(timer);
    let seen = only(&recorder).counters;
    assert_eq!(seen.len(), 17);
    assert!(seen[..16].iter().all(|counter| counter.total == 1));
    assert_eq!(
        (seen[16].name.as_str(), seen[16].total),
        ("(other counters)", 4)
    );
}

#[test]
fn long_and_strange_names_are_kept_short() {
    let recorder = Recorder::new(10);
    let long = "ä".repeat(1_000_000);
    let operation = recorder.operation(&long);
    assert_eq!(operation.name().len(), 254);
    recorder.operation("").record(Duration::ZERO, Outcome::Ok);
    assert_eq!(recorder.operations().len(), 2);
}

#[test]
fn call_sites_follow_the_installed_recorder() {
    static SITE: CallSite = CallSite::new("search");
    let _alone = installing();
    drop(SITE.start());
    let (first, second) = (Arc::new(Recorder::new(10)), Arc::new(Recorder::new(10)));
    Recorder::install(&first);
    drop(SITE.start());
    Recorder::install(&second);
    drop(SITE.start());
    SITE.handle().record(Duration::ZERO, Outcome::Ok);
    Recorder::uninstall(&first); // not the installed one: nothing changes
    drop(SITE.start());
    Recorder::uninstall(&second);
    drop(SITE.start());
    assert_eq!((only(&first).count(), only(&second).count()), (1, 3));
}

#[test]
fn recall_is_estimated_from_what_was_recorded() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    (0..90).for_each(|_| search.record_recall(10, 10));
    (0..10).for_each(|_| search.record_recall(5, 10));
    search.record_recall(1, 0);
    search.record_recall(u32::MAX, u32::MAX);
    let recall = only(&recorder).recall().unwrap();
    assert_eq!((recall.k, recall.queries), (10, 100));
    assert!((recall.mean - 0.95).abs() < 1e-9);
}

#[test]
fn recall_is_that_of_the_k_judged_most() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    // Absurdly many k's must not take memory for each.
    for k in 1..5_000 {
        search.record_recall(1, k);
    }
    (0..9).for_each(|_| search.record_recall(2, 4));
    let recall = only(&recorder).recall().unwrap();
    assert_eq!((recall.k, recall.queries), (4, 10));
}

#[test]
fn gauges_keep_the_last_value_and_count_against_the_limit() {
    let recorder = Recorder::new(2);
    let vectors = recorder.gauge("vectors");
    recorder.gauge("never_set");
    vectors.set(5.0);
    recorder.gauge("vectors").set(7.0);
    recorder.gauge("one_too_many").set(1.0);
    recorder
        .operation("search")
        .record(Duration::ZERO, Outcome::Ok);
    let seen: Vec<_> = recorder
        .gauges()
        .into_iter()
        .map(|gauge| (gauge.name, gauge.value))
        .collect();
    assert_eq!(
        seen,
        [
            ("vectors".to_owned(), 7.0),
            ("(other gauges)".to_owned(), 1.0)
        ]
    );
    assert_eq!(recorder.self_cost().overflowed, 1);
}

#[test]
fn the_overflow_operations_name_is_no_second_series() {
    let recorder = Recorder::new(1);
    recorder
        .operation("(other operations)")
        .record(Duration::ZERO, Outcome::Ok);
    recorder.operation("a").record(Duration::ZERO, Outcome::Ok);
    recorder.operation("b").record(Duration::ZERO, Outcome::Ok);
    let seen: Vec<_> = recorder
        .operations()
        .into_iter()
        .map(|seen| (seen.name.clone(), seen.count()))
        .collect();
    assert_eq!(
        seen,
        [("a".to_owned(), 1), ("(other operations)".to_owned(), 2)]
    );
}

#[test]
fn a_call_site_outlives_its_monitor() {
    static SITE: CallSite = CallSite::new("search");
    let recorder = Arc::new(Recorder::new(10));
    let _alone = installing();
    Recorder::install(&recorder);
    let (timer, handle) = (SITE.start(), SITE.handle());
    Recorder::uninstall(&recorder);
    drop(recorder);
    drop(timer);
    handle.record(Duration::ZERO, Outcome::Ok);
    assert_eq!(SITE.handle().name(), "");
}
