//! The CPU profile of a monitor: written at the end, asked for in between, and honest where there is none. A process has
//! one profile at a time, so these tests have a process of their own and take turns.
#![cfg(all(feature = "cpu", target_os = "linux"))]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a panic is how a test fails, and a skipped one says so"
)]

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use vecperf::export::pprof;
use vecperf::profile::{LabelValue, Profile, names};
use vecperf::resource::Capability;
use vecperf::{ErrorKind, Monitor, Report, Settings};

static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn settings(directory: &Path) -> Settings {
    let mut settings = Settings::default();
    settings.output.directory = directory.join("logs");
    settings
}

fn capability(report: &Report) -> &Capability {
    let mut all = report.environment.capabilities.iter();
    all.find(|one| one.name == "CPU profile").unwrap()
}

/// 300 operations that use CPU time, however busy the machine is: 0.1 to 1 s in all.
fn work(monitor: &Monitor) {
    let operation = monitor.operation("spin");
    for _ in 0..300 {
        operation.measure(|| {
            let mut state = 1_u64;
            for _ in 0..300_000 {
                state = std::hint::black_box(state.wrapping_mul(6_364_136_223_846_793_005));
            }
        });
    }
}

/// Samples with this label.
fn labelled(profile: &Profile, key: &str, text: &str) -> i64 {
    let with = profile.samples.iter().filter(|sample| {
        let mut labels = sample.labels(key);
        labels.any(|label| matches!(label, LabelValue::Text(found) if **found == *text))
    });
    with.map(|sample| sample.values[0]).sum()
}

/// True when this machine refuses every back end: then the report must say why, and there is nothing else to test.
fn refused(report: &Report) -> bool {
    let capability = capability(report);
    if !capability.available {
        eprintln!("SKIPPED: no CPU profile here: {}", capability.reason);
        assert!(!capability.reason.is_empty());
        assert_eq!(report.cpu_profile, None);
    }
    !capability.available
}

#[test]
fn a_run_leaves_a_profile_that_knows_operations_and_phases() {
    let _turn = turn();
    let room = tempfile::tempdir().unwrap();
    let monitor = Monitor::new(settings(room.path())).unwrap();
    let phase = monitor.steady_phase("search");
    work(&monitor);
    phase.end();
    let report = monitor.finish().unwrap();
    if refused(&report) {
        return;
    }
    let told = report.cpu_profile.as_ref().unwrap();
    let file = room.path().join("logs/profiling_data.prof");
    assert_eq!(told.file.as_deref(), file.to_str());
    let profile = pprof::read(&std::fs::read(file).unwrap(), 100 << 20).unwrap();
    assert!(profile.check().is_ok());
    let all = profile.total(profile.value_index("samples").unwrap());
    assert_eq!(all, told.samples as i64, "nothing sampled is left out");
    let spun = labelled(&profile, names::OPERATION, "spin");
    assert!(spun > 5, "{spun} of {all}");
    assert!(labelled(&profile, names::PHASE, "search") >= spun);
    assert_eq!(profile.operations().of(Some("spin"), names::ALL), Some(300));
    assert!(
        profile
            .comments
            .iter()
            .any(|comment| *comment == format!("settings: {}", report.settings.fingerprint()))
    );
    assert!(!told.functions.is_empty());
    assert!(report.self_cost.cpu_seconds >= told.drain_cpu_seconds);

    let split = report
        .steady()
        .operation("spin")
        .unwrap()
        .time_split
        .as_ref();
    if told.back_end == "perf_event" {
        let all = &split.unwrap().all;
        assert_eq!(all.count, 300, "the phase has all of them");
        let parts = [
            all.on_cpu_seconds,
            all.blocked_seconds,
            all.preempted_seconds,
            all.elsewhere_seconds,
        ];
        let sum: f64 = parts.iter().sum();
        assert!((sum / all.latency_seconds - 1.0).abs() < 1e-6, "{all:?}");
    } else {
        assert_eq!(split, None);
        let why = told.notes.iter().find(|note| note.contains("time split"));
        assert!(why.is_some(), "{:?}", told.notes);
    }
}

#[test]
fn without_cpu_profiling_there_is_no_file_but_a_profile_can_be_asked_for() {
    let _turn = turn();
    let room = tempfile::tempdir().unwrap();
    let mut settings = settings(room.path());
    settings.monitoring.cpu_profiling = false;
    let monitor = Monitor::new(settings).unwrap();
    assert!(monitor.cpu_profile().is_none());
    for _ in 0..3 {
        let profile = std::thread::scope(|scope| {
            let asked = scope.spawn(|| monitor.profile(Duration::from_millis(300)));
            while !asked.is_finished() {
                work(&monitor);
            }
            asked.join().unwrap()
        });
        match profile {
            Ok(profile) => assert!(labelled(&profile, names::OPERATION, "spin") > 5),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unavailable);
                eprintln!("SKIPPED: {error}");
            }
        }
    }
    let report = monitor.finish().unwrap();
    assert_eq!(report.cpu_profile, None);
    assert!(capability(&report).reason.contains("cpu_profiling = false"));
    assert!(!room.path().join("logs/profiling_data.prof").exists());
}

#[test]
fn a_second_monitor_says_that_the_first_one_profiles() {
    let _turn = turn();
    let first = Monitor::in_memory(Settings::default()).unwrap();
    if refused(&first.report()) {
        return;
    }
    let second = Monitor::in_memory(Settings::default()).unwrap();
    work(&second);
    let report = second.finish().unwrap();
    assert_eq!(report.cpu_profile, None);
    let why = capability(&report);
    assert!(!why.available && why.reason.contains("another"), "{why:?}");
    assert!(!why.remedy.is_empty());
    assert_eq!(report.run.operations[0].count, 300, "the rest is whole");
    assert!(report.notes.is_empty(), "{:?}", report.notes);
    drop(first.finish().unwrap());
    for _ in 0..5 {
        let next = Monitor::in_memory(Settings::default()).unwrap();
        assert!(next.finish().unwrap().cpu_profile.is_some());
    }
}

#[test]
fn a_profile_of_a_stretch_has_that_stretch_only() {
    let _turn = turn();
    let monitor = Monitor::in_memory(Settings::default()).unwrap();
    if refused(&monitor.report()) {
        return;
    }
    work(&monitor);
    let idle = monitor.profile(Duration::from_millis(100)).unwrap();
    assert_eq!(labelled(&idle, names::OPERATION, "spin"), 0);
    let whole = monitor.cpu_profile().unwrap();
    assert!(labelled(&whole, names::OPERATION, "spin") > 5);
    monitor.discard();
}

#[test]
fn a_monitor_that_is_off_has_no_profile() {
    let mut settings = Settings::default();
    settings.monitoring.enabled = false;
    for monitor in [Monitor::off(), Monitor::in_memory(settings).unwrap()] {
        assert!(monitor.cpu_profile().is_none());
        let error = monitor.profile(Duration::from_secs(3600)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains("enabled = true"), "{error}");
    }
}

#[test]
fn a_slow_operation_tells_where_it_was_seen() {
    let _turn = turn();
    let room = tempfile::tempdir().unwrap();
    let mut settings = settings(room.path());
    settings.thresholds.max_response_time_ms = 1.0;
    let monitor = Monitor::new(settings).unwrap();
    let slow = monitor.operation("slow");
    slow.measure(|| {
        work(&monitor);
        std::thread::sleep(Duration::from_millis(30));
    });
    let running = monitor.report();
    let report = monitor.finish().unwrap();
    if refused(&report) {
        return;
    }
    let told = |report: &Report| {
        let mut all = report.slow_operations.iter();
        all.find(|one| one.operation == "slow").unwrap().clone()
    };
    assert!(told(&running).stacks.is_empty(), "names take time to read");
    let slow = told(&report);
    assert!(slow.samples > Some(0), "{slow:?}");
    assert!((1..=3).contains(&slow.stacks.len()), "{slow:?}");
    for stack in &slow.stacks {
        assert!(stack.samples > 0 && Some(stack.samples) <= slow.samples);
        assert!((1..=12).contains(&stack.functions.len()), "{stack:?}");
    }
    let mut functions = slow.stacks.iter().flat_map(|stack| &stack.functions);
    assert!(functions.any(|name| name.contains("work")), "{slow:?}");
    if report.run.operations[0].time_split.is_some() {
        assert!(slow.blocked_seconds >= Some(0.029), "{slow:?}");
        let on_cpu = slow.on_cpu_seconds.unwrap() + slow.preempted_seconds.unwrap();
        let all = on_cpu + slow.blocked_seconds.unwrap();
        let off = (all - slow.latency_seconds).abs();
        assert!(off < 0.02 * slow.latency_seconds, "{slow:?}");
    } else {
        assert_eq!((slow.on_cpu_seconds, slow.blocked_seconds), (None, None));
    }
}
