//! What the memory is made of.

use super::Shown;
use super::markup::Markup;
use crate::export::quantity::{bytes, duration, number, percent};
use crate::report::{ComponentReport, MemoryReport, RegionReport};

/// The anonymous memory by its parts, then the program's own words on it, then the mapped files.
pub(super) fn section(page: &mut Markup, shown: &Shown<'_>) {
    let Some(memory) = &shown.report.memory else {
        return;
    };
    explained(page, memory);
    components(page, memory);
    regions(page, memory);
    page.list(&memory.notes);
}

/// The parts that add up: what the style calls them, their names and sizes.
fn parts(memory: &MemoryReport) -> Vec<(&'static str, &'static str, u64)> {
    let divided = memory.other_heap_bytes.is_some();
    let rust = memory.rust_heap_bytes.filter(|_| divided);
    let undivided = memory.heap_bytes.filter(|_| !divided);
    let all = [
        ("part-1", "Rust heap", rust),
        ("part-2", "other heap (C, C++)", memory.other_heap_bytes),
        ("part-1", "heap", undivided),
        (
            "part-3",
            "components outside of the heap",
            Some(memory.outside_heap_bytes),
        ),
        (
            "part-4",
            "free in the heap, kept for later",
            memory.heap_free_bytes,
        ),
        (
            "part-5",
            "unexplained: stacks, programs' data, unregistered mappings",
            memory.unexplained_bytes,
        ),
    ];
    let known = all
        .into_iter()
        .filter_map(|(class, name, size)| Some((class, name, size?)));
    known.filter(|(_, _, size)| *size > 0).collect()
}

fn explained(page: &mut Markup, memory: &MemoryReport) {
    let Some(whole) = memory.anonymous_swapped_bytes else {
        return;
    };
    let when = match &memory.phase {
        Some(phase) => format!("at the end of {phase}"),
        None => format!("after {}", duration(memory.at_seconds)),
    };
    let share = memory.explained_share.map_or_else(String::new, |share| {
        format!(", {} of it explained", percent(share * 100.0))
    });
    let text = format!("{} anonymous + swapped {when}{share}.", bytes(whole));
    page.paragraph("lead", &text);
    let parts = parts(memory);
    let all = parts.iter().map(|part| part.2 as f64).sum::<f64>();
    let all = all.max(whole as f64).max(1.0);
    page.html("<svg class=\"stack\" viewBox=\"0 0 960 28\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
    let mut left = 0.0;
    for (class, _, size) in &parts {
        let width = *size as f64 / all * 960.0;
        page.html("<rect class=\"").html(class).html("\" x=\"");
        page.number(left).html("\" y=\"0\" height=\"28\" width=\"");
        page.number(width).html("\"/>");
        left += width;
    }
    page.html("</svg>\n");
    page.open_table(
        "The parts of the anonymous memory; each byte is counted once",
        &["part", "size", "share"],
        1,
    );
    for (class, name, size) in parts {
        page.html("<tr><th scope=\"row\"><i class=\"swatch ");
        page.html(class).html("\"></i>").html(name);
        page.html("</th><td class=\"number\">").text(&bytes(size));
        let share = percent(size as f64 / whole.max(1) as f64 * 100.0);
        page.html("</td><td class=\"number\">").text(&share);
        page.html("</td></tr>\n");
    }
    page.close_table();
}

fn components(page: &mut Markup, memory: &MemoryReport) {
    let mut parts: Vec<_> = memory.components.iter().collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    let remarked = parts.iter().any(|part| !remark(part).is_empty());
    let rows = parts.into_iter().map(|part| {
        let size = |size: Option<u64>| size.map_or_else(|| "–".to_owned(), bytes);
        let each = part.bytes_per_vector.map(|it| format!("{} B", number(it)));
        let place = match part.outside_heap {
            true => "mappings of its own",
            false => "heap",
        };
        let mut row = vec![part.name.clone(), place.to_owned()];
        row.extend(remarked.then(|| remark(part)));
        row.extend([size(part.bytes), size(part.highest_bytes)]);
        row.push(each.unwrap_or_else(|| "–".to_owned()));
        row
    });
    let caption = "What the program says of its own parts";
    if remarked {
        let header = ["component", "lies in", "remark", "size", "most", "a vector"];
        page.table(caption, &header, 3, rows);
    } else {
        let header = ["component", "lies in", "size", "most", "a vector"];
        page.table(caption, &header, 2, rows);
    }
}

fn remark(part: &ComponentReport) -> String {
    match (&part.doubt, part.stale, part.answered_at_seconds) {
        (Some(doubt), _, _) => doubt.clone(),
        (None, true, Some(at)) => {
            format!("as of {}: it has not answered since", duration(at))
        }
        _ => String::new(),
    }
}

fn regions(page: &mut Markup, memory: &MemoryReport) {
    let row = |region: &RegionReport| {
        let share = |part: Option<u64>| {
            part.map_or_else(
                || "–".to_owned(),
                |part| percent(part.min(region.bytes) as f64 / region.bytes.max(1) as f64 * 100.0),
            )
        };
        vec![
            region.name.clone(),
            region.file.clone().unwrap_or_default(),
            region.doubt.clone().unwrap_or_default(),
            bytes(region.bytes),
            share(region.first_resident_bytes),
            share(region.resident_bytes),
            share(region.mapped_bytes),
        ]
    };
    let header = [
        "region",
        "file",
        "remark",
        "size",
        "in memory at first",
        "in memory",
        "in the page table",
    ];
    page.table(
        "Mapped regions, and what of them was in memory",
        &header,
        3,
        memory.regions.iter().map(row),
    );
}
