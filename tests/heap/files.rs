//! The file and the report.
use vecperf::{Monitor, Settings};

use super::seen;

#[inline(never)]
fn hold_for_the_file() -> Vec<Vec<u8>> {
    (0..64).map(|_| vec![3; 1 << 20]).collect()
}

#[test]
fn finish_writes_the_profile_and_the_report_tells_of_it() {
    let (turn, other) = seen::monitor(1_000);
    drop(other);
    let directory = tempfile::tempdir().unwrap();
    let mut settings = Settings::default();
    settings.monitoring.cpu_profiling = false;
    settings.output.directory = directory.path().to_owned();
    let monitor = Monitor::new(settings).unwrap();
    let held = hold_for_the_file();
    let report = monitor.finish().unwrap();
    drop(held);
    drop(turn);
    let heap = report.heap_profile.as_ref().unwrap();
    assert_eq!(heap.mean_bytes, 524_288);
    let file = directory.path().join("heap_profile.prof");
    assert_eq!(heap.file.as_deref(), file.to_str());
    let profile = vecperf::export::pprof::read(&std::fs::read(&file).unwrap(), 1 << 20).unwrap();
    let last = profile.value_types.last().unwrap();
    assert_eq!(
        (last.kind.as_str(), last.unit.as_str()),
        ("inuse_space", "bytes")
    );
    assert_eq!(
        (profile.period_type.kind.as_str(), profile.period),
        ("space", 524_288)
    );
    let seen = seen::of(&profile, "hold_for_the_file");
    let truth = 64 << 20;
    assert!(
        seen::is_near(seen.inuse_space, truth, 1 << 20, 524_288, 4.0),
        "{seen:?}"
    );
    let first = &heap.sites[0];
    assert!(
        first.function.contains("hold_for_the_file"),
        "{:?}",
        heap.sites
    );
    assert!(heap.in_use_bytes >= first.in_use_bytes && first.in_use_bytes > 48 << 20);
    let text = vecperf::export::Console::default()
        .to_bytes(&report)
        .unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(
        text.contains("heap of functions") && text.contains("heap_profile.prof"),
        "{text}"
    );
    // The stack leads to this test, and its first frame is not the allocator.
    let name = |location: u32| {
        let line = profile.locations[location as usize].lines.first()?;
        Some(profile.functions[line.function as usize].name.clone())
    };
    for sample in &profile.samples {
        let leaf = sample
            .locations
            .first()
            .and_then(|leaf| name(*leaf))
            .unwrap_or_default();
        assert!(!leaf.contains("vecperf::allocation"), "{leaf}");
    }
}

#[test]
fn settings_say_that_there_is_none() {
    let (_turn, monitor) = seen::monitor(0);
    assert!(monitor.heap_profile().is_none());
    let report = monitor.finish().unwrap();
    assert!(report.heap_profile.is_none());
    let capabilities = &report.environment.capabilities;
    let heap = capabilities
        .iter()
        .find(|one| one.name == "heap profile")
        .unwrap();
    assert!(heap.reason.contains("heap_sample_bytes = 0"), "{heap:?}");
}

use vecperf::export::Exporter as _;
