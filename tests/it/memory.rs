//! The process's memory explained, as a program sees it in its report.

#[cfg(target_os = "linux")]
mod mapped;

use vecperf::report::MemoryReport;
use vecperf::{Monitor, Settings};

fn monitor() -> Monitor {
    let mut settings = Settings::default();
    settings.monitoring.cpu_profiling = false;
    Monitor::in_memory(settings).unwrap()
}

fn finished(monitor: &Monitor) -> MemoryReport {
    monitor.finish().unwrap().memory.unwrap()
}

#[test]
fn components_are_shown_per_vector() {
    let monitor = monitor();
    monitor.component("graph", || 400_000);
    monitor.set_workload(vecperf::report::Workload {
        vectors: 1000,
        ..Default::default()
    });
    let memory = finished(&monitor);
    let graph = &memory.components[0];
    assert_eq!(
        (graph.name.as_str(), graph.bytes, graph.bytes_per_vector),
        ("graph", Some(400_000), Some(400.0))
    );
    assert!(!graph.stale && graph.doubt.is_none(), "{graph:?}");
}

/// Not only at one moment: how a part grew, and that it went, shows over time.
#[test]
fn parts_are_in_the_time_series() {
    let mut settings = Settings::default();
    settings.monitoring.cpu_profiling = false;
    settings.monitoring.resource_interval_ms = 20;
    let monitor = Monitor::in_memory(settings).unwrap();
    let component = monitor.component("graph", || 400_000);
    let index = vec![1u8; 1 << 20];
    let _region = monitor.region("index", &index);
    let wait_until = |there: bool| {
        for _ in 0..1_000 {
            let series = monitor.report().series;
            if series.last().unwrap().components.contains_key("graph") == there {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("graph in the last point: {}", !there);
    };
    wait_until(true);
    component.remove();
    wait_until(false);
    let series = monitor.finish().unwrap().series;
    assert!(series[0].components.is_empty());
    let said = series
        .iter()
        .find_map(|point| point.components.get("graph"));
    assert_eq!(said, Some(&400_000));
    if cfg!(target_os = "linux") {
        let in_memory = series.last().unwrap().components["index"];
        assert!(
            (1 << 20..(1 << 20) + 8192).contains(&in_memory),
            "{in_memory}"
        );
    }
}

/// What is shown is the memory of the search, not what is left when the program has freed its index.
#[test]
fn the_account_is_that_of_the_judged_phase() {
    let monitor = monitor();
    let steady = monitor.steady_phase("search");
    let component = monitor.component("index", || 400_000);
    steady.end();
    component.remove();
    drop(monitor.steady_phase("again"));
    let memory = finished(&monitor);
    assert_eq!(memory.phase.as_deref(), Some("search"));
    assert_eq!(memory.components.len(), 1);
}

#[test]
fn a_component_that_says_more_than_the_process_holds_is_doubted() {
    let monitor = monitor();
    monitor.component("boast", || u64::MAX).outside_heap();
    let memory = finished(&monitor);
    assert_eq!(memory.components[0].bytes, Some(u64::MAX));
    if memory.anonymous_swapped_bytes.is_some() {
        assert!(memory.components[0].doubt.is_some(), "{memory:?}");
        assert_eq!(memory.outside_heap_bytes, 0);
    }
}

#[test]
fn a_component_may_hold_its_monitor_without_keeping_it_alive() {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = Settings::default();
    settings.output.directory = directory.path().join("logs");
    let monitor = Monitor::new(settings).unwrap();
    let path = monitor.metrics_path().unwrap();
    let held = monitor.clone();
    monitor.component("self", move || u64::from(held.is_on()));
    monitor.finish().unwrap();
    drop(monitor);
    assert!(path.exists());
}

#[test]
fn without_memory_tracking_nothing_is_asked() {
    let mut settings = Settings::default();
    settings.monitoring.memory_tracking = false;
    let monitor = Monitor::in_memory(settings).unwrap();
    let called = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let call = std::sync::Arc::clone(&called);
    monitor.component("part", move || {
        call.store(true, std::sync::atomic::Ordering::Relaxed);
        1
    });
    monitor.region("index", b"index");
    assert_eq!(monitor.finish().unwrap().memory, None);
    assert!(!called.load(std::sync::atomic::Ordering::Relaxed));
    Monitor::off().component("part", || 1).remove();
}
