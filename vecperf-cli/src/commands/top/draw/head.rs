//! The first lines: which program, is it heard, CPU and memory, and what the memory is for.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;
use vecperf::export::quantity;
use vecperf::live::ProcessState;

use super::Theme;
use crate::commands::top::history::spark;
use crate::commands::top::model::{self, Model};
use crate::commands::top::text::{age, cut, left};

/// Columns of the figures, before their graph.
const FIGURES: usize = 50;
/// Lines of a screen that has room to say what the memory is for.
const ROOMY: usize = 20;

pub(super) fn lines(
    model: &Model,
    theme: Theme,
    (width, height): (usize, usize),
) -> Vec<Line<'static>> {
    let seen = model.seen();
    let process = &seen.state.process;
    let (cpu_fails, memory_fails) = (
        model.process_fails("max_cpu"),
        model.process_fails("max_memory"),
    );
    let mut lines = vec![
        title(model, theme, width),
        row(theme, width, (cpu(process), cpu_fails), &seen.history.cores),
        row(
            theme,
            width,
            (memory(process), memory_fails),
            &seen.history.memory,
        ),
    ];
    if height >= ROOMY {
        lines.extend(parts(&seen.state.components, theme, width));
    }
    lines.push(Line::default());
    lines
}

/// What of the memory is for what, the largest first; as much as fits. Nothing where not one does.
fn parts(components: &BTreeMap<String, u64>, theme: Theme, width: usize) -> Option<Line<'static>> {
    let mut components: Vec<_> = components.iter().collect();
    components.sort_by_key(|&(_, bytes)| Reverse(bytes));
    let mut text = String::from("    of it");
    let parts = components
        .into_iter()
        .map(|(name, bytes)| format!("  {} {}", cut(name, 30), quantity::bytes(*bytes)));
    let mut fitting = 0;
    for part in parts {
        if text.width() + part.width() > width {
            break;
        }
        text += &part;
        fitting += 1;
    }
    (fitting > 0).then(|| Line::from(Span::styled(text, theme.faint())))
}

/// The program at the left, how it is heard at the right.
fn title(model: &Model, theme: Theme, width: usize) -> Line<'static> {
    let state = &model.seen().state;
    let (heard, style) = match &model.line {
        model::Line::Lost(why) => (format!("! lost, trying again: {why}"), theme.bad()),
        model::Line::Good if model.is_stopped() => ("‖ stopped".to_owned(), theme.doubtful()),
        model::Line::Good if model.restarted => {
            ("● another process than before".to_owned(), theme.doubtful())
        }
        model::Line::Good => ("● live".to_owned(), theme.good()),
    };
    let heard = cut(&heard, width * 3 / 5);
    let room = width.saturating_sub(heard.width() + 1);
    let name = if state.program.is_empty() {
        &model.place
    } else {
        &state.program
    };
    let who = format!(
        "{}  process {}  up {}",
        cut(name, 30),
        state.pid,
        age(state.at_seconds)
    );
    Line::from(vec![
        Span::styled(left(&who, room), theme.strong()),
        Span::raw(" "),
        Span::styled(heard, style),
    ])
}

/// `! CPU …` and its graph of 15 minutes.
fn row(
    theme: Theme,
    width: usize,
    (text, fails): (String, bool),
    curve: &[Option<f64>],
) -> Line<'static> {
    let (sign, style) = if fails {
        ("! ", theme.bad())
    } else {
        ("  ", theme.plain())
    };
    let figures = FIGURES.min(width.saturating_sub(12));
    let graph = width.saturating_sub(figures + 9);
    Line::from(vec![
        Span::styled(sign, style),
        Span::styled(left(&text, figures), style),
        Span::styled(spark(curve, graph), theme.graph()),
        Span::styled(" 15 min", theme.faint()),
    ])
}

fn or_unknown(value: Option<f64>, show: fn(f64) -> String) -> String {
    value.map_or_else(|| "–".to_owned(), show)
}

fn cpu(process: &ProcessState) -> String {
    let cores = or_unknown(process.cores_used, quantity::number);
    let percent = or_unknown(process.cpu_percent, quantity::percent);
    let of = or_unknown(process.cpus_available, quantity::number);
    let threads = process
        .threads
        .map(|threads| format!("  {threads} threads"));
    format!(
        "CPU    {percent} = {cores} of {of} cores{}",
        threads.unwrap_or_default()
    )
}

fn memory(process: &ProcessState) -> String {
    let bytes = |bytes: Option<u64>| bytes.map_or_else(|| "–".to_owned(), quantity::bytes);
    let anonymous = process
        .anonymous_bytes
        .map(|anonymous| anonymous.saturating_add(process.swapped_bytes.unwrap_or(0)));
    let faults = process.major_fault_rate.filter(|rate| *rate > 0.0);
    let faults = faults.map(|rate| format!("  major faults {}", quantity::rate(rate)));
    format!(
        "memory {}  files {}{}",
        bytes(anonymous),
        bytes(process.file_backed_bytes),
        faults.unwrap_or_default()
    )
}
