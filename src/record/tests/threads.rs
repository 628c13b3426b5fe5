//! Many threads, short threads, ending threads; what they hold.

use std::sync::{Barrier, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use super::*;

/// Slots are process-wide: tests that use many threads must not overlap.
pub(super) static MANY_THREADS: Mutex<()> = Mutex::new(());

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
fn a_timer_may_end_on_another_thread() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    thread::scope(|scope| {
        let timer = search.start();
        scope.spawn(move || drop(timer));
    });
    assert_eq!(only(&recorder).count(), 1);
}

/// Writers at full speed, an observer that never stops: every count only grows, the sum never lags behind what is
/// counted, and in the end all is there.
#[test]
fn snapshots_never_see_less_than_before_nor_a_count_without_its_time() {
    let _alone = MANY_THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    let hops = search.counter("hops");
    let (writers, each, ns) = (3, 200_000, 1_000);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..writers)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..each {
                        let mut timer = search.start();
                        timer.add(hops, 2);
                        timer.discard();
                        search.record(Duration::from_nanos(ns), Outcome::Ok);
                    }
                })
            })
            .collect();
        let mut last = only(&recorder);
        while !threads.iter().all(|thread| thread.is_finished()) {
            let seen = only(&recorder);
            assert!(seen.count() >= last.count());
            assert!(seen.ok.sum() >= Duration::from_nanos(seen.count() * ns));
            assert!(seen.ok.is_empty() || seen.ok.max() == Some(Duration::from_nanos(ns)));
            last = seen;
        }
    });
    let seen = only(&recorder);
    assert_eq!(seen.count(), writers * each);
    assert_eq!(seen.ok.sum(), Duration::from_nanos(writers * each * ns));
    assert_eq!(seen.counters[0].total, writers * each * 2);
}

#[test]
fn windows_add_up_to_the_whole() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    let mut marks = vec![only(&recorder)];
    for window in 1..=5_u64 {
        (0..window * 100)
            .for_each(|i| search.record(Duration::from_micros(i * window), Outcome::Ok));
        marks.push(only(&recorder));
    }
    let windows: Vec<_> = marks
        .windows(2)
        .map(|pair| pair[1].since(&pair[0]))
        .collect();
    let counts: Vec<_> = windows.iter().map(OperationSnapshot::count).collect();
    assert_eq!(counts, [100, 200, 300, 400, 500]);
    let sum: Duration = windows.iter().map(|window| window.ok.sum()).sum();
    assert_eq!(sum, only(&recorder).ok.sum());
}
