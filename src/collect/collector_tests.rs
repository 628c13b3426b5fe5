//! The thread: its beats, its end, and everything that must not end it. No test sleeps or asserts a time: each waits
//! on a channel that the callback feeds.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Barrier, Mutex};

use super::*;
use crate::collect::BeatWindow;
use crate::resource::scripted::Script;
use crate::resource::{Capability, Reading};

fn setup(interval_ms: u64) -> Setup {
    Setup {
        interval: Duration::from_millis(interval_ms),
        series_points: 600,
        memory: true,
    }
}

fn start(probe: Box<dyn Probe>, interval_ms: u64, on_beat: OnBeat) -> Collector {
    Collector::with_probe(
        probe,
        Arc::new(Recorder::new(2000)),
        Memory::default(),
        setup(interval_ms),
        Moment::now(),
        on_beat,
    )
}

fn script() -> Box<dyn Probe> {
    Box::new(Script::memory([1, 2, 3]))
}

/// A collector that tells each beat.
fn telling(interval_ms: u64) -> (Collector, Receiver<BeatWindow>) {
    let (tell, told) = channel();
    (
        start(
            script(),
            interval_ms,
            Box::new(move |window| _ = tell.send(window.clone())),
        ),
        told,
    )
}

#[test]
fn beats_follow_each_other_and_their_windows_adjoin() {
    let (collector, told) = telling(1);
    let windows: Vec<_> = told.iter().take(5).collect();
    assert!(
        windows
            .windows(2)
            .all(|pair| pair[0].to.as_secs_f64() == pair[1].used.opens_at()
                && pair[0].to < pair[1].to),
        "{windows:?}"
    );
    collector.stop();
    assert!(collector.series().len() >= 6, "the start and each beat");
}

#[test]
fn stopping_does_not_wait_for_the_next_beat_and_leaves_what_was_collected() {
    let (collector, told) = telling(3_600_000); // a test that waited for this beat would not end
    let edge = collector.sample_now();
    collector.stop();
    collector.stop();
    assert!(
        told.recv().is_err(),
        "the callback is gone, and was never called"
    );
    assert_eq!(
        collector
            .resources_between(Duration::ZERO, edge)
            .peak_anonymous_swapped_bytes,
        Some(2)
    );
    assert_eq!(collector.series().len(), 2);
}

#[test]
fn dropping_ends_the_thread() {
    let (collector, told) = telling(1);
    told.recv().unwrap();
    drop(collector);
    assert!(
        told.iter().count() < 1000,
        "the channel closes: the thread is gone"
    );
}

#[test]
fn a_callback_that_panics_is_not_called_again_and_beats_go_on() {
    let calls = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&calls);
    let collector = start(
        script(),
        1,
        Box::new(move |_| {
            *counted.lock().unwrap() += 1;
            panic!("on purpose")
        }),
    );
    while collector.series().len() < 10 {
        std::thread::yield_now();
    }
    collector.stop();
    assert!(calls.is_poisoned() || Arc::strong_count(&calls) == 1);
    assert_eq!(
        *calls
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner),
        1
    );
    assert!(
        collector
            .notes()
            .iter()
            .any(|note| note.contains("panicked")),
        "{:?}",
        collector.notes()
    );
}

/// Panics at every second reading.
struct Fragile(u32);

impl Probe for Fragile {
    fn read(&mut self, at: Duration) -> Reading {
        self.0 += 1;
        assert!(self.0 % 2 == 1, "on purpose");
        Reading {
            sample: resource::ResourceSample {
                at_seconds: at.as_secs_f64(),
                ..Default::default()
            },
            ..Reading::default()
        }
    }
    fn capabilities(&mut self) -> Vec<Capability> {
        Vec::new()
    }
}

#[test]
fn a_probe_that_panics_leaves_gaps_and_one_note() {
    let collector = start(Box::new(Fragile(0)), 1, Box::new(|_| {}));
    while collector.series().len() < 5 {
        std::thread::yield_now();
    }
    collector.stop();
    assert_eq!(collector.notes().len(), 1, "{:?}", collector.notes());
}

#[test]
fn a_callback_may_ask_the_collector_and_even_stop_it() {
    let slot: Arc<Mutex<Option<Collector>>> = Arc::default();
    let (tell, told) = channel();
    let ready = Arc::new(Barrier::new(2));
    let (own, wait) = (Arc::clone(&slot), Arc::clone(&ready));
    let collector = start(
        script(),
        1,
        Box::new(move |_| {
            wait.wait();
            let collector = own.lock().unwrap().take().unwrap();
            let edge = collector.sample_in_passing();
            let used = collector.resources_between(Duration::ZERO, edge);
            drop(collector); // on its own thread
            _ = tell.send(used.samples);
        }),
    );
    *slot.lock().unwrap() = Some(collector);
    ready.wait();
    assert!(told.recv().unwrap() >= 3);
    assert!(told.recv().is_err(), "the thread ended");
}

#[test]
fn its_own_cost_is_counted() {
    let (collector, told) = telling(1);
    told.iter().take(20).for_each(drop);
    collector.stop();
    let cost = collector.self_cost();
    assert!(cost.cpu > Duration::ZERO && cost.bytes > 1000, "{cost:?}");
}

/// The child of a fork has no collector thread, and the collector's lock may be held for ever in it.
#[cfg(target_os = "linux")]
#[test]
fn a_forked_child_neither_hangs_nor_reports() {
    let (collector, told) = telling(3_600_000);
    let locked = collector.shared.ledger(); // the worst moment to fork
    // SAFETY: the child only reads and drops the collector, which takes no lock and starts nothing there, and leaves by
    // `_exit`. Allocation after a fork is safe with glibc, which holds its allocator's locks over the fork.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let silent = collector.sample_now() > Duration::ZERO
            && collector.series().is_empty()
            && collector
                .resources_between(Duration::ZERO, Duration::MAX)
                .samples
                == 0;
        std::mem::forget(locked);
        drop(collector);
        // SAFETY: ends the child at once, without the harness's exit code.
        unsafe { libc::_exit(if silent { 0 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: `status` is valid for the call; the child is ours.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!((waited, status), (child, 0));
    drop(locked);
    drop(told);
}
