//! Each byte is counted once, and what is doubtful explains nothing.

use std::time::Duration;

use super::*;

const MB: u64 = 1_000_000;

fn sample(anonymous: u64) -> ResourceSample {
    ResourceSample {
        anonymous_bytes: Some(anonymous),
        file_backed_bytes: Some(50 * MB),
        swapped_bytes: Some(0),
        ..ResourceSample::default()
    }
}

fn heap(in_use: u64, free: u64) -> HeapReading {
    HeapReading {
        allocator: "malloc (glibc)",
        in_use,
        free,
    }
}

fn part(name: &str, bytes: u64, outside_heap: bool) -> ComponentReading {
    ComponentReading {
        name: name.to_owned(),
        outside_heap,
        bytes: Some(bytes),
        highest: Some(bytes),
        answered_at: Some(Duration::from_secs(3)),
        answering: Answering::Fresh,
    }
}

fn explained(
    heaps: Vec<HeapReading>,
    components: Vec<ComponentReading>,
    anonymous: u64,
) -> MemoryReport {
    let account = Account {
        at: Duration::from_secs(4),
        heaps,
        components,
        ..Account::default()
    };
    MemoryReport::explain(
        &account,
        Some(&sample(anonymous)),
        Some("search"),
        Some(1000),
    )
}

#[test]
fn a_component_in_a_heap_says_whose_it_is_and_adds_nothing() {
    let report = explained(
        vec![heap(40 * MB, 5 * MB)],
        vec![
            part("vectors", 30 * MB, false),
            part("graph", 20 * MB, true),
        ],
        100 * MB,
    );
    assert_eq!(report.heap_bytes, Some(40 * MB));
    assert_eq!(report.outside_heap_bytes, 20 * MB);
    assert_eq!(report.heap_free_bytes, Some(5 * MB));
    assert_eq!(report.unexplained_bytes, Some(35 * MB));
    assert_eq!(report.explained_share, Some(0.65));
    assert_eq!(report.untouched_bytes, Some(0));
    assert_eq!(report.components[1].bytes_per_vector, Some(20_000.0));
}

fn with_rust(heaps: Vec<HeapReading>, live: u64, within: Within) -> MemoryReport {
    let account = Account {
        heaps,
        rust: Some(RustHeap { live, within }),
        ..Account::default()
    };
    MemoryReport::explain(&account, Some(&sample(100 * MB)), None, None)
}

#[test]
fn rust_s_part_is_in_its_allocator_s_figure_and_counted_once() {
    let parts = |report: &MemoryReport| {
        [
            report.heap_bytes,
            report.rust_heap_bytes,
            report.other_heap_bytes,
            report.unexplained_bytes,
        ]
        .map(|bytes| bytes.map(|bytes| bytes / MB))
    };
    let glibc = || vec![heap(40 * MB, 0)];
    let within = Within::Allocator("malloc (glibc)");
    let report = with_rust(glibc(), 30 * MB, within);
    assert_eq!(parts(&report), [Some(40), Some(30), Some(10), Some(60)]);
    assert!(report.notes.is_empty());
    // Its allocator is mimalloc, say, and glibc's has C's blocks only.
    let report = with_rust(glibc(), 30 * MB, Within::NoneOfThem);
    assert_eq!(parts(&report), [Some(70), Some(30), Some(40), Some(30)]);
    let report = with_rust(glibc(), 30 * MB, Within::Unknown);
    assert_eq!(parts(&report), [Some(40), Some(30), None, Some(60)]);
    // musl: no allocator tells.
    let report = with_rust(Vec::new(), 30 * MB, Within::NoneOfThem);
    assert_eq!(parts(&report), [Some(30), Some(30), None, Some(70)]);
}

#[test]
fn the_parts_with_the_rest_are_the_whole() {
    for (in_use, free, outside) in [
        (10, 5, 3),
        (60, 90, 0),
        (99, 99, 99),
        (0, 0, 0),
        (30, 70, 0),
    ] {
        let report = explained(
            vec![heap(in_use * MB, free * MB)],
            vec![part("arena", outside * MB, true)],
            100 * MB,
        );
        let sum = report.heap_bytes.unwrap()
            + report.outside_heap_bytes
            + report.heap_free_bytes.unwrap()
            + report.unexplained_bytes.unwrap()
            - report.untouched_bytes.unwrap();
        assert_eq!(sum, 100 * MB, "{in_use} {free} {outside}");
    }
}

#[test]
fn a_component_that_says_more_than_there_is_explains_nothing() {
    let report = explained(
        vec![heap(40 * MB, 0)],
        vec![part("boast", 151 * MB, true), part("huge", u64::MAX, false)],
        100 * MB,
    );
    assert_eq!(report.unexplained_bytes, Some(60 * MB));
    for component in &report.components {
        assert!(component.doubt.is_some(), "{component:?}");
        assert!(component.bytes.is_some(), "what it said is shown");
    }
}

#[test]
fn stale_figures_still_explain_and_say_so() {
    let stale = ComponentReading {
        answering: Answering::Stale,
        ..part("arena", 10 * MB, true)
    };
    let silent = ComponentReading {
        bytes: None,
        ..stale.clone()
    };
    let report = explained(vec![heap(0, 0)], vec![stale, silent], 100 * MB);
    assert_eq!(report.unexplained_bytes, Some(90 * MB));
    assert!(report.components[0].stale && report.components[0].doubt.is_none());
    assert!(report.components[1].doubt.is_some());
}

#[test]
fn without_an_allocator_that_tells_components_speak_for_their_heap() {
    let report = explained(Vec::new(), vec![part("vectors", 30 * MB, false)], 100 * MB);
    assert_eq!(report.heap_bytes, None);
    assert_eq!(report.unexplained_bytes, Some(70 * MB));
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.contains("no allocator"))
    );
}

#[test]
fn components_in_a_heap_that_outgrow_it_are_told_of() {
    let report = explained(
        vec![heap(10 * MB, 0)],
        vec![part("arena", 30 * MB, false)],
        100 * MB,
    );
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.contains("outside_heap()")),
        "{report:?}"
    );
}

#[test]
fn without_process_memory_nothing_is_said_to_be_explained() {
    let account = Account {
        components: vec![part("vectors", 30 * MB, false)],
        ..Account::default()
    };
    let report = MemoryReport::explain(&account, None, None, Some(0));
    assert_eq!(report.unexplained_bytes, None);
    assert_eq!(report.explained_share, None);
    assert_eq!(report.components[0].bytes, Some(30 * MB));
    assert_eq!(report.components[0].bytes_per_vector, None);
}

#[test]
fn file_backed_memory_is_split_by_regions_over_files() {
    let region = |identity: Identity, mapped| RegionReading {
        name: "index".to_owned(),
        bytes: 40 * MB,
        first: None,
        last: Some(Look::Seen(Pages {
            mapped: Some(mapped),
            ..Pages::default()
        })),
        identity: Some(identity),
    };
    let inode = || crate::memory::Inode {
        id: ((0, 1), 2),
        path: "/data/index.bin".to_owned(),
    };
    let account = Account {
        regions: vec![
            region(Identity::File(inode()), 20 * MB),
            region(Identity::Shared(inode()), 10 * MB),
            region(Identity::Anonymous, 0),
        ],
        ..Account::default()
    };
    let report = MemoryReport::explain(&account, Some(&sample(100 * MB)), None, None);
    assert_eq!(report.file_backed_in_regions_bytes, Some(20 * MB));
    assert_eq!(report.regions[0].file.as_deref(), Some("/data/index.bin"));
}
