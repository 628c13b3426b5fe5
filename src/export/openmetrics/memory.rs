//! The process's memory explained.

use std::collections::BTreeSet;

use super::text::Text;
use crate::report::{RegionReport, Report};

/// What the memory is made of. The names of components and regions are unique in a report of ours.
pub(super) fn families(text: &mut Text, report: &Report) {
    let Some(memory) = &report.memory else {
        return;
    };
    // Undivided, one part; each byte is in one of them.
    let divided = memory.other_heap_bytes.is_some();
    let undivided = memory.heap_bytes.filter(|_| !divided);
    let parts = [
        ("rust_heap", memory.rust_heap_bytes.filter(|_| divided)),
        ("other_heap", memory.other_heap_bytes),
        ("heap", undivided),
        ("heap_free", memory.heap_free_bytes),
        ("outside_heap", Some(memory.outside_heap_bytes)),
        ("unexplained", memory.unexplained_bytes),
    ];
    text.choices(
        "memory_part_bytes",
        "gauge",
        "What anonymous and swapped memory is made of.",
        "part",
        &parts,
    );
    let huge = [("huge", memory.huge_page_bytes)];
    text.choices(
        "memory_pages_bytes",
        "gauge",
        "Anonymous memory in huge pages.",
        "size",
        &huge,
    );
    let mut seen = BTreeSet::new();
    let components: Vec<_> = memory
        .components
        .iter()
        .filter(|component| seen.insert(&component.name))
        .map(|component| (component.name.as_str(), component.bytes))
        .collect();
    text.choices(
        "component_bytes",
        "gauge",
        "Parts of the memory, as the program tells their size.",
        "component",
        &components,
    );
    regions(text, &memory.regions);
}

fn regions(text: &mut Text, regions: &[RegionReport]) {
    let mut seen = BTreeSet::new();
    let regions: Vec<_> = regions
        .iter()
        .filter(|region| seen.insert(&region.name))
        .collect();
    if regions.is_empty() {
        return;
    }
    text.family(
        "region_bytes",
        "gauge",
        "Ranges of addresses: their size, and what of it is in memory.",
    );
    for region in regions {
        let kinds = [
            ("size", Some(region.bytes)),
            ("resident", region.resident_bytes),
            ("mapped", region.mapped_bytes),
            ("anonymous", region.anonymous_bytes),
            ("swapped", region.swapped_bytes),
        ];
        for (kind, value) in kinds {
            if let Some(value) = value {
                let labels = [("region", region.name.as_str()), ("kind", kind)];
                text.sample("region_bytes", &labels, value);
            }
        }
    }
}
