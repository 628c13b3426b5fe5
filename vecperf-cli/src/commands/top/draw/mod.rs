//! The screen, from what the model holds. What does not fit is left out, the least important first.

mod graphs;
mod head;
mod panels;
mod slowest;
mod table;
#[cfg(test)]
mod tests;
mod theme;
mod verdicts;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::model::{Model, Panel};
use super::text::cut;

pub(super) use theme::Theme;

/// The smallest screen that anything is drawn on.
const SMALLEST: (u16, u16) = (40, 8);

/// Everything.
pub(super) fn all(frame: &mut Frame<'_>, model: &Model, theme: Theme) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let told = cut("too small for vecperf top", area.width.into());
        frame.render_widget(Paragraph::new(told), area);
        return;
    }
    let width = usize::from(area.width);
    let verdicts = verdicts::lines(model, theme, width);
    let rows = model.operations().len().max(1);
    let head = head::lines(model, theme, (width, area.height.into()));
    let parts = Parts::of(area, head.len(), rows, verdicts.len());
    lines(frame, parts.head, head);
    let table_height = usize::from(parts.table.height);
    match model.panel {
        None => {
            lines(
                frame,
                parts.table,
                table::lines(model, theme, (width, table_height)),
            );
            graphs::draw(frame, parts.graphs, model, theme);
            lines(frame, parts.verdicts, verdicts);
        }
        Some(panel) => {
            let below = parts.below_head(area);
            let size = (width, usize::from(below.height));
            let text = match panel {
                Panel::Help => panels::help(theme, size),
                Panel::Profile => panels::profile(model, theme, size),
                Panel::Slowest => slowest::lines(model, theme, size),
            };
            lines(frame, below, text);
        }
    }
    lines(frame, parts.foot, vec![foot(model, theme, width)]);
}

/// Where what goes, from top to bottom.
struct Parts {
    head: Rect,
    table: Rect,
    graphs: Rect,
    verdicts: Rect,
    foot: Rect,
}

impl Parts {
    /// For so many lines of the head, operations and verdicts. Graphs are there where at least five rows are left for each.
    fn of(area: Rect, head: usize, operations: usize, verdicts: usize) -> Self {
        let height = usize::from(area.height);
        let foot = 1;
        let room = height.saturating_sub(head + foot);
        let verdicts = verdicts.min(room / 3);
        let room = room - verdicts;
        // The table has a line of titles, and an empty line below it.
        let table = (operations + 2).min(room);
        let graphs = if room - table >= 10 { room - table } else { 0 };
        let table = room - graphs;
        let mut y = area.y;
        let mut next = |rows: usize| {
            let rows = u16::try_from(rows).unwrap_or(u16::MAX);
            let part = Rect::new(area.x, y, area.width, rows);
            y += rows;
            part
        };
        Self {
            head: next(head),
            table: next(table),
            graphs: next(graphs),
            verdicts: next(verdicts),
            foot: next(foot),
        }
    }

    fn below_head(&self, area: Rect) -> Rect {
        let height = self.foot.y - self.table.y;
        Rect::new(area.x, self.table.y, area.width, height)
    }
}

fn lines(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'static>>) {
    frame.render_widget(Paragraph::new(lines), area);
}

/// What can be done, or what is being typed.
fn foot(model: &Model, theme: Theme, width: usize) -> Line<'static> {
    if model.typing {
        let typed = cut(
            &format!("/{}▏  Enter: keep   Esc: all", model.filter),
            width,
        );
        return Line::from(Span::styled(typed, theme.strong()));
    }
    let filter = if model.filter.is_empty() {
        String::new()
    } else {
        format!("[only /{}/]  ", model.filter)
    };
    let keys = "? help  s sort  r reverse  / filter  p stop  t profile  o slowest  q quit";
    Line::from(Span::styled(cut(&(filter + keys), width), theme.faint()))
}
