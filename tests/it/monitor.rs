//! A monitor from start to finish, as a program uses it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use vecperf::{Monitor, Outcome, RecallEstimate, Settings, Status};

fn in_memory() -> Monitor {
    Monitor::in_memory(Settings::default()).unwrap()
}

#[test]
fn a_report_has_phases_operations_and_verdicts() {
    let monitor = in_memory();
    let build = monitor.phase("build");
    monitor
        .operation("insert")
        .record(Duration::from_micros(30), Outcome::Ok);
    build.end();
    let steady = monitor.steady_phase("search");
    let search = monitor.operation("search");
    (0..200).for_each(|_| search.record(Duration::from_millis(2), Outcome::Ok));
    steady.end();
    monitor.set_recall(
        "search",
        RecallEstimate::from_queries(10, vec![1.0; 50]).unwrap(),
    );

    let report = monitor.finish().unwrap();
    let names: Vec<_> = report
        .phases
        .iter()
        .map(|phase| phase.name.as_str())
        .collect();
    assert_eq!(names, ["build", "search"]);
    assert_eq!(
        report.phases[0].operations.len(),
        1,
        "a phase lists only what ended in it"
    );
    let search = report.phases[1].operation("search").unwrap();
    assert_eq!(search.ok, 200);
    assert_eq!(
        search.recall.as_ref().map(|recall| recall.queries),
        Some(50)
    );
    assert!(report.complete);
    let response = report
        .verdicts
        .iter()
        .find(|verdict| verdict.threshold == "max_response_time_ms")
        .unwrap();
    assert_eq!(response.status, Status::Pass, "{}", response.evidence);
}

#[test]
fn slow_operations_fail_their_threshold() {
    let monitor = in_memory();
    let search = monitor.operation("search");
    (0..200).for_each(|_| search.record(Duration::from_millis(150), Outcome::Ok));
    let verdicts = monitor.verdicts();
    assert_eq!(verdicts[0].threshold, "max_response_time_ms");
    assert_eq!(verdicts[0].status, Status::Fail);
}

#[test]
fn finish_writes_a_report_that_reads_back() {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = Settings::default();
    settings.output.directory = directory.path().join("logs");
    let monitor = Monitor::new(settings).unwrap();
    monitor.operation("search").measure(|| ());
    let path = monitor.metrics_path().unwrap();
    let report = monitor.finish().unwrap();
    assert_eq!(vecperf::Report::read(path).unwrap(), report);
}

#[test]
fn a_monitor_dropped_early_leaves_an_incomplete_report() {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = Settings::default();
    settings.output.directory = directory.path().to_owned();
    let monitor = Monitor::new(settings).unwrap();
    let path = monitor.metrics_path().unwrap();
    monitor.operation("search").measure(|| ());
    drop(monitor);
    let report = vecperf::Report::read(path).unwrap();
    assert!(!report.complete);
    assert_eq!(
        report.run.operation("search").map(|search| search.count),
        Some(1)
    );
}

#[test]
fn a_discarded_monitor_writes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = Settings::default();
    settings.output.directory = directory.path().to_owned();
    let monitor = Monitor::new(settings).unwrap();
    let path = monitor.metrics_path().unwrap();
    monitor.discard();
    drop(monitor);
    assert!(!path.exists());
}

#[test]
fn an_output_directory_that_cannot_be_is_told_at_the_start() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut settings = Settings::default();
    settings.output.directory = file.path().to_owned();
    let error = Monitor::new(settings).unwrap_err().to_string();
    assert!(
        error.contains(&file.path().display().to_string()),
        "{error}"
    );
}

#[test]
fn windows_are_differences() {
    let monitor = in_memory();
    let search = monitor.operation("search");
    search.measure(|| ());
    let before = monitor.snapshot();
    (0..5).for_each(|_| search.measure(|| ()));
    let window = monitor.since(&before);
    assert_eq!(window.operation("search").map(vecperf_count), Some(5));
}

fn vecperf_count(operation: &vecperf::OperationSnapshot) -> u64 {
    operation.count()
}

#[test]
fn a_broken_threshold_is_told_once_and_a_panic_in_the_callback_is_noted() {
    let settings = Settings::from_toml(
        "[monitoring]\nresource_interval_ms = 10\n[thresholds]\nmax_memory_mb = 0.001\n",
        "test",
    );
    let monitor = Monitor::in_memory(settings.unwrap()).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&told);
    monitor.on_breach(move |verdict| list.lock().unwrap().push(verdict.threshold.clone()));
    monitor.on_breach(|_| panic!("on purpose"));
    let start = vecperf::Moment::now();
    while monitor.report().notes.is_empty() && start.elapsed() < Duration::from_secs(30) {
        std::thread::yield_now();
    }
    let report = monitor.finish().unwrap();
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.contains("on_breach panicked")),
        "{:?}",
        report.notes
    );
    assert_eq!(*told.lock().unwrap(), ["max_memory_mb"]);
}

#[test]
fn off_gives_an_empty_report() {
    let mut settings = Settings::default();
    settings.monitoring.enabled = false;
    let monitor = Monitor::new(settings).unwrap();
    assert!(!monitor.is_on());
    monitor.operation("search").measure(|| ());
    assert!(monitor.finish().unwrap().run.operations.is_empty());
}
