//! What the memory is made of.

use super::Shown;
use super::markup::{Cell, Markup};
use crate::export::quantity::{bytes, number, percent};
use crate::export::view;
use crate::report::{ComponentReport, MemoryReport, RegionReport};

/// The anonymous memory by its parts, then the program's own words on it, then the mapped files.
pub(super) fn section(page: &mut Markup, shown: &Shown<'_>) {
    let Some(memory) = &shown.report.memory else {
        return;
    };
    explained(page, memory);
    components(page, memory);
    regions(page, memory);
    let files = view::files(memory).into_iter();
    page.list(files.chain(memory.notes.iter().cloned()));
}

/// What the style calls the parts, in their order.
const CLASSES: [&str; 5] = ["part-1", "part-2", "part-3", "part-4", "part-5"];

fn explained(page: &mut Markup, memory: &MemoryReport) {
    let (Some(whole), Some(text)) = (memory.anonymous_swapped_bytes, view::whole(memory)) else {
        return;
    };
    page.paragraph("lead", &format!("{text}."));
    let parts = CLASSES.into_iter().zip(view::parts(memory));
    let known = parts.filter_map(|(class, part)| {
        let size = part.bytes.filter(|&size| size > 0)?;
        Some((class, part, size))
    });
    let parts: Vec<_> = known.collect();
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
    let rows = parts.into_iter().map(|(class, part, size)| {
        let mut name = Markup::default();
        name.html("<i class=\"swatch ").html(class);
        name.html("\"></i>").html(part.name);
        if !part.what.is_empty() {
            name.html(": ").html(part.what);
        }
        let share = percent(size as f64 / whole.max(1) as f64 * 100.0);
        vec![Cell::Part(name), bytes(size).into(), share.into()]
    });
    page.table(
        "The parts of the anonymous memory; each byte is counted once",
        &["part", "size", "share"],
        1,
        rows,
    );
    page.list(view::extra(memory));
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
    let doubt = part.doubt.clone();
    doubt.or_else(|| view::stale(part)).unwrap_or_default()
}

fn regions(page: &mut Markup, memory: &MemoryReport) {
    let row = |region: &RegionReport| {
        let or_unknown = |share: Option<String>| share.unwrap_or_else(|| "–".to_owned());
        let share = |part: Option<u64>| or_unknown(part.map(|it| view::share_of(region, it)));
        vec![
            region.name.clone(),
            region.file.clone().unwrap_or_default(),
            region.doubt.clone().unwrap_or_default(),
            bytes(region.bytes),
            share(region.first_resident_bytes),
            or_unknown(view::resident(region)),
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
