//! The flight recorder writes by itself: on SIGUSR2, on a panic, when a threshold breaks. In a process of its own, because
//! handlers and hooks are the process's.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic is how a test fails, and what is captured here"
)]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use vecperf::{Monitor, Outcome, Report, Settings};

static SIGNALS: AtomicU32 = AtomicU32::new(0);
static HOOKS: AtomicU32 = AtomicU32::new(0);

extern "C" fn the_programs_own(_: libc::c_int) {
    SIGNALS.fetch_add(1, Ordering::Relaxed);
}

fn monitor(directory: &Path, change: impl FnOnce(&mut Settings)) -> Monitor {
    let mut settings = Settings::default();
    settings.output.directory = directory.to_owned();
    settings.monitoring.cpu_profiling = false;
    settings.monitoring.resource_interval_ms = 10;
    change(&mut settings);
    Monitor::new(settings).unwrap()
}

/// The first capture, when it is there; the search goes on meanwhile.
fn capture(monitor: &Monitor, directory: &Path) -> Report {
    let search = monitor.operation("search");
    let is_capture = |path: &PathBuf| {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        name.starts_with("capture-") && name.ends_with(".json")
    };
    loop {
        search.record(Duration::from_millis(200), Outcome::Ok);
        let files = std::fs::read_dir(directory).unwrap().flatten();
        let found = files.map(|file| file.path()).find(is_capture);
        if let Some(path) = found {
            return Report::read(&path).unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn captures_are_written_when_something_happens_and_everybody_elses_handlers_still_run() {
    let room = tempfile::tempdir().unwrap();

    // SAFETY: the handler has the signature of one without SA_SIGINFO, and only writes an atomic.
    unsafe {
        libc::signal(
            libc::SIGUSR2,
            the_programs_own as *const () as libc::sighandler_t,
        )
    };
    let directory = room.path().join("signal");
    let watched = monitor(&directory, |settings| settings.flight.on_signal = true);
    // SAFETY: a plain number; the handler is there.
    unsafe { libc::raise(libc::SIGUSR2) };
    let report = capture(&watched, &directory);
    assert!(report.notes[0].contains("SIGUSR2"), "{:?}", report.notes);
    assert_eq!(SIGNALS.load(Ordering::Relaxed), 1);
    watched.finish().unwrap();

    std::panic::set_hook(Box::new(|_| _ = HOOKS.fetch_add(1, Ordering::Relaxed)));
    let directory = room.path().join("panic");
    let watched = monitor(&directory, |settings| settings.flight.on_panic = true);
    watched
        .operation("search")
        .record(Duration::from_millis(1), Outcome::Ok);
    let panicked = std::thread::spawn(|| panic!("on purpose")).join();
    assert!(panicked.is_err());
    let report = capture(&watched, &directory);
    assert!(
        report.notes[0].contains("a panic at tests/flight.rs"),
        "{:?}",
        report.notes
    );
    assert_eq!(HOOKS.load(Ordering::Relaxed), 1);
    watched.finish().unwrap();
    drop(std::panic::take_hook());

    let directory = room.path().join("breach");
    let watched = monitor(&directory, |settings| settings.flight.on_breach = true);
    let report = capture(&watched, &directory);
    assert!(
        report.notes[0].contains("max_response_time_ms was broken"),
        "{:?}",
        report.notes
    );
    assert!(
        report
            .phases
            .iter()
            .any(|phase| phase.name.starts_with("last "))
    );
    assert!(!report.series.is_empty());
    watched.finish().unwrap();
}
