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
use std::time::{Duration, Instant};

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

/// The captures that are there.
fn captures(directory: &Path) -> Vec<PathBuf> {
    let is_capture = |path: &PathBuf| {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        name.starts_with("capture-") && name.ends_with(".json")
    };
    let files = std::fs::read_dir(directory).unwrap().flatten();
    files.map(|file| file.path()).filter(is_capture).collect()
}

/// The first capture that tells of `reason`, when it is there; the search goes on meanwhile.
fn capture(monitor: &Monitor, directory: &Path, reason: &str) -> Report {
    let search = monitor.operation("search");
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        search.record(Duration::from_millis(200), Outcome::Ok);
        let reports = captures(directory)
            .into_iter()
            .map(|path| Report::read(&path).unwrap());
        let found = { reports }.find(|report| report.notes[0].contains(reason));
        if let Some(report) = found {
            return report;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("no capture that tells of {reason} in a minute");
}

/// Makes a monitor when it is dropped.
struct MadeInAPanic(PathBuf);

impl Drop for MadeInAPanic {
    fn drop(&mut self) {
        let watched = monitor(&self.0, |settings| settings.flight.on_panic = true);
        let notes = watched.finish().unwrap().notes;
        assert!(notes.iter().any(|note| note.contains("made in a panic")));
    }
}

fn panics() {
    let panicked = std::thread::spawn(|| panic!("on purpose")).join();
    assert!(panicked.is_err());
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
    let report = capture(&watched, &directory, "");
    assert!(report.notes[0].contains("SIGUSR2"), "{:?}", report.notes);
    assert_eq!(SIGNALS.load(Ordering::Relaxed), 1);
    watched.finish().unwrap();

    // One that comes between two monitors is the program's alone.
    // SAFETY: as above.
    unsafe { libc::raise(libc::SIGUSR2) };
    let directory = room.path().join("next");
    let watched = monitor(&directory, |settings| settings.flight.on_signal = true);
    std::thread::sleep(Duration::from_millis(200)); // twenty beats
    watched.finish().unwrap();
    assert_eq!(captures(&directory), [] as [PathBuf; 0]);
    assert_eq!(SIGNALS.load(Ordering::Relaxed), 2);

    std::panic::set_hook(Box::new(|_| _ = HOOKS.fetch_add(1, Ordering::Relaxed)));
    let directory = room.path().join("panic");
    let watched = monitor(&directory, |settings| settings.flight.on_panic = true);
    watched
        .operation("search")
        .record(Duration::from_millis(1), Outcome::Ok);
    panics();
    let report = capture(&watched, &directory, "");
    assert!(
        report.notes[0].contains("a panic at tests/flight.rs"),
        "{:?}",
        report.notes
    );
    assert_eq!(HOOKS.load(Ordering::Relaxed), 1);
    watched.finish().unwrap();

    let directory = room.path().join("ended");
    let watched = monitor(&directory, |settings| settings.flight.on_panic = true);
    watched.finish().unwrap();
    panics(); // waits for its capture
    assert_eq!(captures(&directory), [] as [PathBuf; 0], "the run is over");

    let directory = room.path().join("unwinding");
    assert!(
        std::thread::spawn(|| {
            let _made = MadeInAPanic(directory);
            panic!("on purpose");
        })
        .join()
        .is_err(),
        "and the process is still there"
    );
    drop(std::panic::take_hook());

    let directory = room.path().join("breach");
    let watched = monitor(&directory, |settings| settings.flight.on_breach = true);
    let report = capture(&watched, &directory, "");
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

    std::panic::set_hook(Box::new(|_| ()));
    let directory = room.path().join("both");
    let watched = monitor(&directory, |settings| {
        (settings.flight.on_breach, settings.flight.on_panic) = (true, true);
    });
    capture(&watched, &directory, "was broken");
    panics();
    capture(&watched, &directory, "a panic at");
    watched.finish().unwrap();
    drop(std::panic::take_hook());
}
