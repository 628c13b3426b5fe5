//! The latencies, drawn: a row an operation and phase, on one axis, which is logarithmic.

use super::Shown;
use super::markup::Markup;
use crate::export::quantity::duration;
use crate::export::view;
use crate::report::{Distribution, Report};

/// The drawing's measures, in its own units.
const WIDTH: f64 = 960.0;
const MARGIN: f64 = 16.0;
const ROW: f64 = 92.0;
const CURVE: f64 = 52.0;
const AXIS: f64 = 30.0;
/// Rows at most; the tables have all of them.
const MOST: usize = 10;
/// Steps of the curve in a doubling of the latency.
const STEPS: f64 = 8.0;

/// One row: its name, whether its phase is the judged one, the latencies.
type Row<'a> = (String, bool, &'a Distribution);

/// The drawing; the percentiles are in the next section.
pub(super) fn section(page: &mut Markup, shown: &Shown<'_>) {
    let rows = rows(shown.report);
    if rows.is_empty() {
        return;
    }
    page.html("<p>Each curve shows how many operations took how long. Both scales are logarithmic, so that the few ");
    page.html("slow ones can be seen beside the many fast ones; the judged phase is blue.</p>\n");
    drawing(page, &rows[..rows.len().min(MOST)]);
}

/// The judged phase's operations first, then the others in order.
fn rows(report: &Report) -> Vec<Row<'_>> {
    let mut all = view::phased(report);
    all.sort_by_key(|it| !it.judged);
    all.into_iter()
        .filter_map(|it| Some((it.name, it.judged, it.operation.latency.as_ref()?)))
        .collect()
}

/// Where latencies lie in the drawing: powers of two from the shortest to the longest.
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    fn of(rows: &[Row<'_>]) -> Self {
        let octaves = rows.iter().flat_map(|(_, _, of)| bins(of));
        let octaves: Vec<f64> = octaves.map(|(octave, _)| octave).collect();
        let low = octaves.iter().copied().fold(f64::INFINITY, f64::min);
        let high = octaves.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if low > high {
            return Self::between(-20.0, 0.0);
        }
        Self::between(low - 2.0 / STEPS, high + 3.0 / STEPS)
    }

    /// At least a decade wide, so that there is a round time within it.
    fn between(low: f64, high: f64) -> Self {
        let missing = (10f64.log2() - (high - low)).max(0.0);
        Self {
            low: low - missing / 2.0,
            high: high + missing / 2.0,
        }
    }

    fn at(&self, octave: f64) -> f64 {
        let share = (octave - self.low) / (self.high - self.low);
        MARGIN + share.clamp(0.0, 1.0) * (WIDTH - 2.0 * MARGIN)
    }

    /// Round times within it, as far as their names have room.
    fn ticks(&self) -> Vec<f64> {
        let decades = (self.high - self.low) * 2f64.log10();
        let steps: &[f64] = if decades > 4.0 {
            &[1.0]
        } else {
            &[1.0, 2.0, 5.0]
        };
        let first = (self.low * 2f64.log10()).floor() as i32;
        let last = (self.high * 2f64.log10()).ceil() as i32;
        let all = (first..=last)
            .flat_map(|decade| steps.iter().map(move |step| step * 10f64.powi(decade)));
        all.filter(|time| (self.low..=self.high).contains(&time.log2()))
            .collect()
    }
}

/// The buckets, put together to [`STEPS`] in a doubling: where each starts, as a power of two, and its count.
fn bins(of: &Distribution) -> Vec<(f64, u64)> {
    let per_octave = 2f64.powi(of.bucket_schema);
    let mut bins: Vec<(f64, u64)> = Vec::new();
    for &(index, counted) in &of.buckets {
        let octave = ((f64::from(index) - 0.5) / per_octave * STEPS).floor() / STEPS;
        match bins.last_mut() {
            Some(last) if last.0 == octave => last.1 = last.1.saturating_add(counted),
            _ => bins.push((octave, counted)),
        }
    }
    bins.retain(|&(octave, counted)| counted > 0 && octave.abs() < 64.0);
    bins
}

fn drawing(page: &mut Markup, rows: &[Row<'_>]) {
    let axis = Axis::of(rows);
    let height = rows.len() as f64 * ROW + AXIS;
    page.html(
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Latency distribution\">",
    );
    page.html("<svg class=\"drawing\" role=\"img\" aria-label=\"Latency distribution of each operation; the section ");
    page.html("Operations has the percentiles\" viewBox=\"0 0 960 ");
    page.number(height).html("\">\n");
    for tick in axis.ticks() {
        let x = axis.at(tick.log2());
        line(page, "grid", x, 0.0, height - AXIS);
        label(page, "tick", x, height - AXIS + 18.0, &short(tick));
    }
    for (at, row) in rows.iter().enumerate() {
        curve(page, &axis, row, (at + 1) as f64 * ROW);
    }
    page.html("</svg></div>\n");
}

/// One operation above the line at `base`.
fn curve(page: &mut Markup, axis: &Axis, (name, judged, of): &Row<'_>, base: f64) {
    let bins = bins(of);
    let most = bins.iter().map(|bin| bin.1).max().unwrap_or(1) as f64;
    page.html("<path class=\"");
    page.html(if *judged { "curve judged" } else { "curve" });
    page.html("\" d=\"");
    for (octave, counted) in bins {
        let top = base - CURVE * (1.0 + counted as f64).ln() / (1.0 + most).ln();
        page.html("M").number(axis.at(octave));
        page.html(" ").number(base);
        page.html("V").number(top).html("H");
        page.number(axis.at(octave + 1.0 / STEPS)).html("V");
        page.number(base).html("Z");
    }
    page.html("\"/>\n<path class=\"base\" d=\"M");
    page.number(MARGIN).html(" ").number(base).html("H");
    page.number(WIDTH - MARGIN).html("\"/>\n");
    let mut free_from = f64::NEG_INFINITY;
    for (what, seconds) in [
        ("p50", of.p50_seconds),
        ("p90", of.p90_seconds),
        ("p99", of.p99_seconds),
        ("p99.9", of.p999_seconds),
    ] {
        let x = axis.at(seconds.max(f64::MIN_POSITIVE).log2());
        line(page, "mark", x, base - CURVE, base);
        if x > free_from {
            label(page, "tick", x, base - CURVE - 4.0, what);
            free_from = x + 38.0;
        }
    }
    label(page, "name", MARGIN, base - CURVE - 20.0, name);
}

fn line(page: &mut Markup, class: &'static str, x: f64, from: f64, to: f64) {
    page.html("<path class=\"").html(class).html("\" d=\"M");
    page.number(x).html(" ").number(from).html("V").number(to);
    page.html("\"/>\n");
}

fn label(page: &mut Markup, class: &'static str, x: f64, y: f64, text: &str) {
    page.html("<text class=\"")
        .html(class)
        .html("\" x=\"")
        .number(x);
    page.html("\" y=\"").number(y).html("\">");
    // What is too long for its row is whole in the table.
    let cut = match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    };
    page.text(&cut).html("</text>\n");
}

/// A round time: `5 µs`.
fn short(seconds: f64) -> String {
    let text = duration(seconds);
    text.replace(".00 ", " ").replace(".0 ", " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_a_round_time_wherever_it_lies() {
        for at in -600..200 {
            for width in [0.0, 0.4, 3.0, 3.4, 12.0, 13.5, 30.0] {
                let low = f64::from(at) * 0.05;
                let ticks = Axis::between(low, low + width).ticks();
                assert!(ticks.len() >= 2, "{low} + {width}: {ticks:?}");
            }
        }
    }

    #[test]
    fn round_times_are_named_in_short() {
        for (seconds, shown) in [(1e-6, "1 µs"), (2e-5, "20 µs"), (0.5, "500 ms")] {
            assert_eq!(short(seconds), shown);
        }
    }
}
