//! What the process's memory is made of.

use super::plural;
use crate::export::quantity::{bytes, duration, number, percent};
use crate::report::{ComponentReport, MemoryReport, RegionReport, Report};

/// The anonymous memory by its parts, the components, the regions, and what is missing.
pub(in crate::export) fn memory(report: &Report) -> Vec<(&'static str, String)> {
    let Some(memory) = &report.memory else {
        return Vec::new();
    };
    let parts = parts(memory).map(|line| ("held", line));
    let components = components(memory).map(|line| ("parts", line));
    let files = files(memory).map(|line| ("files", line));
    let regions = memory.regions.iter().map(|it| ("region", region(it)));
    let doubts = memory.components.iter().filter_map(|it| {
        it.doubt
            .as_ref()
            .map(|doubt| format!("{}: {doubt}", it.name))
    });
    let notes = memory.notes.iter().cloned().chain(doubts);
    parts
        .into_iter()
        .chain(components)
        .chain(files)
        .chain(regions)
        .chain(notes.map(|note| ("note", note)))
        .collect()
}

/// `43.2 MiB anonymous + swapped at the end of search, 92 % explained: Rust heap 20.1 MiB, …, 3.41 MiB unexplained`.
fn parts(memory: &MemoryReport) -> Option<String> {
    let whole = memory.anonymous_swapped_bytes?;
    let share = memory.explained_share?;
    let when = memory.phase.as_ref();
    let when = when.map(|phase| format!(" at the end of {phase}"));
    let (rust, other) = (memory.rust_heap_bytes, memory.other_heap_bytes);
    let undivided = memory.heap_bytes.filter(|_| other.is_none());
    let rust = rust.filter(|_| other.is_some());
    let outside = Some(memory.outside_heap_bytes).filter(|&size| size > 0);
    let all = [
        ("Rust heap", rust),
        ("other heap", other),
        ("heap", undivided),
        ("outside the heap", outside),
        ("free in the heap", memory.heap_free_bytes),
        ("unexplained", memory.unexplained_bytes),
    ];
    let mut parts: Vec<_> = all
        .into_iter()
        .filter_map(|(name, size)| Some(format!("{name} {}", bytes(size?))))
        .collect();
    let extra = [
        ("given out and never touched", memory.untouched_bytes),
        ("in huge pages", memory.huge_page_bytes),
    ];
    let extra = extra.into_iter().filter(|(_, size)| *size > Some(0));
    parts.extend(extra.filter_map(|(what, size)| Some(format!("{} {what}", bytes(size?)))));
    Some(format!(
        "{} anonymous + swapped{}, {} explained: {}",
        bytes(whole),
        when.unwrap_or_default(),
        percent(share * 100.0),
        parts.join(" · ")
    ))
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
    if let (true, Some(at)) = (part.stale, part.answered_at_seconds) {
        text.push_str(&format!(
            " (as of {}: it has not answered since)",
            duration(at)
        ));
    }
    Some(text)
}

/// How the file-backed memory is split, where regions were registered.
fn files(memory: &MemoryReport) -> Option<String> {
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
    let mut parts = Vec::new();
    let share = |part: u64| percent(part as f64 / (region.bytes.max(1)) as f64 * 100.0);
    if let Some(resident) = region.resident_bytes {
        let margin = match region.margin_bytes {
            0 => String::new(),
            margin => format!(" ± {}", share(margin)),
        };
        parts.push(format!(
            "{}{margin} in memory",
            share(resident.min(region.bytes))
        ));
    }
    if let Some(first) = region.first_resident_bytes {
        parts.push(format!("{} at first", share(first.min(region.bytes))));
    }
    if let Some(mapped) = region.mapped_bytes {
        parts.push(format!(
            "{} in the page table",
            share(mapped.min(region.bytes))
        ));
    }
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
