//! The operations: percentiles by phase, and where their time went.

use super::Shown;
use super::markup::{Cell, Markup};
use crate::export::quantity::{count, duration, number};
use crate::export::view::{self, COLUMNS, Group};
use crate::report::{Report, TimeSplit};

/// A table a phase that had operations, then where the time went.
pub(super) fn section(page: &mut Markup, shown: &Shown<'_>) {
    let groups = view::groups(shown.report);
    let mut groups = groups
        .iter()
        .filter(|group| !group.rows.is_empty())
        .peekable();
    if groups.peek().is_none() {
        return;
    }
    page.html("<p>Percentiles are within 0.55 %; counts and the maximum are exact.</p>\n");
    groups.for_each(|group| phase(page, group));
    time_splits(page, shown.report);
}

fn phase(page: &mut Markup, group: &Group) {
    let header: Vec<_> = std::iter::once("operation").chain(COLUMNS).collect();
    let rows = group.rows.iter().map(|row| {
        let cells = row.cells.iter().cloned();
        std::iter::once(row.name.clone()).chain(cells).collect()
    });
    page.table(&format!("Phase {}", group.title), &header, 1, rows);
    let details = group.rows.iter().flat_map(|row| {
        let name = &row.name;
        row.details.iter().map(move |it| format!("{name}: {it}"))
    });
    page.list(details);
}

/// The parts of an operation's time: what the style calls them, and their names.
const PARTS: [(&str, &str); 4] = [
    ("on-cpu", "on CPU"),
    ("blocked", "blocked"),
    ("preempted", "preempted"),
    ("elsewhere", "on no thread"),
];

fn time_splits(page: &mut Markup, report: &Report) {
    let splits = view::phased(report).into_iter();
    let splits = splits.filter_map(|it| Some((it.name, it.operation.time_split.as_ref()?)));
    let rows: Vec<_> = splits
        .flat_map(|(of, split)| {
            let slow = split.above_p99.iter();
            let slow = slow.map(|it| (format!("{of}, slower than p99"), it));
            std::iter::once((of.clone(), &split.all))
                .chain(slow)
                .collect::<Vec<_>>()
        })
        .filter(|(_, split)| split.latency_seconds > 0.0)
        .collect();
    if rows.is_empty() {
        return;
    }
    page.heading("Where the time went");
    legend(page);
    let header = [
        "instances",
        "share of the time",
        "count",
        "mean",
        "on CPU",
        "blocked",
        "preempted",
        "on no thread",
        "page faults each",
    ];
    let rows = rows.into_iter().map(|(of, split)| {
        let faults = split.page_faults.map(number);
        let mut row = vec![Cell::Text(of), bar(split).into()];
        row.push(count(split.count).into());
        row.push(duration(split.latency_seconds).into());
        row.extend(parts(split).map(|it| duration(it).into()));
        row.push(faults.unwrap_or_else(|| "–".to_owned()).into());
        row
    });
    page.table(
        "Mean time of an operation by where it was spent",
        &header,
        2,
        rows,
    );
}

fn legend(page: &mut Markup) {
    page.html("<p class=\"legend\">");
    for (class, name) in PARTS {
        page.html("<span><i class=\"swatch ").html(class);
        page.html("\"></i>").html(name).html("</span> ");
    }
    page.html("</p>\n");
}

/// Seconds of each of [`PARTS`].
fn parts(split: &TimeSplit) -> [f64; 4] {
    [
        split.on_cpu_seconds,
        split.blocked_seconds,
        split.preempted_seconds,
        split.elsewhere_seconds,
    ]
}

fn bar(split: &TimeSplit) -> Markup {
    /// In units of the drawing.
    const WIDTH: f64 = 200.0;
    let mut page = Markup::default();
    page.html("<svg class=\"bar\" viewBox=\"0 0 200 14\" width=\"200\" height=\"14\" aria-hidden=\"true\">");
    let mut left = 0.0;
    for ((class, _), seconds) in PARTS.iter().zip(parts(split)) {
        let width = (seconds / split.latency_seconds).clamp(0.0, 1.0) * WIDTH;
        page.html("<rect class=\"").html(class).html("\" x=\"");
        page.number(left).html("\" y=\"0\" height=\"14\" width=\"");
        page.number(width.min(WIDTH - left)).html("\"/>");
        left = (left + width).min(WIDTH);
    }
    page.html("</svg>");
    page
}
