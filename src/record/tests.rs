//! Recording under threads: exact, bounded, nothing lost.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Barrier, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use super::*;
use crate::clock::Moment;
use crate::snapshot::OperationSnapshot;

/// Slots are process-wide: tests that use many threads must not overlap.
static MANY_THREADS: Mutex<()> = Mutex::new(());

fn only(recorder: &Recorder) -> OperationSnapshot {
    recorder.operations().remove(0)
}

#[test]
fn short_threads_lose_nothing_and_share_slots() {
    let _alone = MANY_THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    let distances = search.counter("distance_computations");
    for _ in 0..100 {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for ns in 0..500 {
                        search.record(Duration::from_nanos(ns), Outcome::Ok);
                        let mut timer = search.start();
                        timer.add(distances, 2);
                        timer.discard();
                    }
                });
            }
        });
    }
    let seen = only(&recorder);
    assert_eq!(seen.count(), 400_000);
    assert_eq!(seen.ok.sum(), Duration::from_nanos(800 * (499 * 500 / 2)));
    assert_eq!(seen.counters[0].total, 800_000);
    let bytes = recorder.self_cost().bytes;
    assert!(
        bytes < 1_000_000,
        "800 threads, 8 at a time, hold {bytes} bytes"
    );
}

#[test]
fn more_threads_than_slots_share_one() {
    let _alone = MANY_THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    let threads = slots::SLOTS + 44;
    let all_alive = Barrier::new(threads);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                search.record(Duration::from_nanos(3), Outcome::Error);
                all_alive.wait();
                (0..100).for_each(|_| search.record(Duration::from_nanos(3), Outcome::Error));
            });
        }
    });
    let seen = only(&recorder);
    assert_eq!(seen.error.count(), threads as u64 * 101);
    assert_eq!(seen.error.sum(), Duration::from_nanos(threads as u64 * 303));
}

#[test]
fn destructors_that_run_late_are_counted() {
    static SEARCH: OnceLock<Operation> = OnceLock::new();
    struct Late;
    impl Drop for Late {
        fn drop(&mut self) {
            if let Some(search) = SEARCH.get() {
                search.record(Duration::from_nanos(7), Outcome::Ok);
            }
        }
    }
    thread_local!(static LATE: Late = const { Late });

    let recorder = Recorder::new(10);
    let search = SEARCH.get_or_init(|| recorder.operation("search"));
    for late_first in [true, false] {
        let thread = thread::spawn(move || {
            if late_first {
                LATE.with(|_| ());
            }
            search.record(Duration::from_nanos(1), Outcome::Ok);
            LATE.with(|_| ());
        });
        thread.join().unwrap();
    }
    assert_eq!(only(&recorder).count(), 4);
}

#[test]
fn snapshots_under_full_speed_only_grow() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    thread::scope(|scope| {
        let writer = scope.spawn(|| (0..400_000).for_each(|_| search.measure(|| ())));
        let mut last = 0;
        while !writer.is_finished() {
            let seen = only(&recorder);
            assert!(seen.count() >= last);
            last = seen.count();
        }
    });
    assert_eq!(only(&recorder).count(), 400_000);
}

#[test]
fn memory_does_not_depend_on_how_often() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    let record =
        |n: u64| (0..n).for_each(|i| search.record(Duration::from_nanos(i % 100_000), Outcome::Ok));
    record(100_000);
    let before = recorder.self_cost().bytes;
    record(3_000_000);
    assert_eq!(recorder.self_cost().bytes, before);
}

#[test]
fn typical_memory_of_an_operation_and_thread_is_within_8_kib() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    // A search between 50 µs and 5 ms touches seven powers of two.
    (50..5000).for_each(|us| search.record(Duration::from_micros(us), Outcome::Ok));
    let shard = search
        .core
        .as_ref()
        .map_or(0, |core| core.shard().0.bytes());
    assert!(shard <= 8192, "{shard}");
}

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
fn a_timer_may_end_on_another_thread() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    thread::scope(|scope| {
        let timer = search.start();
        scope.spawn(move || drop(timer));
    });
    assert_eq!(only(&recorder).count(), 1);
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
fn one_in_n_counts_all() {
    let recorder = Recorder::new(10);
    let hot = recorder.operation("distance").timed_one_in(16);
    (0..1600).for_each(|_| hot.measure(|| ()));
    let seen = only(&recorder);
    assert_eq!(
        (seen.ok.count(), seen.untimed, seen.count()),
        (100, 1500, 1600)
    );
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
fn a_counter_of_another_operation_counts_nothing() {
    let recorder = Recorder::new(10);
    let (search, insert) = (recorder.operation("search"), recorder.operation("insert"));
    let (mine, other) = (search.counter("hops"), insert.counter("hops"));
    let mut timer = search.start();
    timer.add(mine, 3);
    timer.add(other, 100);
    drop(timer);
    for i in 0..20 {
        let _ = search.counter(&format!("counter {i}"));
    }
    let seen = only(&recorder);
    assert_eq!(seen.counters[0].total, 3);
    assert_eq!(seen.counters.len(), 16);
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
fn futures_tell_polls_apart_from_waiting() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    let mut pending_once = true;
    let mut future = pin!(search.instrument_result(std::future::poll_fn(move |_| {
        if std::mem::take(&mut pending_once) {
            Poll::Pending
        } else {
            Poll::Ready(Err::<(), _>("no"))
        }
    })));
    let mut context = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_pending());
    let waited = Moment::now();
    while waited.elapsed() < Duration::from_millis(2) {
        std::hint::spin_loop();
    }
    assert!(future.as_mut().poll(&mut context).is_ready());
    let seen = only(&recorder);
    assert_eq!((seen.error.count(), seen.polling.count()), (1, 1));
    assert!(
        seen.polling.max() < Some(Duration::from_millis(2)),
        "{:?}",
        seen.polling.max()
    );
    assert!(seen.error.max() >= Some(Duration::from_millis(2)));
}

#[test]
fn a_future_dropped_before_its_end_was_cancelled() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    {
        let mut future = pin!(search.instrument(std::future::pending::<()>()));
        assert!(
            future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
    }
    drop(search.instrument(std::future::pending::<()>())); // never polled: never started
    assert_eq!(only(&recorder).cancelled.count(), 1);
    assert_eq!(only(&recorder).count(), 1);
}

#[test]
fn call_sites_follow_the_installed_recorder() {
    static SITE: CallSite = CallSite::new("search");
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
