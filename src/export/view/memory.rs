//! What the process's memory is made of.

use super::plural;
use crate::export::quantity::{bytes, duration, number, percent};
use crate::report::{ComponentReport, MemoryReport, RegionReport, Report};

/// A part of the anonymous memory; each byte is in one of them.
pub(in crate::export) struct Part {
    pub(in crate::export) name: &'static str,
    /// What that is, where the name alone does not say.
    pub(in crate::export) what: &'static str,
    pub(in crate::export) bytes: Option<u64>,
}

/// The anonymous memory by its parts, the components, the regions, and what is missing.
pub(in crate::export) fn memory(report: &Report) -> Vec<(&'static str, String)> {
    let Some(memory) = &report.memory else {
        return Vec::new();
    };
    let held = held(memory).map(|line| ("held", line));
    let components = components(memory).map(|line| ("parts", line));
    let files = files(memory).map(|line| ("files", line));
    let regions = memory.regions.iter().map(|it| ("region", region(it)));
    let doubts = memory.components.iter().filter_map(|it| {
        it.doubt
            .as_ref()
            .map(|doubt| format!("{}: {doubt}", it.name))
    });
    let notes = memory.notes.iter().cloned().chain(doubts);
    held.into_iter()
        .chain(components)
        .chain(files)
        .chain(regions)
        .chain(notes.map(|note| ("note", note)))
        .collect()
}

/// The heap (that of Rust, where it is told apart), the other heap, what lies outside of heaps, what is free, and what
/// nobody explains.
pub(in crate::export) fn parts(memory: &MemoryReport) -> [Part; 5] {
    let other = memory.other_heap_bytes;
    let (heap, bytes) = match other {
        Some(_) => ("Rust heap", memory.rust_heap_bytes),
        None => ("heap", memory.heap_bytes),
    };
    let outside = Some(memory.outside_heap_bytes).filter(|&size| size > 0);
    [
        (heap, "", bytes),
        ("other heap", "C, C++", other),
        ("outside the heap", "components in mappings", outside),
        ("free in the heap", "kept for later", memory.heap_free_bytes),
        (
            "unexplained",
            "stacks, programs' data, unregistered mappings",
            memory.unexplained_bytes,
        ),
    ]
    .map(|(name, what, bytes)| Part { name, what, bytes })
}

/// `43.2 MiB anonymous + swapped at the end of search, 92.0 % explained`.
pub(in crate::export) fn whole(memory: &MemoryReport) -> Option<String> {
    let whole = memory.anonymous_swapped_bytes?;
    let when = match &memory.phase {
        Some(phase) => format!("at the end of {phase}"),
        None => format!("after {}", duration(memory.at_seconds)),
    };
    let share = memory.explained_share.map_or_else(String::new, |share| {
        format!(", {} explained", percent(share * 100.0))
    });
    Some(format!(
        "{} anonymous + swapped {when}{share}",
        bytes(whole)
    ))
}

/// What else is known of the anonymous memory: `3 MiB in huge pages`.
pub(in crate::export) fn extra(memory: &MemoryReport) -> impl Iterator<Item = String> {
    let extra = [
        ("given out and never touched", memory.untouched_bytes),
        ("in huge pages", memory.huge_page_bytes),
    ];
    let extra = extra.into_iter().filter(|(_, size)| *size > Some(0));
    extra.filter_map(|(what, size)| Some(format!("{} {what}", bytes(size?))))
}

/// `43.2 MiB anonymous + swapped at the end of search, 92.0 % explained: Rust heap 20.1 MiB · …`.
fn held(memory: &MemoryReport) -> Option<String> {
    let whole = whole(memory).filter(|_| memory.explained_share.is_some())?;
    let parts = parts(memory).into_iter();
    let parts = parts.filter_map(|part| Some(format!("{} {}", part.name, bytes(part.bytes?))));
    let parts: Vec<_> = parts.chain(extra(memory)).collect();
    Some(format!("{whole}: {}", parts.join(" · ")))
}

fn components(memory: &MemoryReport) -> Option<String> {
    let mut parts: Vec<_> = memory.components.iter().collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    let parts: Vec<_> = parts.into_iter().filter_map(component).collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

fn component(part: &ComponentReport) -> Option<String> {
    let mut text = format!("{} {}", part.name, bytes(part.bytes?));
    if let Some(each) = part.bytes_per_vector {
        text.push_str(&format!(", {} B a vector", number(each)));
    }
    if let Some(stale) = stale(part) {
        text.push_str(&format!(" ({stale})"));
    }
    Some(text)
}

/// `as of 2.00 s: it has not answered since`.
pub(in crate::export) fn stale(part: &ComponentReport) -> Option<String> {
    let at = part.answered_at_seconds.filter(|_| part.stale)?;
    Some(format!("as of {}: it has not answered since", duration(at)))
}

/// How the file-backed memory is split, where regions were registered.
pub(in crate::export) fn files(memory: &MemoryReport) -> Option<String> {
    if memory.regions.is_empty() {
        return None;
    }
    let (all, within) = (
        memory.file_backed_bytes?,
        memory.file_backed_in_regions_bytes?,
    );
    Some(format!(
        "{} file-backed: {} in {} · {} in other files",
        bytes(all),
        bytes(within),
        plural(memory.regions.len() as u64, "region"),
        bytes(all.saturating_sub(within))
    ))
}

/// `index.bin 256 MiB: 98.0 % in memory, 41.2 % mapped, 0 B at first`.
fn region(region: &RegionReport) -> String {
    let share = |part| share_of(region, part);
    let known = [
        (resident(region), "in memory"),
        (region.first_resident_bytes.map(share), "at first"),
        (region.mapped_bytes.map(share), "in the page table"),
    ];
    let known = known.into_iter();
    let known = known.filter_map(|(part, what)| Some(format!("{} {what}", part?)));
    let mut parts: Vec<_> = known.collect();
    parts.extend(region.doubt.clone());
    let file = region.file.as_ref();
    let file = file.map(|file| format!(" of {file}")).unwrap_or_default();
    format!(
        "{} {}{file}: {}",
        region.name,
        bytes(region.bytes),
        parts.join(", ")
    )
}

/// What of a region was in memory: `98.0 % ± 1.00 %`.
pub(in crate::export) fn resident(region: &RegionReport) -> Option<String> {
    let resident = share_of(region, region.resident_bytes?);
    Some(match region.margin_bytes {
        0 => resident,
        margin => format!("{resident} ± {}", share_of(region, margin)),
    })
}

/// A part of a region, in percent.
pub(in crate::export) fn share_of(region: &RegionReport, part: u64) -> String {
    let whole = region.bytes.max(1) as f64;
    percent(part.min(region.bytes) as f64 / whole * 100.0)
}
