//! Off means off: alone in this process, a monitor with `enabled = false` starts no thread, opens no file or socket,
//! writes nothing, and an operation allocates nothing. At the end a monitor that is on shows that each of these looks
//! would have seen something.
#![allow(
    clippy::unwrap_used,
    reason = "a panic is how a test fails; this one has no harness, whose threads would count"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use vecperf::{Moment, Monitor, Operation, Outcome, Settings};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call goes on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`; `pointer` came from `System.alloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn main() {
    let room = tempfile::tempdir().unwrap();
    let logs = room.path().join("logs");
    let before = seen(&logs);

    let off = monitor(&logs, false);
    assert!(!off.is_on());
    off.install();
    let search = off.operation("search");
    let allocations = allocations_of(&search);
    let phase = off.steady_phase("search");
    off.on_breach(|_| unreachable!("nothing is judged"));
    assert_eq!(phase.elapsed(), Duration::ZERO);
    phase.end();
    assert_eq!(seen(&logs), before, "while off");
    assert_eq!(
        allocations, 0,
        "a timed operation does nothing while nobody watches"
    );

    let report = off.finish().unwrap();
    assert!(report.run.operations.is_empty() && report.verdicts.is_empty());
    assert_eq!(off.metrics_path(), None);
    drop(off);
    assert_eq!(seen(&logs), before, "after the end");

    let on = monitor(&logs, true);
    let watched = seen(&logs);
    assert!(allocations_of(&on.operation("search")) > 0);
    if cfg!(target_os = "linux") {
        assert!(watched.threads > before.threads && watched.files > before.files);
    }
    assert!(watched.written);
    on.discard();
}

fn monitor(logs: &Path, enabled: bool) -> Monitor {
    let mut settings = Settings::default();
    settings.monitoring.enabled = enabled;
    settings.output.directory = logs.to_owned();
    Monitor::new(settings).unwrap()
}

/// What an operation of every kind allocates.
fn allocations_of(operation: &Operation) -> u64 {
    let distances = operation.counter("distance_computations");
    let intended = Moment::now(); // the program's own; the first one finds out which clock there is
    let before = ALLOCATIONS.load(Relaxed);
    for _ in 0..1_000 {
        operation.start().add(distances, 7);
        operation.start_since(intended).end(Outcome::Error);
        operation.timed_one_in(10).measure(|| ());
        operation.record(Duration::from_millis(1), Outcome::Ok);
        operation.record_recall(9, 10);
        drop(operation.instrument(std::future::ready(())));
    }
    ALLOCATIONS.load(Relaxed) - before
}

/// What the world sees of this process.
#[derive(Debug, PartialEq)]
struct Seen {
    threads: usize,
    /// Open files and sockets.
    files: usize,
    written: bool,
}

fn seen(logs: &Path) -> Seen {
    // Elsewhere than on Linux nothing lists them: 0 each time.
    let entries = |directory| std::fs::read_dir(directory).map_or(0, Iterator::count);
    Seen {
        threads: entries("/proc/self/task"),
        files: entries("/proc/self/fd"),
        written: logs.exists(),
    }
}
