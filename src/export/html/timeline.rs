//! What is drawn over time: rates, CPU, memory and faults, with the phases marked.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Shown;
use super::markup::{Markup, as_shown};
use crate::export::quantity::{bytes, number, rate};
use crate::report::{PhaseReport, Report, SeriesPoint};
use crate::resource::ResourceSample;

/// Points of a line at most: where a series has more, each stands for some of them.
const MOST_POINTS: usize = 2000;
/// Operations drawn at most: the most frequent.
const MOST_OPERATIONS: usize = 8;
/// Parts of the memory drawn at most: the largest.
const MOST_COMPONENTS: usize = 4;

/// The charts, as the script reads them.
#[derive(Serialize)]
pub(super) struct Timeline {
    phases: Vec<Span>,
    /// Seconds from the monitor's start, of each point of each line.
    times: Vec<f64>,
    charts: Vec<Chart>,
}

/// A phase of the run.
#[derive(Serialize)]
struct Span {
    #[serde(serialize_with = "as_shown")]
    name: String,
    start: f64,
    end: f64,
    steady: bool,
}

/// One chart.
#[derive(Serialize)]
struct Chart {
    /// Where in the page it goes.
    id: &'static str,
    unit: Unit,
    #[serde(skip)]
    title: &'static str,
    lines: Vec<Curve>,
    /// A bound to draw: the CPUs that there are.
    limit: Option<f64>,
}

/// How a chart's numbers are written.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Unit {
    Rate,
    Cores,
    Bytes,
}

/// One line of a chart.
#[derive(Serialize)]
struct Curve {
    #[serde(serialize_with = "as_shown")]
    name: String,
    values: Vec<Option<f64>>,
}

/// The charts of a run; those that have something to show.
pub(super) fn of(report: &Report) -> Timeline {
    let series = &thinned(&report.series)[..];
    let span = |phase: &PhaseReport| Span {
        name: phase.name.clone(),
        start: finite(phase.start_seconds),
        end: finite(phase.start_seconds + phase.duration_seconds),
        steady: phase.steady,
    };
    let times = series.iter().map(|chunk| at(chunk));
    let limit = report.run.resources.cpus_available;
    let mut charts = vec![
        rates(series),
        cpu(series, limit),
        memory(series, report),
        faults(series),
    ];
    for chart in &mut charts {
        let is_known = |line: &Curve| line.values.iter().any(Option::is_some);
        chart.lines.retain(is_known);
    }
    charts.retain(|chart| series.len() > 1 && !chart.lines.is_empty());
    Timeline {
        phases: report.phases.iter().map(span).collect(),
        times: times.map(finite).collect(),
        charts,
    }
}

/// Points of a series that are drawn as one.
type Chunk<'a> = &'a [SeriesPoint];

/// The series in so many chunks as may be drawn.
fn thinned(series: &[SeriesPoint]) -> Vec<Chunk<'_>> {
    let each = series.len().div_ceil(MOST_POINTS).max(1);
    series.chunks(each).collect()
}

/// When a chunk ends.
fn at(chunk: Chunk<'_>) -> f64 {
    chunk.last().map_or(0.0, |it| it.resources.at_seconds)
}

fn rates(series: &[Chunk<'_>]) -> Chart {
    let line = |name: &str| {
        let ended = |it: &SeriesPoint| Some(it.operations.get(name).map_or(0, |it| *it) as f64);
        Curve::new(name, growth(series, ended))
    };
    Chart {
        id: "chart-rate",
        title: "Throughput",
        unit: Unit::Rate,
        lines: operations(series).into_iter().map(line).collect(),
        limit: None,
    }
}

fn cpu(series: &[Chunk<'_>], limit: Option<f64>) -> Chart {
    let line = |name, of: fn(&ResourceSample) -> Option<f64>| {
        Curve::new(name, growth(series, |it| of(&it.resources)))
    };
    Chart {
        id: "chart-cpu",
        title: "CPU",
        unit: Unit::Cores,
        lines: vec![
            line("user", |it| it.cpu_user_seconds),
            line("system", |it| it.cpu_system_seconds),
        ],
        limit,
    }
}

/// The most of each chunk: a peak is what one looks for.
fn memory(series: &[Chunk<'_>], report: &Report) -> Chart {
    let line = |name, of: fn(&ResourceSample) -> Option<u64>| {
        let most = |chunk: &Chunk<'_>| chunk.iter().filter_map(|it| of(&it.resources)).max();
        let sizes = series.iter().map(most);
        Curve::new(name, sizes.map(|size| size.map(|it| it as f64)).collect())
    };
    let whole = [
        line("anonymous", |it| it.anonymous_bytes),
        line("file-backed", |it| it.file_backed_bytes),
        line("shared", |it| it.shared_bytes.filter(|it| *it > 0)),
        line("swapped", |it| it.swapped_bytes.filter(|it| *it > 0)),
    ];
    Chart {
        id: "chart-memory",
        title: "Memory",
        unit: Unit::Bytes,
        lines: whole
            .into_iter()
            .chain(components(series, report))
            .collect(),
        limit: None,
    }
}

/// The largest parts of the memory that the program registered, by the most that each ever had. One that says more than
/// the process holds would hide the others.
fn components(series: &[Chunk<'_>], report: &Report) -> Vec<Curve> {
    let accounted = report.memory.iter().flat_map(|memory| &memory.components);
    let doubted: Vec<_> = accounted
        .filter(|it| it.doubt.is_some())
        .map(|it| it.name.as_str())
        .collect();
    let points = || series.iter().flat_map(|chunk| chunk.iter());
    let mut highest = BTreeMap::new();
    for (name, bytes) in points().flat_map(|it| &it.components) {
        let most: &mut u64 = highest.entry(name.as_str()).or_default();
        *most = (*most).max(*bytes);
    }
    let trusted = |(name, _): &(&str, u64)| !doubted.contains(name);
    let mut largest: Vec<_> = highest.into_iter().filter(trusted).collect();
    largest.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let line = |(name, _): (&str, u64)| {
        let size = |it: &SeriesPoint| it.components.get(name).map(|bytes| *bytes as f64);
        let most = |chunk: &Chunk<'_>| chunk.iter().filter_map(size).reduce(f64::max);
        Curve::new(
            &format!("{name} (registered)"),
            series.iter().map(most).collect(),
        )
    };
    largest
        .into_iter()
        .take(MOST_COMPONENTS)
        .map(line)
        .collect()
}

fn faults(series: &[Chunk<'_>]) -> Chart {
    let line = |name, of: fn(&ResourceSample) -> Option<u64>| {
        let sum = |it: &SeriesPoint| of(&it.resources).map(|it| it as f64);
        Curve::new(name, growth(series, sum))
    };
    Chart {
        id: "chart-faults",
        title: "Page faults",
        unit: Unit::Rate,
        lines: vec![
            line("minor (no wait)", |it| it.minor_faults),
            line("major (waited for storage)", |it| it.major_faults),
        ],
        limit: None,
    }
}

/// A frame for each chart, and what it shows in words: the script draws into it.
pub(super) fn section(page: &mut Markup, shown: &Shown<'_>) {
    let timeline = &shown.data.timeline;
    if timeline.charts.is_empty() {
        return;
    }
    page.html("<noscript><p class=\"remark\">The charts are drawn by a script, which this browser does not run. ");
    page.html("Their range stands below each title.</p></noscript>\n<div class=\"charts\">\n");
    for chart in &timeline.charts {
        page.html("<figure><figcaption><b>").html(chart.title);
        page.html("</b>");
        for line in &chart.lines {
            page.html(" <span>").text(&line.range(chart.unit));
            page.html("</span>");
        }
        page.html("</figcaption><div class=\"chart\" id=\"")
            .html(chart.id);
        page.html("\"></div></figure>\n");
    }
    page.html("</div>\n");
    let rows = timeline.phases.iter().map(|phase| {
        let (start, end) = (phase.start, phase.end);
        let judged = if phase.steady { "yes" } else { "" };
        vec![
            phase.name.clone(),
            judged.to_owned(),
            format!("{start:.2} s"),
            format!("{:.2} s", end - start),
        ]
    });
    page.table(
        "The phases, which the charts mark",
        &["phase", "judged", "from", "for"],
        2,
        rows,
    );
}

impl Curve {
    fn new(name: &str, values: Vec<Option<f64>>) -> Self {
        Self {
            name: name.to_owned(),
            values,
        }
    }

    /// `search 0/s to 10,600/s`.
    fn range(&self, unit: Unit) -> String {
        let values = || self.values.iter().flatten().copied();
        let (low, high) = (
            values().fold(f64::INFINITY, f64::min),
            values().fold(f64::NEG_INFINITY, f64::max),
        );
        let write = |value: f64| match unit {
            Unit::Bytes => bytes(value.max(0.0) as u64),
            Unit::Cores => number(value),
            Unit::Rate => rate(value),
        };
        format!("{} {} to {}", self.name, write(low), write(high))
    }
}

/// The names of the operations that ended most often.
fn operations<'a>(series: &[Chunk<'a>]) -> Vec<&'a str> {
    let Some(last) = series.last().and_then(|chunk| chunk.last()) else {
        return Vec::new();
    };
    let mut all: Vec<_> = last.operations.iter().collect();
    all.sort_by_key(|(_, ended)| std::cmp::Reverse(**ended));
    let names = all.into_iter().map(|(name, _)| name.as_str());
    names.take(MOST_OPERATIONS).collect()
}

/// What a running sum grew by in a second, in each chunk since the one before; a sum that went back tells nothing.
fn growth(series: &[Chunk<'_>], sum: impl Fn(&SeriesPoint) -> Option<f64>) -> Vec<Option<f64>> {
    let between = |pair: &[Chunk<'_>]| {
        let [before, after] = pair else { return None };
        let seconds = at(after) - at(before);
        let grown = sum(after.last()?)? - sum(before.last()?)?;
        (seconds > 0.0 && grown >= 0.0).then(|| finite(grown / seconds))
    };
    let grown = series.windows(2).map(between);
    std::iter::once(None)
        .chain(grown)
        .take(series.len())
        .map(|value| value.map(|value| (value * 1000.0).round() / 1000.0))
        .collect()
}

fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}
