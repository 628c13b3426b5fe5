//! The operations' table: one block a phase, numbers to the right, details below the row.

use super::page::{Page, Style, columns, fit, pad, pad_left};
use crate::export::text::plain;
use crate::export::view::{COLUMNS, Group};

/// What is left out where the width does not suffice, first to last: indexes into [`COLUMNS`].
const LEFT_OUT: [usize; 6] = [3, 5, 6, 1, 2, 0];
/// Columns a name has at least, its indent included.
const NAME: usize = 14;
const INDENT: &str = "  ";
const GAP: usize = 2;

pub(super) fn draw(page: &mut Page, groups: &[Group]) {
    let rows = || groups.iter().flat_map(|group| &group.rows);
    let widest = |column: usize| {
        let cells = rows()
            .map(|row| columns(&row.cells[column]))
            .max()
            .unwrap_or(0);
        // A column without any entry is none.
        if cells == 0 {
            0
        } else {
            cells.max(COLUMNS[column].len()) + GAP
        }
    };
    let mut widths: [usize; COLUMNS.len()] = std::array::from_fn(widest);
    let longest = rows()
        .map(|row| columns(&plain(&row.name)) + INDENT.len())
        .max()
        .unwrap_or(0)
        .max(NAME);
    for column in LEFT_OUT {
        if longest.min(NAME.max(page.width() / 4)) + widths.iter().sum::<usize>() > page.width() {
            widths[column] = 0;
        }
    }
    let name = longest.min(page.width().saturating_sub(widths.iter().sum()));
    let line = |first: &str, cells: [&str; COLUMNS.len()]| {
        let numbers = cells.iter().zip(widths).map(|(cell, width)| {
            if width == 0 {
                String::new()
            } else {
                pad_left(cell, width)
            }
        });
        format!(
            "{}{}",
            pad(&fit(first, name), name),
            numbers.collect::<String>()
        )
    };
    page.line(&line("", COLUMNS), Style::Dim);
    for group in groups {
        page.line(&plain(&group.title), Style::Bold);
        for row in &group.rows {
            page.line(
                &line(
                    &format!("{INDENT}{}", plain(&row.name)),
                    row.cells.each_ref().map(String::as_str),
                ),
                Style::Plain,
            );
            for detail in row.details.iter().chain(&row.time) {
                page.wrapped("    ", Style::Plain, &plain(detail), Style::Dim);
            }
        }
    }
}
