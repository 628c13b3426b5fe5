//! The slowest operations of the last minutes, one by one.

use ratatui::text::{Line, Span};
use vecperf::export::quantity;
use vecperf::report::SlowOperation;

use super::Theme;
use super::panels::said;
use crate::commands::top::model::{Capture, Model, Slowest};
use crate::commands::top::text::{cut, right};

/// Columns of a figure.
const FIGURE: usize = 10;

pub(super) fn lines(
    model: &Model,
    theme: Theme,
    (width, height): (usize, usize),
) -> Vec<Line<'static>> {
    let say = |text: &str| said(text, width);
    match &model.slowest {
        None => say("Another process answers now. Esc, then o: its slowest operations."),
        Some(Slowest::Asked) => say("Asking for the slowest operations …"),
        Some(Slowest::Failed(why)) => say(why),
        Some(Slowest::Told(Capture { slowest, .. })) if slowest.is_empty() => {
            say("No operation took longer than its limit, or than 99.9 % of its kind.")
        }
        Some(Slowest::Told(Capture {
            at_seconds,
            slowest,
        })) => {
            let head =
                ["took", "s ago", "on a CPU", "blocked", "alloc"].map(|it| right(it, FIGURE));
            let head = format!("{}  operation", head.concat());
            let head = Line::from(Span::styled(cut(&head, width), theme.strong()));
            let rows = slowest.iter().take(height.saturating_sub(1));
            let rows = rows.map(|slow| row(slow, *at_seconds, width));
            std::iter::once(head).chain(rows).collect()
        }
    }
}

/// Figures, the name, and after it what fits: label, outcome, where it was seen.
fn row(slow: &SlowOperation, now: f64, width: usize) -> Line<'static> {
    let seconds = |seconds: Option<f64>| {
        let shown = seconds.map_or_else(|| "–".to_owned(), quantity::duration);
        right(&shown, FIGURE)
    };
    let ago = quantity::count((now - slow.ended_seconds).max(0.0) as u64);
    let allocations = slow
        .allocations
        .map_or_else(|| "–".to_owned(), quantity::count);
    let figures = [
        seconds(Some(slow.latency_seconds)),
        right(&ago, FIGURE),
        seconds(slow.on_cpu_seconds),
        seconds(slow.blocked_seconds),
        right(&allocations, FIGURE),
    ];
    let mut words = cut(&slow.operation, 30);
    if let Some(label) = &slow.label {
        words += &format!("  {}", cut(label, 30));
    }
    if slow.outcome != "ok" {
        words += &format!("  {}", cut(&slow.outcome, 30));
    }
    let innermost = slow
        .stacks
        .first()
        .and_then(|stack| stack.functions.first());
    if let Some(function) = innermost {
        words += &format!("  in {}", cut(function, 200));
    }
    Line::from(cut(&format!("{}  {words}", figures.concat()), width))
}
