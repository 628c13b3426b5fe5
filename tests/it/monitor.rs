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
fn a_slow_operation_has_a_receipt_without_a_profile_too() {
    let mut settings = Settings::default();
    settings.monitoring.cpu_profiling = false;
    settings.thresholds.max_response_time_ms = 20.0;
    let monitor = Monitor::in_memory(settings).unwrap();
    let search = monitor.operation("search");
    let (hops, visited) = (search.counter("hops"), search.counter("visited"));
    (0..100).for_each(|_| search.record(Duration::from_millis(20), Outcome::Ok));
    let phase = monitor.steady_phase("steady");
    let label = monitor.label("ef=200");
    let mut timer = search.start();
    timer.add(hops, 3);
    timer.add(hops, 4);
    timer.add(monitor.operation("insert").counter("other"), 9);
    std::thread::sleep(Duration::from_millis(25));
    timer.end(Outcome::Error);
    drop(label);
    phase.end();
    search.record(Duration::from_secs(3), Outcome::Cancelled);
    let due = vecperf::Moment::now();
    std::thread::sleep(Duration::from_millis(21));
    search.start_since(due).add(visited, 1);
    let report = monitor.finish().unwrap();

    let [failed, told, late] = &report.slow_operations[..] else {
        panic!("{:#?}", report.slow_operations);
    };
    assert_eq!(
        (failed.operation.as_str(), failed.outcome.as_str()),
        ("search", "error")
    );
    assert_eq!(failed.label.as_deref(), Some("ef=200"));
    assert_eq!(failed.phase.as_deref(), Some("steady"));
    assert!(failed.latency_seconds >= 0.025, "{failed:?}");
    assert_eq!(failed.on_thread_seconds, Some(failed.latency_seconds));
    assert!(failed.ended_seconds <= report.run.duration_seconds);
    let work = [("hops".to_owned(), 7), ("visited".to_owned(), 0)].into();
    assert_eq!(failed.work, work);
    assert_eq!((failed.blocked_seconds, failed.samples), (None, None));
    #[cfg(target_os = "linux")]
    assert!(failed.thread > 0);

    assert_eq!(
        (told.outcome.as_str(), told.latency_seconds),
        ("cancelled", 3.0)
    );
    assert_eq!((&told.label, &told.phase), (&None, &None));
    assert_eq!((told.on_thread_seconds, told.work.len()), (None, 0));
    assert!(late.latency_seconds >= 0.021 && late.on_thread_seconds < Some(late.latency_seconds));
    assert_eq!(late.work["visited"], 1);
    assert!(late.ended_seconds >= told.ended_seconds);
}

#[test]
fn a_slow_future_has_a_receipt_with_its_time_in_polls() {
    let mut settings = Settings::default();
    settings.monitoring.cpu_profiling = false;
    settings.thresholds.max_response_time_ms = 20.0;
    let monitor = Monitor::in_memory(settings).unwrap();
    let search = monitor.operation("search");
    let mut future = std::pin::pin!(search.instrument(std::future::pending::<()>()));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_pending());
    std::thread::sleep(Duration::from_millis(25));
    assert!(future.as_mut().poll(&mut context).is_pending());
    assert!(
        monitor.report().slow_operations.is_empty(),
        "it has not ended"
    );
    drop(search.instrument(std::future::ready(())));
    {
        let mut cancelled = Box::pin(search.instrument(std::future::pending::<()>()));
        assert!(cancelled.as_mut().poll(&mut context).is_pending());
        std::thread::sleep(Duration::from_millis(25));
    }
    let report = monitor.finish().unwrap();
    let [slow] = &report.slow_operations[..] else {
        panic!("{:#?}", report.slow_operations);
    };
    assert_eq!(slow.outcome, "cancelled");
    assert!(slow.latency_seconds >= 0.025);
    assert!(slow.on_thread_seconds < Some(slow.latency_seconds));
    assert!(slow.work.is_empty());
}

#[test]
fn of_operations_that_are_all_too_slow_the_slowest_have_receipts_and_the_others_are_counted() {
    let mut settings = Settings::default();
    settings.monitoring.cpu_profiling = false;
    settings.thresholds.max_response_time_ms = 1.0;
    let monitor = Monitor::in_memory(settings).unwrap();
    let search = monitor.operation("search");
    for n in 0..20_000 {
        search.record(Duration::from_micros(2_000 + n), Outcome::Ok);
    }
    let report = monitor.finish().unwrap();
    let slow = &report.slow_operations;
    assert!(!slow.is_empty() && slow.len() <= 1_000, "{}", slow.len());
    let left_out = |note: &String| note.contains("slow operations without a receipt");
    assert!(report.notes.iter().any(left_out), "{:?}", report.notes);
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

fn vecperf_count(operation: &vecperf::snapshot::OperationSnapshot) -> u64 {
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
    // Waiting for it, and the tests beside it, may well break the one on CPU use too.
    let told = told.lock().unwrap();
    let about_memory = told.iter().filter(|name| *name == "max_memory_mb");
    assert_eq!(about_memory.count(), 1, "{told:?}");
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

#[test]
fn a_phase_per_batch_stays_bounded_and_loses_no_operation() {
    let monitor = in_memory();
    let insert = monitor.operation("insert");
    for _ in 0..210 {
        let batch = monitor.phase("batch");
        insert.record(Duration::from_micros(30), Outcome::Ok);
        batch.end();
    }
    let steady = monitor.steady_phase("search");
    monitor
        .operation("search")
        .record(Duration::from_millis(2), Outcome::Ok);
    steady.end();
    let report = monitor.finish().unwrap();
    assert_eq!(report.phases.len(), 201, "the judged phase is kept as well");
    assert_eq!(report.steady().name, "search");
    assert_eq!(report.run.operation("insert").unwrap().count, 210);
    assert_eq!(
        report.notes,
        ["further phases, not listed: 10; what happened in them is counted in the run"]
    );
}

#[test]
fn a_note_per_error_stays_bounded_and_the_reason_of_an_interruption_is_kept() {
    let monitor = in_memory();
    (0..500).for_each(|batch| monitor.note(format!("batch {batch} failed")));
    monitor.interrupted("out of disk");
    let report = monitor.finish().unwrap();
    assert!(!report.complete);
    assert_eq!(report.notes.len(), 202);
    assert_eq!(
        report.notes[200..],
        ["out of disk", "further notes, not kept: 300"]
    );
}

#[test]
fn of_two_steady_phases_run_and_saved_report_judge_the_same() {
    let monitor = in_memory();
    let search = monitor.operation("search");
    for ms in [1, 500] {
        let _steady = monitor.steady_phase("search");
        (0..200).for_each(|_| search.record(Duration::from_millis(ms), Outcome::Ok));
    }
    let report = monitor.finish().unwrap();
    let response = |verdicts: &[vecperf::Verdict]| {
        let of = |verdict: &&vecperf::Verdict| verdict.threshold == "max_response_time_ms";
        verdicts.iter().find(of).unwrap().status
    };
    assert_eq!(response(&report.verdicts), Status::Pass);
    assert_eq!(response(&report.judge(&Settings::default())), Status::Pass);
}

#[test]
fn a_phase_has_the_recall_of_the_queries_judged_in_it() {
    let monitor = in_memory();
    let search = monitor.operation("search");
    let judge = |found: u32| {
        search.measure(|| ());
        search.record_recall(found, 10);
    };
    let warm = monitor.phase("warm-up");
    (0..50).for_each(|_| judge(5));
    warm.end();
    let steady = monitor.steady_phase("search");
    (0..150).for_each(|_| judge(9));
    steady.end();
    let idle = monitor.phase("more");
    search.measure(|| ());
    idle.end();

    let report = monitor.report();
    let recall = |phase: &vecperf::report::PhaseReport| {
        let recall = phase.operation("search").unwrap().recall.clone();
        recall.map(|recall| (recall.queries, recall.mean))
    };
    let phases: Vec<_> = report.phases.iter().map(recall).collect();
    assert_eq!(phases, [Some((50, 0.5)), Some((150, 0.9)), None]);
    assert_eq!(recall(&report.run), Some((200, 0.8)));

    let stated = RecallEstimate::from_queries(10, [1.0; 7]).unwrap();
    monitor.set_recall("search", stated);
    let report = monitor.finish().unwrap();
    let phases: Vec<_> = report.phases.iter().map(recall).collect();
    assert_eq!(phases, [Some((50, 0.5)), Some((7, 1.0)), None]);
    assert_eq!(recall(&report.run), Some((7, 1.0)));
}

#[test]
fn evidence_can_be_made_by_hand() {
    use vecperf::snapshot::{CounterReading, OperationSnapshot};
    let mut search = OperationSnapshot {
        name: "search".to_owned(),
        counters: vec![CounterReading {
            name: "hops".to_owned(),
            total: 7,
        }],
        ..OperationSnapshot::default()
    };
    search.judged.record(9, 10);
    (0..100).for_each(|_| search.ok.record(Duration::from_millis(200)));
    let run = vecperf::Snapshot {
        operations: vec![search],
        ..vecperf::Snapshot::default()
    };
    let evidence = vecperf::threshold::Evidence {
        run: &run,
        steady: &run,
    };
    let limits = vecperf::threshold::thresholds(&Settings::default());
    let verdicts = vecperf::threshold::evaluate(evidence, &limits);
    assert_eq!(vecperf::threshold::overall(&verdicts), Status::Fail);
}

#[cfg(target_os = "linux")]
#[test]
fn a_forked_child_does_not_write_over_its_parents_report() {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = Settings::default();
    settings.output.directory = directory.path().to_owned();
    let monitor = Monitor::new(settings).unwrap();
    // SAFETY: the child asks for one thing, which takes no lock, and leaves by `_exit`. Allocation after a fork is safe
    // with glibc, which holds its allocator's locks over the fork.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let refused = monitor
            .finish()
            .is_err_and(|error| error.to_string().contains("a monitor of its own"));
        // SAFETY: ends the child at once, without the harness's exit code.
        unsafe { libc::_exit(if refused { 0 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: `status` is valid for the call; the child is ours.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!((waited, status), (child, 0));
    let path = monitor.metrics_path().unwrap();
    assert!(!path.exists());
    monitor.finish().unwrap();
    assert!(path.exists());
}

#[test]
fn a_finished_monitor_lets_go_of_callbacks_that_hold_it() {
    let token = Arc::new(());
    let monitor = in_memory();
    let (held, inside) = (Arc::clone(&token), monitor.clone());
    monitor.on_breach(move |verdict| {
        let _ = &held;
        inside.note(verdict.evidence.clone());
    });
    monitor.finish().unwrap();
    assert_eq!(Arc::strong_count(&token), 1);
}

#[test]
fn an_infinite_gauge_is_left_out_and_noted_and_nan_unsets() {
    let monitor = in_memory();
    monitor.gauge("load_ratio").set(f64::INFINITY);
    monitor.gauge("index_bytes").set(7.0);
    let gone = monitor.gauge("gone");
    gone.set(1.0);
    gone.set(f64::NAN);
    let report = monitor.finish().unwrap();
    let names: Vec<_> = report.run.gauges.keys().map(String::as_str).collect();
    assert_eq!(names, ["index_bytes"]);
    assert_eq!(report.notes, ["gauges left out, infinite: load_ratio"]);
}
