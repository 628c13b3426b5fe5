//! Operations: what each allocated, nested ones, futures, timers that go astray.

use std::future::Future;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use vecperf::report::AllocationReport;
use vecperf::{Monitor, Operation, Settings, Status, assert_allocations};

fn monitor() -> Monitor {
    let mut settings = Settings::default();
    settings.monitoring.cpu_profiling = false;
    settings.monitoring.heap_sample_bytes = 0; // sampled blocks move, past the truth of other tests
    Monitor::in_memory(settings).unwrap()
}

fn allocations(monitor: &Monitor, operation: &str) -> Option<AllocationReport> {
    let report = monitor.report();
    report.run.operation(operation).unwrap().allocations.clone()
}

/// One allocation.
fn block(bytes: usize) -> Vec<u8> {
    black_box(Vec::with_capacity(bytes))
}

#[test]
fn each_operation_tells_what_it_allocated_and_kept() {
    let monitor = monitor();
    let search = monitor.operation("search");
    let mut kept = Vec::with_capacity(10);
    for _ in 0..10 {
        let _timer = search.start();
        drop((block(1_000), block(500)));
        kept.push(block(100));
    }
    let seen = allocations(&monitor, "search").unwrap();
    assert_eq!(
        (seen.operations, seen.allocations, seen.bytes),
        (10, 30, 16_000)
    );
    assert_eq!((seen.net_bytes, seen.max_allocations), (1_000, Some(3)));
    assert_eq!(seen.max_peak_bytes, Some(1_500));
    assert_eq!(seen.allocations_per_operation, 3.0);
    assert_eq!((seen.own_allocations, seen.own_bytes), (30, 16_000));
}

#[test]
fn the_first_operation_of_a_thread_counts_nothing_of_vecperfs_own() {
    let monitor = monitor();
    let search = monitor.operation("search");
    for _ in 0..5 {
        let search = search.clone();
        thread::spawn(move || {
            let outer = search.start();
            drop(search.start());
            drop(outer);
        })
        .join()
        .unwrap();
    }
    let seen = allocations(&monitor, "search").unwrap();
    assert_eq!(
        (seen.operations, seen.allocations, seen.max_peak_bytes),
        (10, 0, Some(0))
    );
}

#[test]
fn nested_operations_are_in_those_around_them_and_not_their_own() {
    let monitor = monitor();
    let (outer, inner) = (monitor.operation("outer"), monitor.operation("inner"));
    outer.measure(|| {
        drop(block(10));
        inner.measure(|| drop(block(1_000)));
        inner.measure(|| drop(block(1_000)));
        drop(block(20));
    });
    let (outer, inner) = (
        allocations(&monitor, "outer").unwrap(),
        allocations(&monitor, "inner").unwrap(),
    );
    assert_eq!((outer.allocations, outer.bytes), (4, 2_030));
    assert_eq!((outer.own_allocations, outer.own_bytes), (2, 30));
    assert_eq!((inner.allocations, inner.own_bytes), (2, 2_000));
    assert_eq!(
        (outer.max_peak_bytes, inner.max_peak_bytes),
        (Some(1_000), Some(1_000))
    );
}

#[test]
fn timers_dropped_out_of_order_are_right() {
    let monitor = monitor();
    let (first, second) = (monitor.operation("first"), monitor.operation("second"));
    let one = first.start();
    drop(block(1));
    let two = second.start();
    drop(block(10));
    drop(one);
    drop(block(100));
    drop(two);
    let (first, second) = (
        allocations(&monitor, "first").unwrap(),
        allocations(&monitor, "second").unwrap(),
    );
    assert_eq!((first.bytes, first.own_bytes), (11, 1));
    assert_eq!((second.bytes, second.own_bytes), (110, 110));
}

#[test]
fn a_timer_that_ends_on_another_thread_is_not_counted_and_harms_none() {
    let monitor = monitor();
    let (moved, stayed) = (monitor.operation("moved"), monitor.operation("stayed"));
    for _ in 0..200 {
        let _around = stayed.start();
        let timer = moved.start();
        drop(block(8));
        thread::scope(|scope| {
            scope.spawn(|| drop(timer));
        });
    }
    assert_eq!(allocations(&monitor, "moved"), None);
    let stayed = allocations(&monitor, "stayed").unwrap();
    assert_eq!(stayed.operations, 200, "the thread ran out of room");
}

#[test]
fn discarded_and_panicking_operations_end_their_stretch() {
    let monitor = monitor();
    let search = monitor.operation("search");
    for _ in 0..200 {
        search.start().discard();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            search.measure(|| std::panic::resume_unwind(Box::new(())))
        }));
        assert!(panicked.is_err());
    }
    assert_eq!(allocations(&monitor, "search").unwrap().operations, 200);
}

/// Pending so often; each poll allocates a block, and keeps it.
struct Steps {
    left: usize,
    kept: Vec<Vec<u8>>,
    inner: Option<Operation>,
}

impl Future for Steps {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.kept.push(block(100));
        if let Some(inner) = &self.inner {
            inner.measure(|| drop(block(1_000)));
        }
        self.left -= 1;
        if self.left == 0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

#[test]
fn a_future_counts_what_its_polls_allocate_on_whatever_thread() {
    let monitor = monitor();
    let (query, inner) = (monitor.operation("query"), monitor.operation("inner"));
    let steps = Steps {
        left: 4,
        kept: Vec::with_capacity(4),
        inner: Some(inner),
    };
    let mut future = Box::pin(query.instrument(steps));
    let mut context = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_pending());
    drop(block(5_000)); // between two polls: not the future's
    let mut future = thread::spawn(move || {
        assert!(
            future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        future
    })
    .join()
    .unwrap();
    while future.as_mut().poll(&mut context).is_pending() {}
    let seen = allocations(&monitor, "query").unwrap();
    assert_eq!(
        (seen.operations, seen.allocations, seen.bytes),
        (1, 8, 4_400)
    );
    assert_eq!((seen.own_allocations, seen.own_bytes), (4, 400));
    assert_eq!((seen.net_bytes, seen.max_peak_bytes), (400, Some(1_400)));
}

/// Holds a timer from its first poll to its second.
struct AcrossAPause<'a> {
    operation: &'a Operation,
    timer: Option<vecperf::Timer<'a>>,
}

impl Future for AcrossAPause<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.timer.take().is_some() {
            return Poll::Ready(());
        }
        self.timer = Some(self.operation.start());
        Poll::Pending
    }
}

#[test]
fn a_timer_that_is_held_across_polls_is_not_counted() {
    let monitor = monitor();
    let (query, held) = (monitor.operation("query"), monitor.operation("held"));
    let mut future = std::pin::pin!(query.instrument(AcrossAPause {
        operation: &held,
        timer: None,
    }));
    let mut context = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_pending());
    drop(block(5_000)); // another task
    assert!(future.as_mut().poll(&mut context).is_ready());
    assert_eq!(allocations(&monitor, "held"), None);
    assert_eq!(allocations(&monitor, "query").unwrap().allocations, 0);
}

#[test]
fn a_phase_tells_its_own() {
    let monitor = monitor();
    let search = monitor.operation("search");
    let warm_up = monitor.phase("warm-up");
    search.measure(|| drop((block(10), block(10))));
    drop(warm_up);
    let steady = monitor.steady_phase("search");
    for _ in 0..4 {
        search.measure(|| drop(block(20)));
    }
    drop(steady);
    let report = monitor.report();
    let of = |phase: usize| {
        let operation = report.phases[phase].operation("search").unwrap();
        operation.allocations.clone().unwrap()
    };
    assert_eq!((of(0).allocations, of(0).max_allocations), (2, Some(2)));
    // The one that allocated most often was in the phase before.
    assert_eq!(
        (of(1).allocations, of(1).bytes, of(1).max_allocations),
        (4, 80, None)
    );
    let page = vecperf::export::console(&report);
    assert!(page.contains("allocations: 1 each · 20 B"), "{page}");
}

#[test]
fn too_many_allocations_fail_the_threshold() {
    let text = "[monitoring]\ncpu_profiling = false\nheap_sample_bytes = 0\n\
         [thresholds]\nmax_allocations_per_operation = 2\n\
         [thresholds.operations.build]\nmax_allocations_per_operation = 1000\n";
    let settings = Settings::from_toml(text, "limits.toml").unwrap();
    let monitor = Monitor::in_memory(settings.clone()).unwrap();
    let (search, build) = (monitor.operation("search"), monitor.operation("build"));
    for blocks in [1, 2, 6] {
        search.measure(|| (0..blocks).for_each(|_| drop(block(10))));
        build.measure(|| (0..blocks).for_each(|_| drop(block(10))));
    }
    let report = monitor.report();
    for verdicts in [report.verdicts.clone(), report.judge(&settings)] {
        let of = |name: &str| {
            let mut of = verdicts.iter().filter(|verdict| {
                verdict.threshold == "max_allocations_per_operation"
                    && verdict.operation.as_deref() == Some(name)
            });
            let found = of.next().unwrap();
            assert!(of.next().is_none());
            found
        };
        assert_eq!(
            (of("search").status, of("search").observed),
            (Status::Fail, Some(3.0))
        );
        assert_eq!(
            of("search").evidence,
            "3 of 3 `search` operations allocated 3 times each on average; 2 is allowed. The most of one: 6."
        );
        assert_eq!(of("build").status, Status::Pass);
    }
}

#[test]
fn assertions_hold_and_fail_with_what_was_counted() {
    let words = assert_allocations!(|| vec![block(1)], <= 2);
    assert_eq!(words.len(), 1);
    assert_allocations!(|| (), == 0);
    let failed = catch_unwind(|| assert_allocations!(|| drop((block(5), block(6))), < 2));
    let text = failed.unwrap_err().downcast::<String>().unwrap();
    assert!(
        text.ends_with("made 2 allocations (11 bytes); allowed: fewer than 2"),
        "{text}"
    );

    let monitor = monitor();
    let search = monitor.operation("search");
    let failed = catch_unwind(AssertUnwindSafe(|| assert_allocations!(&search, <= 1)));
    let text = failed.unwrap_err().downcast::<String>().unwrap();
    assert!(
        text.starts_with("no `search` operation was counted"),
        "{text}"
    );
    search.measure(|| drop(block(5)));
    search.measure(|| drop((block(5), block(6))));
    assert_allocations!(&search, <= 2);
    let failed = catch_unwind(AssertUnwindSafe(|| assert_allocations!(&search, <= 1)));
    let text = failed.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(
        *text,
        "a `search` operation made 2 allocations; allowed: at most 1"
    );
}

#[test]
fn a_slow_operations_receipt_tells_what_it_allocated() {
    let mut settings = Settings::default();
    settings.monitoring.cpu_profiling = false;
    settings.monitoring.heap_sample_bytes = 0;
    settings.thresholds.max_response_time_ms = 5.0;
    let monitor = Monitor::in_memory(settings).unwrap();
    let search = monitor.operation("search");
    let mut kept = Vec::with_capacity(10);
    let timer = search.start();
    drop((block(1_000), block(500)));
    kept.push(block(100));
    thread::sleep(std::time::Duration::from_millis(6));
    drop(timer);
    let of_future = search.instrument(async {
        drop(block(300));
        thread::sleep(std::time::Duration::from_millis(6));
    });
    let mut context = Context::from_waker(Waker::noop());
    assert!(Box::pin(of_future).as_mut().poll(&mut context).is_ready());
    let report = monitor.finish().unwrap();
    let counted = report.slow_operations.iter().map(|slow| {
        let bytes = (slow.allocated_bytes, slow.net_bytes, slow.peak_bytes);
        (slow.allocations, bytes)
    });
    let expected = [
        (Some(3), (Some(1_600), Some(100), Some(1_500))),
        (Some(1), (Some(300), Some(0), Some(300))),
    ];
    assert_eq!(counted.collect::<Vec<_>>(), expected);
}
