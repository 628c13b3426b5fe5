//! How good the answers were, and how that goes with the rate.

use super::Shown;
use super::markup::{Cell, Markup};
use crate::export::quantity::{count, duration, rate, share};
use crate::export::view;
use crate::recall::RecallEstimate;
use crate::report::{OperationReport, Report};

/// The recall of each judged operation with its interval; the drawing where several settings ran.
pub(super) fn section(page: &mut Markup, shown: &Shown<'_>) {
    let points = points(shown.report);
    if points.is_empty() {
        return;
    }
    page.html("<p>Recall is the share of the true nearest neighbours that were found. The interval holds the true ");
    page.html(
        "mean of such queries with 95 % confidence; more judged queries make it narrower.</p>\n",
    );
    let header = [
        "operation",
        "interval",
        "k",
        "recall",
        "from",
        "to",
        "queries",
        "rate",
        "p99",
    ];
    let lowest = points.iter().map(|it| it.recall.low);
    let from = if lowest.fold(1.0, f64::min) >= 0.8 {
        0.8
    } else {
        0.0
    };
    let rows = points.iter().map(|point| {
        let latency = point.operation.latency.as_ref();
        let RecallEstimate {
            k,
            queries,
            mean,
            low,
            high,
        } = point.recall;
        let figures = [
            k.to_string(),
            share(*mean),
            share(*low),
            share(*high),
            count(*queries),
            rate(point.operation.per_second),
            latency.map_or_else(String::new, |it| duration(it.p99_seconds)),
        ];
        let mut row = vec![Cell::Text(point.name.clone())];
        row.push(interval(point.recall, from).into());
        row.extend(figures.map(Cell::Text));
        row
    });
    page.table("Recall with its 95 % confidence interval", &header, 2, rows);
    definitions(page, shown.report);
    if points.len() > 1 {
        against_rate(page, &points);
    }
}

/// An operation of a phase whose answers were judged: one setting.
struct Point<'a> {
    name: String,
    operation: &'a OperationReport,
    recall: &'a RecallEstimate,
}

/// Those of the phases; of the run where no phase has any: its recall is theirs together.
fn points(report: &Report) -> Vec<Point<'_>> {
    let mut all = view::phased(report);
    all.retain(|it| it.operation.recall.is_some());
    let of_phases = all.iter().any(|it| !it.whole);
    all.retain(|it| !(of_phases && it.whole));
    all.into_iter()
        .filter_map(|it| {
            Some(Point {
                name: it.name,
                operation: it.operation,
                recall: it.operation.recall.as_ref()?,
            })
        })
        .collect()
}

/// An interval on a line from `from` to 1.
fn interval(recall: &RecallEstimate, from: f64) -> Markup {
    let mut page = Markup::default();
    let at = |value: f64| 4.0 + ((value - from) / (1.0 - from)).clamp(0.0, 1.0) * 192.0;
    page.html("<svg class=\"bar\" viewBox=\"0 0 200 26\" width=\"200\" height=\"26\" aria-hidden=\"true\">");
    page.html("<path class=\"base\" d=\"M4 9H196M4 5V13M196 5V13\"/><rect class=\"interval\" y=\"5\" height=\"8\" x=\"");
    page.number(at(recall.low)).html("\" width=\"");
    page.number((at(recall.high) - at(recall.low)).max(1.0));
    page.html("\"/><circle class=\"mean\" r=\"4\" cy=\"9\" cx=\"");
    page.number(at(recall.mean))
        .html("\"/><text class=\"tick start\" x=\"4\" y=\"25\">");
    page.text(if from > 0.0 { "0.8" } else { "0" });
    page.html("</text><text class=\"tick end\" x=\"196\" y=\"25\">1</text></svg>");
    page
}

/// The same answers by other definitions.
fn definitions(page: &mut Markup, report: &Report) {
    let Some(workload) = &report.workload else {
        return;
    };
    let by_distance = workload.recall.as_ref().map(|it| it.mean);
    let rows = [
        ("by distance, ties count as found", by_distance),
        ("by id, ties do not count", workload.id_recall),
        (
            "as ann-benchmarks does, which forgives near misses",
            workload.ann_benchmarks_recall,
        ),
    ];
    let rows = rows
        .into_iter()
        .filter_map(|(how, value)| Some(vec![how.to_owned(), share(value?)]));
    page.table(
        "The same answers by other definitions of recall",
        &["definition", "recall"],
        1,
        rows,
    );
}

/// Recall against rate: up and to the right is better.
fn against_rate(page: &mut Markup, points: &[Point<'_>]) {
    let rates = || points.iter().map(|it| it.operation.per_second.max(1e-3));
    let (slowest, fastest) = (
        rates().fold(f64::INFINITY, f64::min) / 1.2,
        rates().fold(0.0, f64::max) * 1.2,
    );
    let worst = points.iter().map(|it| it.recall.low).fold(1.0, f64::min) - 0.01;
    let x = |recall: f64| 60.0 + (recall - worst) / (1.0 - worst) * 860.0;
    let y = |rate: f64| 280.0 - (rate / slowest).ln() / (fastest / slowest).ln() * 250.0;
    page.heading("Recall against rate");
    page.html("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Recall against rate\"><svg ");
    page.html("class=\"drawing\" role=\"img\" aria-label=\"Rate of each setting against its recall; the table above ");
    page.html(
        "has the figures\" viewBox=\"0 0 960 320\">\n<path class=\"base\" d=\"M60 20V280H930\"/>\n",
    );
    for value in [slowest, fastest] {
        text(page, "tick end", 54.0, y(value) + 4.0, &rate(value));
    }
    for value in [worst, 1.0] {
        text(page, "tick", x(value), 300.0, &share(value));
    }
    text(
        page,
        "tick",
        490.0,
        316.0,
        "recall (the bar is its 95 % interval)",
    );
    let mut by_recall: Vec<_> = points.iter().collect();
    by_recall.sort_by(|a, b| a.recall.mean.total_cmp(&b.recall.mean));
    page.html("<path class=\"trace\" d=\"");
    for (at, point) in by_recall.iter().enumerate() {
        page.html(if at == 0 { "M" } else { "L" });
        page.number(x(point.recall.mean)).html(" ");
        page.number(y(point.operation.per_second.max(1e-3)));
    }
    page.html("\"/>\n");
    for point in points {
        let (at, height) = (
            x(point.recall.mean),
            y(point.operation.per_second.max(1e-3)),
        );
        page.html("<path class=\"mark\" d=\"M")
            .number(x(point.recall.low));
        page.html(" ").number(height).html("H");
        page.number(x(point.recall.high)).html("\"/><circle ");
        page.html("class=\"mean\" r=\"5\" cx=\"").number(at);
        page.html("\" cy=\"").number(height).html("\"/>\n");
        // The line falls: above it at the right of a point, below it at the left.
        let (class, beside, beyond) = match at < 480.0 {
            true => ("tick start", at + 9.0, height - 9.0),
            false => ("tick end", at - 9.0, height + 19.0),
        };
        text(page, class, beside, beyond, &point.name);
    }
    page.html("</svg></div>\n");
}

fn text(page: &mut Markup, class: &'static str, x: f64, y: f64, text: &str) {
    page.html("<text class=\"").html(class).html("\" x=\"");
    page.number(x)
        .html("\" y=\"")
        .number(y)
        .html("\">")
        .text(text);
    page.html("</text>\n");
}
