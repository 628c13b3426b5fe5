//! The operations: a row each, with the graph of its rate where there is room.

use ratatui::text::{Line, Span};
use vecperf::Status;
use vecperf::live::OperationState;

use super::Theme;
use crate::commands::top::columns::Column;
use crate::commands::top::history::{Curve, spark};
use crate::commands::top::model::Model;
use crate::commands::top::text::{left, right};

/// Columns of a name and of a graph, at least.
const NAME: usize = 14;
const GRAPH: usize = 10;

/// How the columns of the terminal are shared.
struct Widths {
    name: usize,
    figures: Vec<Column>,
    graph: usize,
}

impl Widths {
    fn of(width: usize) -> Self {
        let mut left = width.saturating_sub(NAME);
        let fits = |column: &&Column| {
            // What tells how it was in the last minutes comes before the less important figures.
            let graph = if column.is_optional() { GRAPH + 2 } else { 0 };
            let fits = column.width() + graph <= left;
            left = left.saturating_sub(if fits { column.width() } else { left });
            fits
        };
        let figures: Vec<Column> = Column::FIGURES.iter().take_while(fits).copied().collect();
        // A longer name and a graph share what is left.
        let for_name = left.saturating_sub(GRAPH + 1).min(left / 3).min(26);
        let graph = left - for_name;
        let (name, graph) = if graph > GRAPH {
            (NAME + for_name, graph - 1)
        } else {
            (NAME + left, 0)
        };
        Self {
            name,
            figures,
            graph: graph.min(90),
        }
    }
}

pub(super) fn lines(
    model: &Model,
    theme: Theme,
    (width, height): (usize, usize),
) -> Vec<Line<'static>> {
    let widths = Widths::of(width);
    let operations = model.operations();
    let mut lines = vec![titles(model, theme, &widths)];
    if operations.is_empty() {
        lines.push(Line::from(Span::styled(nothing(model), theme.faint())));
        return lines;
    }
    let rows = height.saturating_sub(2).max(1);
    let position = model.position();
    let first = (position + 1).saturating_sub(rows);
    for (index, operation) in operations.iter().enumerate().skip(first).take(rows) {
        lines.push(row(model, theme, &widths, (operation, index == position)));
    }
    let hidden = operations.len().saturating_sub(rows);
    if hidden > 0 {
        let more = format!("{hidden} more: ↑ ↓ move, / filters");
        lines.push(Line::from(Span::styled(left(&more, width), theme.faint())));
    }
    lines
}

fn nothing(model: &Model) -> &'static str {
    if !model.filter.is_empty() {
        "no operation has this in its name; Esc shows all"
    } else if model.seen().state.window_seconds == 0.0 {
        "the program has just begun to tell: the first figures come within two seconds"
    } else {
        "no operation has ended yet"
    }
}

/// `p99▼`: what is sorted by, and which way.
fn titles(model: &Model, theme: Theme, widths: &Widths) -> Line<'static> {
    let title = |column: Column| {
        let mark = match (model.sort == column, model.ascending) {
            (false, _) => "",
            (true, false) => "▼",
            (true, true) => "▲",
        };
        format!("{}{mark}", column.title())
    };
    let mut text = left(&title(Column::Name), widths.name);
    for column in &widths.figures {
        text += &right(&title(*column), column.width());
    }
    if widths.graph > 0 {
        text += &format!(" {}", left("rate, 15 min", widths.graph));
    }
    Line::from(Span::styled(text, theme.strong()))
}

fn row(
    model: &Model,
    theme: Theme,
    widths: &Widths,
    (operation, selected): (&OperationState, bool),
) -> Line<'static> {
    let name = left(&operation.name, widths.name);
    let mut spans = vec![Span::styled(name, theme.plain())];
    for column in &widths.figures {
        spans.push(figure(model, theme, *column, operation));
    }
    if widths.graph > 0 {
        let curve = model.seen().history.curve(&operation.name, Curve::Rate);
        let graph = format!(" {}", spark(curve, widths.graph));
        spans.push(Span::styled(graph, theme.graph()));
    }
    let line = Line::from(spans);
    if selected {
        line.style(theme.bar())
    } else {
        line
    }
}

/// A figure; `!` stands before one that breaks its threshold.
fn figure(
    model: &Model,
    theme: Theme,
    column: Column,
    operation: &OperationState,
) -> Span<'static> {
    let text = column.text(operation);
    let threshold = column.threshold();
    let verdict = threshold.and_then(|threshold| model.verdict(&operation.name, threshold));
    if verdict.is_some_and(|verdict| verdict.status == Status::Fail) {
        Span::styled(right(&format!("!{text}"), column.width()), theme.bad())
    } else {
        Span::styled(right(&text, column.width()), theme.plain())
    }
}
