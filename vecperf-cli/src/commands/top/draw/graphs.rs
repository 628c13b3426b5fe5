//! On a large screen: rate and p99 of the operation under the bar, over 15 minutes.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Sparkline};
use vecperf::export::quantity;

use super::Theme;
use crate::commands::top::history::{Curve, columns};
use crate::commands::top::model::Model;
use crate::commands::top::text::cut;

/// Rows of a graph, at most.
const TALLEST: u16 = 12;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) {
    let operations = model.operations();
    let Some(operation) = operations.get(model.position()) else {
        return;
    };
    let half = area.height / 2;
    if half < 4 {
        return;
    }
    for (index, which) in [Curve::Rate, Curve::P99].into_iter().enumerate() {
        let y = area.y + half * index as u16;
        let part = Rect::new(area.x, y, area.width, half.min(TALLEST));
        let curve = model.seen().history.curve(&operation.name, which);
        graph(frame, part, theme, (&operation.name, which), curve);
    }
}

fn graph(
    frame: &mut Frame<'_>,
    area: Rect,
    theme: Theme,
    (name, which): (&str, Curve),
    curve: &[Option<f64>],
) {
    let values = columns(curve, usize::from(area.width));
    let largest = values.iter().flatten().copied().reduce(f64::max);
    let show = |value: f64| match which {
        Curve::Rate => quantity::rate(value),
        Curve::P99 => quantity::duration(value * 1e-6),
    };
    let what = match which {
        Curve::Rate => "rate",
        Curve::P99 => "p99",
    };
    let largest = largest.map_or_else(|| "–".to_owned(), show);
    let title = format!("{what} of {name}, each second of 15 min; the largest {largest}");
    let title = Span::styled(cut(&title, area.width.into()), theme.strong());
    let [head, rest] = [
        Rect::new(area.x, area.y, area.width, 1),
        // An empty line stays below.
        Rect::new(
            area.x,
            area.y + 1,
            area.width,
            area.height.saturating_sub(2),
        ),
    ];
    frame.render_widget(Paragraph::new(Line::from(title)), head);
    // Thousandths, because bars are whole numbers.
    let bars = values
        .iter()
        .map(|value| value.map(|value| (value * 1e3) as u64));
    let bars: Vec<Option<u64>> = bars.collect();
    frame.render_widget(Sparkline::default().data(bars).style(theme.graph()), rest);
}
