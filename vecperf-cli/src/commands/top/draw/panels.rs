//! What lies over the table when it is asked for: the help, and the profile.

use ratatui::text::{Line, Span};
use vecperf::export::quantity;
use vecperf::live::Functions;

use super::Theme;
use crate::commands::top::keys::HELP;
use crate::commands::top::model::{Model, Profile};
use crate::commands::top::text::{cut, left, right};
use crate::terminal::wrapped;

pub(super) fn help(theme: Theme, (width, _): (usize, usize)) -> Vec<Line<'static>> {
    let key = |(key, what): &(&str, &str)| {
        Line::from(vec![
            Span::styled(format!("  {}", left(key, 14)), theme.strong()),
            Span::styled(cut(what, width.saturating_sub(16)), theme.plain()),
        ])
    };
    let mut lines = vec![Line::from(Span::styled("Keys", theme.strong()))];
    lines.extend(HELP.iter().map(key));
    let notes = "Figures are of the last 10 seconds, graphs of the last 15 minutes. ! before a figure: it breaks its \
                 threshold. – is unknown. alloc/op needs vecperf::Allocator in the program.";
    lines.push(Line::default());
    let notes = wrapped(notes, width.saturating_sub(4)).into_iter();
    lines.extend(notes.map(|note| Line::from(Span::styled(format!("  {note}"), theme.faint()))));
    lines
}

/// A message in place of a table.
pub(super) fn said(text: &str, width: usize) -> Vec<Line<'static>> {
    let lines = wrapped(&cut(text, 2000), width.saturating_sub(2)).into_iter();
    lines.map(Line::from).collect()
}

pub(super) fn profile(
    model: &Model,
    theme: Theme,
    (width, height): (usize, usize),
) -> Vec<Line<'static>> {
    let say = |text: &str| said(text, width);
    match &model.profile {
        None => say("No profile yet: t takes one."),
        Some(Profile::Taking(seconds)) => say(&format!(
            "Taking a CPU profile of {seconds} s, then reading the functions' names … (Esc: back to the table; it goes on)"
        )),
        Some(Profile::Failed(why)) => say(why),
        Some(Profile::Taken(functions)) => taken(functions, theme, (width, height)),
    }
}

fn taken(
    functions: &Functions,
    theme: Theme,
    (width, height): (usize, usize),
) -> Vec<Line<'static>> {
    let of = functions
        .seconds
        .map(|seconds| format!(" in {}", quantity::duration(seconds)));
    let heading = format!(
        "CPU time of the process: {}{}",
        quantity::duration(functions.cpu_seconds),
        of.unwrap_or_default()
    );
    let mut lines = vec![
        Line::from(Span::styled(cut(&heading, width), theme.strong())),
        Line::from(Span::styled("     self    total  function", theme.strong())),
    ];
    if functions.functions.is_empty() {
        lines.push(Line::from("no function was seen: the process was idle"));
    }
    let rows = functions.functions.iter().take(height.saturating_sub(3));
    lines.extend(rows.map(|function| {
        let percent = |share: f64| right(&quantity::percent(100.0 * share), 9);
        let name = cut(&function.name, width.saturating_sub(20));
        Line::from(format!(
            "{}{}  {name}",
            percent(function.self_share),
            percent(function.total_share)
        ))
    }));
    lines
}
