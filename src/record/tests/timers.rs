//! What a timer records.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::*;
use crate::clock::Moment;

#[test]
fn outcomes_are_told_apart() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    drop(search.start());
    search.start().end(Outcome::Cancelled);
    let _ = search.measure_result(|| Err::<(), _>("no"));
    drop(search.start().drop_as(Outcome::Error));
    let panicked = catch_unwind(AssertUnwindSafe(|| search.measure(|| panic!("on purpose"))));
    assert!(panicked.is_err());
    let seen = only(&recorder);
    assert_eq!(
        (seen.ok.count(), seen.error.count(), seen.cancelled.count()),
        (1, 3, 1)
    );
}

#[test]
fn latency_counts_from_the_intended_start() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    // A moment long past would be before the clock's start; a future one is a request that started early.
    let due = Moment::now();
    while due.elapsed() < Duration::from_millis(2) {
        std::hint::spin_loop();
    }
    drop(search.start_since(due));
    let seen = only(&recorder);
    assert!(seen.ok.max() >= Some(Duration::from_millis(2)));
    assert_eq!((seen.count(), seen.service.count()), (1, 1));
    assert!(seen.service.max() < seen.ok.max());
}

#[test]
fn one_in_n_counts_all_and_times_its_share() {
    let recorder = Recorder::new(10);
    let hot = recorder.operation("distance").timed_one_in(16);
    (0..160_000).for_each(|_| hot.measure(|| ()));
    let seen = only(&recorder);
    assert_eq!(seen.count(), 160_000);
    let timed = seen.ok.count();
    assert!((9_500..10_500).contains(&timed), "{timed} of 10,000");
}

#[test]
fn one_in_n_beats_against_no_period() {
    let recorder = Recorder::new(10);
    let hot = recorder.operation("distance").timed_one_in(8);
    let mut timed_in_phase = [0_u64; 8];
    for i in 0..80_000 {
        let before = hot.core.as_ref().map_or(0, |core| core.shard().0.untimed());
        drop(hot.start());
        let after = hot.core.as_ref().map_or(0, |core| core.shard().0.untimed());
        timed_in_phase[i % 8] += u64::from(before == after);
    }
    // Of 1,250 expected in each phase; a fixed gap of 8 puts all 10,000 into one.
    assert!(
        timed_in_phase
            .iter()
            .all(|timed| (1_000..1_500).contains(timed)),
        "{timed_in_phase:?}"
    );
}

#[test]
fn one_in_absurdly_many_is_safe() {
    let recorder = Recorder::new(10);
    for n in [0, 1, u32::MAX] {
        (0..10).for_each(|_| recorder.operation("hot").timed_one_in(n).measure(|| ()));
    }
    assert_eq!(only(&recorder).count(), 30);
}

#[test]
fn a_timer_started_while_unwinding_ends_as_it_says() {
    struct Cleanup<'a>(&'a Operation);
    impl Drop for Cleanup<'_> {
        fn drop(&mut self) {
            self.0.measure(|| ());
        }
    }
    let recorder = Recorder::new(10);
    let cleanup = recorder.operation("cleanup");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _cleanup = Cleanup(&cleanup);
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    assert_eq!(
        (only(&recorder).ok.count(), only(&recorder).error.count()),
        (1, 0)
    );
}

#[test]
fn timers_of_one_thread_nest() {
    let recorder = Recorder::new(10);
    let (outer, inner) = (recorder.operation("outer"), recorder.operation("inner"));
    let first = outer.start();
    let second = outer.start();
    inner.measure(|| outer.measure(|| ()));
    drop(first);
    drop(second);
    let counts: Vec<_> = recorder
        .operations()
        .iter()
        .map(OperationSnapshot::count)
        .collect();
    assert_eq!(counts, [3, 1]);
}

#[test]
fn a_request_that_starts_early_is_as_long_as_its_service() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    drop(search.start_since(Moment::now() + Duration::from_secs(3600)));
    let seen = only(&recorder);
    assert_eq!(seen.ok, seen.service);
}

#[test]
fn off_records_nothing() {
    let off = Operation::off();
    assert_eq!(off.measure(|| 7), 7);
    off.record(Duration::MAX, Outcome::Error);
    off.record_recall(1, 2);
    let one_in_three = off.timed_one_in(3);
    let mut timer = one_in_three.start_since(Moment::now());
    timer.add(off.counter("hops"), 1);
    timer.end(Outcome::Cancelled);
    assert_eq!(off.name(), "");
}
