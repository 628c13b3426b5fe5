//! The comparison at the terminal.

use super::words;
use crate::compare::{Change, Comparison, Judgement};
use crate::export::console::page::{Page, Style, columns, fit, pad, pad_left};
use crate::export::text::plain;
use crate::quantity::duration;

/// Functions shown.
const FUNCTIONS: usize = 8;
/// A name longer than so many columns is cut where its figures stand beside it.
const MOST_OF_A_NAME: usize = 40;

/// A table as wide as `width`, the gravest last, next to the prompt; names act on nothing.
pub fn text(comparison: &Comparison, width: usize, colour: bool) -> String {
    let mut page = Page::new(width.max(40), colour);
    page.wrapped(
        "",
        Style::Dim,
        &plain(&words::sides(comparison)),
        Style::Dim,
    );
    page.blank();
    functions(&mut page, comparison);
    changes(&mut page, comparison);
    for note in &comparison.notes {
        page.wrapped("note  ", Style::Dim, &plain(note), Style::Plain);
    }
    page.wrapped("      ", Style::Dim, &words::legend(comparison), Style::Dim);
    page.blank();
    let style = style(comparison.judgement);
    page.line(
        &words::headline(comparison),
        if style == Style::Plain {
            Style::Bold
        } else {
            style
        },
    );
    page.text().to_owned()
}

fn style(judgement: Judgement) -> Style {
    match judgement {
        Judgement::Regressed => Style::Bad,
        Judgement::Inconclusive => Style::Open,
        Judgement::Improved => Style::Good,
        Judgement::Same => Style::Plain,
    }
}

fn changes(page: &mut Page, comparison: &Comparison) {
    let rows: Vec<_> = comparison
        .changes
        .iter()
        .rev()
        .map(|change| {
            let (operation, metric, setting) = words::subject(change);
            let mut about = format!("{operation} {metric}");
            if let Some(setting) = setting {
                about = format!("{about} ({setting})");
            }
            let cells = [
                words::value(change.metric, change.base),
                words::value(change.metric, change.new),
                words::size(change),
                words::interval(change),
            ];
            (change, plain(&about).into_owned(), cells)
        })
        .collect();
    let head = ["base", "new", "change", "interval"].map(str::to_owned);
    let cell = |at: usize| {
        let widths = rows.iter().map(|row| columns(&row.2[at]));
        widths.max().unwrap_or(0).max(columns(&head[at]))
    };
    let widths = [cell(0), cell(1), cell(2), cell(3)];
    let numbers: usize = widths.iter().map(|width| width + 2).sum();
    let judgement = "? inconclusive  ".len();
    let longest = rows.iter().map(|row| columns(&row.1)).max().unwrap_or(0);
    let left = page.width().saturating_sub(judgement + numbers);
    // Where the names have no room beside their figures, those stand below them.
    let beside = longest.min(MOST_OF_A_NAME) <= left;
    let name = if beside { left.min(longest) } else { 0 };
    let figures = |cells: &[String; 4]| -> String {
        let padded = cells.iter().zip(widths);
        padded
            .map(|(cell, width)| format!("  {}", pad_left(cell, width)))
            .collect()
    };
    let below = " ".repeat(page.width().saturating_sub(numbers).min(judgement));
    let indent = if beside {
        judgement + name
    } else {
        below.len()
    };
    page.line(
        &format!("{}{}", " ".repeat(indent), figures(&head)),
        Style::Dim,
    );
    for (at, (change, about, cells)) in rows.iter().enumerate() {
        let style = style(change.judgement);
        let word = format!(
            "{} {}",
            words::mark(change.judgement),
            change.judgement.name()
        );
        let word = pad(&word, judgement);
        if beside {
            let about = pad(&fit(about, name), name);
            page.line(&format!("{word}{about}{}", figures(cells)), style);
        } else {
            page.line(&format!("{word}{about}"), style);
            page.line(&format!("{below}{}", figures(cells)), style);
        }
        if change.judgement != Judgement::Inconclusive {
            continue;
        }
        // Said once for all in a row that have it in common.
        let next = rows.get(at + 1).map(|(change, ..)| change);
        let why = self::why(change);
        if next.is_none_or(|next| next.judgement != change.judgement || self::why(next) != why) {
            page.wrapped("    ", Style::Plain, &plain(&why), Style::Dim);
        }
    }
    page.blank();
}

/// Why it is open.
fn why(change: &Change) -> String {
    match &change.reason {
        Some(reason) => reason.clone(),
        None => format!("could have seen {}", words::visible(change)),
    }
}

/// Those that changed for certain.
fn functions(page: &mut Page, comparison: &Comparison) {
    if comparison.functions.is_empty() {
        return;
    }
    let mut certain = comparison
        .functions
        .iter()
        .filter(|it| it.is_certain())
        .peekable();
    let of = words::of_functions(comparison);
    let head = match certain.peek() {
        Some(_) => format!("{of}: change (intervals hold together with 99 %)"),
        None => format!("{of}: none changed for certain"),
    };
    page.wrapped("", Style::Dim, &plain(&head), Style::Dim);
    for it in certain.take(FUNCTIONS) {
        let change = format!(
            "  {:>10}  ({} to {})  ",
            duration(it.change_seconds),
            duration(it.low_seconds),
            duration(it.high_seconds)
        );
        let width = page.width().saturating_sub(columns(&change)).max(12);
        page.line(
            &format!("{change}{}", fit(&plain(&it.function), width)),
            Style::Plain,
        );
    }
    page.blank();
}
