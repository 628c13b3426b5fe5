//! Resources as a program sees them in its report.

#[cfg(target_os = "linux")]
use std::process::Command;
use std::time::Duration;

use vecperf::report::{PhaseReport, Report};
use vecperf::{Monitor, Phase, Settings, Status};

const MIB: u64 = 1 << 20;

fn monitor(change: impl FnOnce(&mut Settings)) -> Monitor {
    let mut settings = Settings::default();
    settings.monitoring.resource_interval_ms = 10;
    change(&mut settings);
    Monitor::in_memory(settings).unwrap()
}

fn phase<'r>(report: &'r Report, name: &str) -> &'r PhaseReport {
    report
        .phases
        .iter()
        .find(|phase| phase.name == name)
        .unwrap()
}

/// Keeps this thread busy until `wall` of the phase has gone by.
fn work(phase: &Phase, wall: Duration) {
    let mut sum = 0u64;
    while phase.elapsed() < wall {
        sum = std::hint::black_box(sum.wrapping_mul(31) + 1);
    }
}

#[test]
fn memory_held_only_within_a_phase_is_that_phase_s_peak() {
    let monitor = monitor(|settings| settings.monitoring.resource_interval_ms = 3_600_000);
    let inner = {
        let _outer = monitor.phase("build");
        let held = std::hint::black_box(vec![1u8; 64 * MIB as usize]);
        let inner = monitor.phase("holding");
        drop(held);
        inner
    };
    drop(inner);
    let report = monitor.finish().unwrap();
    // No beat took place: the peak is known from the edge between the two phases.
    for name in ["build", "holding"] {
        let resources = &phase(&report, name).resources;
        assert!(
            resources.peak_anonymous_swapped_bytes >= Some(64 * MIB),
            "{name}: {resources:?}"
        );
    }
    assert!(report.run.resources.peak_anonymous_swapped_bytes >= Some(64 * MIB));
}

#[test]
fn a_busy_phase_has_a_share_of_the_available_cpus() {
    let monitor = monitor(|_| {});
    let steady = monitor.steady_phase("search");
    work(&steady, Duration::from_millis(240)); // more than the shortest window that CPU time is told of
    drop(steady);
    let report = monitor.finish().unwrap();
    let resources = &phase(&report, "search").resources;
    let (cores, cpus) = (
        resources.cores_used.unwrap(),
        resources.cpus_available.unwrap(),
    );
    assert!(cores > 0.0 && cpus > 0.0, "{resources:?}");
    assert!(
        (resources.cpu_percent.unwrap() - 100.0 * cores / cpus).abs() < 1e-6,
        "{resources:?}"
    );
    let seconds = phase(&report, "search").duration_seconds;
    assert!(
        (cores * seconds)
            <= resources.cpu_user_seconds.unwrap() + resources.cpu_system_seconds.unwrap() + 0.01
    );
}

#[test]
fn the_series_ends_with_the_counts_of_the_report() {
    let monitor = monitor(|settings| settings.monitoring.series_points = 8);
    let search = monitor.operation("search");
    let phase = monitor.phase("search");
    for tenth in 1..=20 {
        search.measure(|| {});
        work(&phase, Duration::from_millis(10 * tenth));
    }
    drop(phase);
    let report = monitor.finish().unwrap();
    assert!(
        (2..=9).contains(&report.series.len()),
        "{} points",
        report.series.len()
    );
    assert_eq!(report.series.last().unwrap().operations["search"], 20);
    assert!(
        report
            .series
            .windows(2)
            .all(|pair| pair[0].resources.at_seconds < pair[1].resources.at_seconds)
    );
    assert!(
        report.self_cost.bytes > 0 && report.self_cost.cpu_seconds > 0.0,
        "{:?}",
        report.self_cost
    );
}

/// What is left before memory runs out is known wherever `/proc` is, and never more than there is.
#[cfg(target_os = "linux")]
#[test]
fn headroom_is_told_and_pressure_where_the_kernel_counts_it() {
    let monitor = monitor(|_| {});
    let resources = monitor.finish().unwrap().run.resources;
    let headroom = resources.memory_headroom.unwrap();
    assert!(!headroom.limited_by.is_empty(), "{headroom:?}");
    assert!(
        headroom.used_bytes > 0 && headroom.headroom_bytes < headroom.limit_bytes,
        "{headroom:?}"
    );
    let tells = std::fs::read("/proc/pressure/memory").is_ok();
    assert!(!tells || resources.memory_pressure.is_some());
}

#[test]
fn without_memory_tracking_memory_is_absent_and_not_judged() {
    let monitor = monitor(|settings| settings.monitoring.memory_tracking = false);
    let report = monitor.finish().unwrap();
    let last = report.run.resources.last.clone().unwrap();
    assert_eq!(
        (
            last.anonymous_bytes,
            last.swapped_bytes,
            last.cgroup_memory_bytes
        ),
        (None, None, None)
    );
    assert_eq!(report.run.resources.peak_anonymous_swapped_bytes, None);
    assert_eq!(report.run.resources.memory_headroom, None);
    assert_eq!(report.run.resources.memory_pressure, None);
    let verdict = report
        .verdicts
        .iter()
        .find(|verdict| verdict.threshold == "max_memory_mb")
        .unwrap();
    assert_eq!(verdict.status, Status::NoData, "{verdict:?}");
    let capability = report
        .environment
        .capabilities
        .iter()
        .find(|one| one.name == "process memory")
        .unwrap();
    assert!(
        !capability.available && capability.reason.contains("memory_tracking"),
        "{capability:?}"
    );
}

/// Whether a collector's thread is alive is a question to the whole process, so it is asked in one of its own.
#[cfg(target_os = "linux")]
#[test]
fn the_thread_lives_from_the_start_to_the_finish_and_never_when_off() {
    let program = std::env::current_exe().unwrap();
    let child = Command::new(program)
        .args(["--exact", "resources::alone", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "started by the test above, alone in its process"]
fn alone() {
    let off = monitor(|settings| settings.monitoring.enabled = false);
    drop(off.phase("nothing"));
    assert_eq!(collectors(), 0);
    let on = monitor(|_| {});
    assert!(come_to(1));
    on.finish().unwrap();
    assert!(come_to(0));
    drop(monitor(|_| {}));
    assert!(come_to(0));
    std::mem::forget(monitor(|_| {})); // a program that ends without finish: this process must end all the same
}

/// A thread names itself after its start, and the kernel lists it for a moment after it was joined.
#[cfg(target_os = "linux")]
fn come_to(count: usize) -> bool {
    (0..100_000).any(|_| {
        std::thread::yield_now();
        collectors() == count
    })
}

/// Live threads with the collector's name.
#[cfg(target_os = "linux")]
fn collectors() -> usize {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let names =
        threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("comm")).ok());
    names
        .filter(|name| name.trim() == "vecperf-collect")
        .count()
}
