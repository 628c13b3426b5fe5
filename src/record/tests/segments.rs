//! What operations leave for the CPU profile.

use std::cell::Cell;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use super::threads::MANY_THREADS;
use super::*;
use crate::clock::{Moment, monotonic_nanos};
use crate::segment::{Drained, Part, Segment, Source};

/// One profile at a time, and slots enough for its threads.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the recorder's operations leave during `run`, and what was not kept.
fn during(recorder: &Recorder, run: impl FnOnce()) -> (Vec<Segment>, Drained) {
    let _alone = alone();
    let _slots = MANY_THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(recorder.begin());
    run();
    let seen = drain(recorder);
    recorder.end();
    seen
}

fn drain(recorder: &Recorder) -> (Vec<Segment>, Drained) {
    let mut segments = Vec::new();
    let drained = recorder.drain(&mut |segment| {
        // Other tests record meanwhile.
        if Source::operation(recorder, segment.operation).is_some() {
            segments.push(segment);
        }
    });
    (segments, drained)
}

fn names(recorder: &Recorder, segments: &[Segment]) -> Vec<String> {
    let name = |segment: &Segment| Source::operation(recorder, segment.operation);
    segments.iter().filter_map(name).collect()
}

fn outcomes(segments: &[Segment]) -> Vec<Outcome> {
    let outcome = |segment: &Segment| match segment.part {
        Part::Whole { outcome, .. } | Part::End { outcome, .. } => Some(outcome),
        Part::Poll { .. } => None,
    };
    segments.iter().filter_map(outcome).collect()
}

#[test]
fn operations_leave_their_stretch_the_inner_one_first() {
    let recorder = Recorder::new(10);
    let (outer, inner) = (recorder.operation("outer"), recorder.operation("inner"));
    let begun = monotonic_nanos();
    let (segments, drained) = during(&recorder, || {
        let whole = outer.start();
        inner.start().end(Outcome::Error);
        inner.start().end(Outcome::Cancelled);
        drop(whole);
    });
    assert_eq!(names(&recorder, &segments), ["inner", "inner", "outer"]);
    assert_eq!(
        outcomes(&segments),
        [Outcome::Error, Outcome::Cancelled, Outcome::Ok]
    );
    let outer = segments[2];
    for segment in &segments {
        assert!(outer.start_ns <= segment.start_ns && segment.start_ns <= segment.end_ns);
        assert!(segment.end_ns <= outer.end_ns);
        // Where the system's clock has it, give or take a machine that stood still between two readings.
        assert!(segment.start_ns + 50_000_000 > begun);
        assert!(segment.end_ns < monotonic_nanos() + 50_000_000);
        let Part::Whole { latency_ns, .. } = segment.part else {
            panic!("{segment:?}");
        };
        let stretch = segment.end_ns - segment.start_ns;
        assert!(latency_ns.abs_diff(stretch) < 1_000_000 + stretch / 50);
    }
    assert_eq!(drained.overrun, 0);
}

#[test]
fn while_nobody_profiles_nothing_is_left() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    let (segments, _) = during(&recorder, || drop(search.start()));
    assert_eq!(segments.len(), 1);
    drop(search.start());
    assert_eq!(drain(&recorder).0, []);
    // What was left before the profile began is not in it.
    let (segments, _) = during(&recorder, || {});
    assert_eq!(segments, []);
}

#[test]
fn what_is_not_timed_leaves_nothing() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    let (segments, _) = during(&recorder, || {
        search.start().discard();
        search.record(Duration::from_micros(5), Outcome::Ok);
        let sometimes = search.timed_one_in(4);
        (0..1000).for_each(|_| drop(sometimes.start()));
    });
    let timed = only(&recorder).ok.count() - 1;
    assert!(timed < 1000);
    assert_eq!(segments.len() as u64, timed);
}

#[test]
fn a_late_start_makes_the_latency_longer_not_the_stretch() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    let (segments, _) = during(&recorder, || {
        let intended = Moment::now();
        while intended.elapsed() < Duration::from_millis(3) {
            std::hint::spin_loop();
        }
        drop(search.start_since(intended));
    });
    let [
        Segment {
            start_ns,
            end_ns,
            part: Part::Whole { latency_ns, .. },
            ..
        },
    ] = segments[..]
    else {
        panic!("{segments:?}");
    };
    assert!(latency_ns >= 3_000_000);
    let stretch = end_ns - start_ns;
    assert!(stretch + 2_900_000 < latency_ns + stretch / 50);
}

#[test]
fn a_future_leaves_its_polls_and_its_end_wherever_they_were() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    let (segments, _) = during(&recorder, || {
        let mut polls = 0;
        let ends = std::future::poll_fn(move |_| {
            polls += 1;
            if polls < 3 {
                Poll::Pending
            } else {
                Poll::Ready(Err::<(), _>(()))
            }
        });
        let mut ends = Box::pin(search.instrument_result(ends));
        for _ in 0..3 {
            let poll = thread::spawn(move || {
                let _ = ends.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                ends
            });
            ends = poll.join().unwrap();
        }
        let mut cancelled = pin!(search.instrument(std::future::pending::<()>()));
        let _ = cancelled
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
    });
    let futures: Vec<_> = segments
        .iter()
        .map(|segment| match segment.part {
            Part::Poll { future } | Part::End { future, .. } => future,
            Part::Whole { .. } => panic!("{segment:?}"),
        })
        .collect();
    let (first, second) = (futures[0], futures[futures.len() - 1]);
    assert_ne!(first, second);
    let count = |future| futures.iter().filter(|found| **found == future).count();
    assert_eq!((count(first), count(second)), (4, 2), "{segments:?}");
    let mut ended = outcomes(&segments);
    ended.sort_by_key(|outcome| *outcome as u8);
    assert_eq!(ended, [Outcome::Error, Outcome::Cancelled]);
}

#[test]
fn a_future_that_was_never_polled_in_a_profile_leaves_no_end() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    let mut waits = Box::pin(search.instrument(std::future::pending::<()>()));
    let _ = waits.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let (segments, _) = during(&recorder, || drop(waits));
    assert_eq!(segments, []);
}

#[test]
fn each_segment_has_its_thread_and_label() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    let (segments, _) = during(&recorder, || {
        let _label = LabelGuard::new("on the starting thread");
        let moved = search.start();
        thread::scope(|scope| {
            scope.spawn(|| {
                drop(moved);
                let _label = LabelGuard::new("ef=200");
                drop(search.start());
            });
        });
        drop(search.start());
    });
    let label = |segment: &Segment| recorder.label(segment.label);
    let mut labels: Vec<_> = segments.iter().map(label).collect();
    labels.sort();
    let expected = [None, Some("ef=200"), Some("on the starting thread")];
    assert_eq!(labels, expected.map(|label| label.map(str::to_owned)));
    let mut threads: Vec<_> = segments.iter().map(|segment| segment.thread).collect();
    threads.sort_unstable();
    threads.dedup();
    let numbered = if cfg!(target_os = "linux") { 2 } else { 1 };
    assert_eq!(threads.len(), numbered);
}

#[test]
fn one_profiles_at_a_time() {
    let (first, second) = (Recorder::new(10), Recorder::new(10));
    let search = first.operation("search");
    let (segments, _) = during(&first, || {
        assert!(first.begin(), "again");
        assert!(!second.begin());
        drop(search.start());
        assert_eq!(
            second.drain(&mut |segment| panic!("{segment:?}")),
            Drained::default()
        );
        second.end();
        drop(search.start());
    });
    assert_eq!(segments.len(), 2);
    let (_, number) = (segments[0], segments[0].operation);
    assert_eq!(Source::operation(&second, number), None);
    let _alone = alone();
    assert!(second.begin());
    drop(second); // ends with it
    assert!(first.begin());
    first.end();
}

#[test]
fn a_thread_calls_the_hook_once_a_profile() {
    thread_local! { static CALLED: Cell<u32> = const { Cell::new(0) } }
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    recorder.on_first_segment(|| CALLED.set(CALLED.get() + 1));
    for profile in 1..=2 {
        during(&recorder, || {
            (0..5).for_each(|_| drop(search.start()));
            assert_eq!(CALLED.get(), profile);
        });
    }
}

#[test]
fn threads_beyond_the_slots_are_counted() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    let threads = slots::SLOTS + 10;
    let (segments, drained) = during(&recorder, || {
        let all_alive = std::sync::Barrier::new(threads);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    drop(search.start());
                    all_alive.wait();
                });
            }
        });
    });
    assert!(segments.len() < slots::SLOTS);
    assert!(drained.unattributed >= (threads - segments.len()) as u64);
}
