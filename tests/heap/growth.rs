//! What grew between two moments.

use vecperf::profile::names;

use super::seen;

#[inline(never)]
fn grow_the_index(to: &mut Vec<Vec<u8>>) {
    to.extend((0..100).map(|_| vec![1; 100_000]));
}

#[inline(never)]
fn fill_a_cache() -> Vec<Vec<u8>> {
    (0..50).map(|_| vec![2; 100_000]).collect()
}

#[test]
fn growth_names_who_grew_and_who_shrank() {
    let (_turn, monitor) = seen::monitor(1_000);
    let mut index = Vec::new();
    let cache = fill_a_cache();
    let before = monitor.heap_mark();
    let phase = monitor.phase("ingest");
    grow_the_index(&mut index);
    phase.end();
    drop(cache);
    let after = monitor.heap_mark();
    grow_the_index(&mut index); // after the second mark
    let growth = monitor.heap_growth(&before, &after).unwrap();
    assert!(growth.check().is_ok());
    let grown = seen::of(&growth, "grow_the_index");
    let list = grown.inuse_space - 100 * 100_000;
    assert!((0..20_000).contains(&list), "{grown:?}");
    let shrunk = seen::of(&growth, "fill_a_cache").inuse_space + 50 * 100_000;
    assert!((-20_000..=0).contains(&shrunk), "and its list: {shrunk}");
    let space = growth.value_index(names::INUSE_SPACE).unwrap();
    let by_phase = growth.totals_by_label(names::PHASE, space);
    assert!(by_phase["ingest"] >= 100 * 100_000, "{by_phase:?}");
    drop(index);
}

#[test]
fn marks_of_another_monitor_are_not_compared() {
    let (turn, monitor) = seen::monitor(10_000);
    let mark = monitor.heap_mark();
    drop(monitor);
    drop(turn);
    let (_turn, monitor) = seen::monitor(10_000);
    assert!(monitor.heap_growth(&mark, &monitor.heap_mark()).is_none());
    // One at a time: a second monitor says so, and does all else.
    let mut settings = vecperf::Settings::default();
    settings.monitoring.cpu_profiling = false;
    let second = vecperf::Monitor::in_memory(settings).unwrap();
    assert!(second.heap_profile().is_none());
    let report = second.finish().unwrap();
    let heap = |one: &&vecperf::resource::Capability| one.name == "heap profile";
    let capability = report.environment.capabilities.iter().find(heap).unwrap();
    assert!(
        !capability.available && capability.reason.contains("another"),
        "{capability:?}"
    );
    assert!(monitor.heap_profile().is_some());
}
