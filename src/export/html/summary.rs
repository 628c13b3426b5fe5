//! The head of the page: what ran, whether it held, and the figures that matter.

use super::Shown;
use super::markup::{Cell, Markup};
use crate::export::quantity::{bytes, duration, percent, rate, share};
use crate::export::view;
use crate::report::Report;
use crate::threshold::Status;

/// What ran, in a few words.
pub(super) fn title(report: &Report) -> String {
    match &report.workload {
        Some(workload) if !workload.engine.is_empty() => {
            format!("{} on {}", workload.engine, workload.dataset)
        }
        _ => format!("Run of {}", report.started_at),
    }
}

/// The top of the page.
pub(super) fn masthead(page: &mut Markup, report: &Report) {
    page.html("<header class=\"masthead\">\n<div>\n<p class=\"brand\">vecperf report</p>\n<h1>");
    page.text(&title(report)).html("</h1>\n");
    for line in report.workload.iter().flat_map(view::workload) {
        page.paragraph("what", &line);
    }
    page.paragraph("what", &view::origin(report));
    page.html("</div>\n<button id=\"theme\" type=\"button\" hidden>Dark</button>\n</header>\n");
}

/// The end of the page.
pub(super) fn footer(page: &mut Markup, report: &Report) {
    page.html("<footer>\n");
    page.paragraph("what", &view::origin(report));
    page.html("<p>This page loads nothing and sends nothing.</p>\n</footer>\n");
}

/// Whether the run held, with the evidence; then its figures.
pub(super) fn verdicts(page: &mut Markup, shown: &Shown<'_>) {
    let report = shown.report;
    let class = match Status::of_all(&report.verdicts) {
        Some(Status::Pass) => "judgement pass",
        Some(Status::Fail) => "judgement fail",
        _ => "judgement open",
    };
    let judgement = view::judgement(report);
    page.paragraph(
        class,
        &judgement.unwrap_or_else(|| "no thresholds were set".to_owned()),
    );
    if !report.complete {
        page.paragraph(
            "remark",
            "This run was interrupted: the page shows what was measured until then.",
        );
    }
    tiles(page, report);
    let rows = report.verdicts.iter().map(|verdict| {
        let (mark, word) = view::status(verdict.status);
        let mut badge = Markup::default();
        badge.html("<span class=\"badge ");
        badge.html(class_of(verdict.status));
        badge.html("\"><span aria-hidden=\"true\">").html(mark);
        badge.html("</span> ").html(word).html("</span>");
        let evidence = verdict.evidence.clone();
        vec![
            badge.into(),
            view::subject(verdict).into(),
            Cell::Text(evidence),
        ]
    });
    page.table(
        "Each threshold, what was observed, and why it was judged so",
        &["verdict", "threshold", "evidence"],
        3,
        rows,
    );
}

fn class_of(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Fail => "fail",
        Status::NoData | Status::Inconclusive => "open",
    }
}

/// The figures of the judged phase that one looks for first.
fn tiles(page: &mut Markup, report: &Report) {
    let steady = report.steady();
    let operation = steady.main_operation();
    let mut tiles: Vec<(&'static str, String, String)> = Vec::new();
    if let Some(operation) = operation {
        let of = view::named(report, steady, operation);
        tiles.push(("throughput", rate(operation.per_second), of));
        if let Some(latency) = &operation.latency {
            let longest = format!("longest {}", duration(latency.max_seconds));
            let mean = format!("mean {}", duration(latency.mean_seconds));
            tiles.push(("p50 latency", duration(latency.p50_seconds), mean));
            tiles.push(("p99 latency", duration(latency.p99_seconds), longest));
        }
        if let Some(recall) = &operation.recall {
            let interval = format!(
                "@{}, 95 % between {} and {}",
                recall.k,
                share(recall.low),
                share(recall.high)
            );
            tiles.push(("recall", share(recall.mean), interval));
        }
    }
    let used = &steady.resources;
    if let Some(cpu) = used.cpu_percent {
        let cores = used.cores_used.zip(used.cpus_available);
        let cores = cores.map(|(used, all)| format!("{used:.2} of {all:.0} CPUs"));
        tiles.push(("CPU", percent(cpu), cores.unwrap_or_default()));
    }
    if let Some(peak) = report.run.resources.peak_anonymous_swapped_bytes {
        let what = "peak, anonymous + swapped".to_owned();
        tiles.push(("memory", bytes(peak), what));
    }
    if tiles.is_empty() {
        return;
    }
    page.html("<dl class=\"tiles\">\n");
    for (name, figure, beside) in tiles {
        page.html("<div><dt>").html(name).html("</dt><dd><b>");
        page.text(&figure).html("</b><span>");
        page.text(&beside).html("</span></dd></div>\n");
    }
    page.html("</dl>\n");
}
