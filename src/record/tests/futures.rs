//! Instrumented futures.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::*;
use crate::clock::Moment;

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

/// A panic in a poll is caught before the future is dropped, as executors do; the other is only nearby.
#[test]
fn a_future_whose_poll_panics_is_an_error_and_one_dropped_by_a_panic_is_not() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    let mut context = Context::from_waker(Waker::noop());
    let mut panics = Box::pin(search.instrument(std::future::poll_fn(|_| -> Poll<()> {
        panic!("on purpose")
    })));
    assert!(catch_unwind(AssertUnwindSafe(|| panics.as_mut().poll(&mut context))).is_err());
    drop(panics);
    let nearby = catch_unwind(AssertUnwindSafe(|| {
        let mut waiting = pin!(search.instrument(std::future::pending::<()>()));
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        panic!("on purpose");
    }));
    assert!(nearby.is_err());
    assert_eq!(
        (
            only(&recorder).error.count(),
            only(&recorder).cancelled.count()
        ),
        (1, 1)
    );
}

#[test]
fn a_future_may_move_between_threads() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    let mut polls = 0;
    let mut future = Box::pin(search.instrument(std::future::poll_fn(move |_| {
        polls += 1;
        if polls < 5 {
            Poll::Pending
        } else {
            Poll::Ready(polls)
        }
    })));
    for poll in 1..=5 {
        let thread = std::thread::spawn(move || {
            let ready = future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_ready();
            assert_eq!(ready, poll == 5);
            future
        });
        future = thread.join().unwrap();
    }
    assert_eq!(
        (only(&recorder).ok.count(), only(&recorder).polling.count()),
        (1, 1)
    );
}
