//! The slowest operations, one by one.

use super::Shown;
use super::markup::Markup;
use crate::export::quantity::{count, duration};
use crate::export::view;
use crate::report::SlowOperation;

/// Operations shown.
const MOST: usize = 20;

/// A table of them, then each with what is known of it; nothing when there were none.
pub(super) fn section(page: &mut Markup, shown: &Shown<'_>) {
    let slowest = view::slowest(shown.report, MOST);
    if slowest.is_empty() {
        return;
    }
    page.html("<p class=\"lead\">Operations that took longer than their limit, or than 99.9 % of their kind.</p>\n");
    table(page, &slowest);
    for slow in slowest {
        details(page, slow);
    }
}

/// A column: its title, and its cell of an operation, where that is known.
type Column = (&'static str, fn(&SlowOperation) -> Option<String>);

/// The first three are text.
const COLUMNS: [Column; 10] = [
    ("operation", |slow| Some(slow.operation.clone())),
    ("phase", |slow| slow.phase.clone()),
    ("label", |slow| slow.label.clone()),
    ("took", |slow| Some(duration(slow.latency_seconds))),
    ("ended at", |slow| Some(duration(slow.ended_seconds))),
    ("on a CPU", |slow| slow.on_cpu_seconds.map(duration)),
    ("blocked", |slow| slow.blocked_seconds.map(duration)),
    ("preempted", |slow| slow.preempted_seconds.map(duration)),
    ("page faults", |slow| slow.page_faults.map(count)),
    ("allocations", |slow| slow.allocations.map(count)),
];

/// Without the columns that are known of none.
fn table(page: &mut Markup, slowest: &[&SlowOperation]) {
    let is_known = |column: &&Column| slowest.iter().any(|slow| (column.1)(slow).is_some());
    let columns: Vec<&Column> = COLUMNS.iter().filter(is_known).collect();
    let text = COLUMNS.iter().take(3).filter(is_known).count();
    let header: Vec<&'static str> = columns.iter().map(|column| column.0).collect();
    let rows = slowest.iter().map(|slow| {
        let cell = |column: &&Column| (column.1)(slow).unwrap_or_else(|| "–".to_owned());
        columns.iter().map(cell).collect()
    });
    page.table("The slowest operations", &header, text, rows);
}

fn details(page: &mut Markup, slow: &SlowOperation) {
    let took = view::took(slow);
    page.html("<details><summary>").text(&slow.operation);
    page.html(": ").text(&took).html("</summary>\n");
    let facts = view::facts(slow);
    page.list(facts.iter().map(|(what, text)| format!("{what}: {text}")));
    let stacks = slow.stacks.iter().map(|stack| {
        let functions = stack.functions.join(" ← ");
        vec![functions, count(stack.samples)]
    });
    let caption = format!("Where {} was seen that took {took}", slow.operation);
    page.table(
        &caption,
        &["functions, from the inside to the outside", "samples"],
        1,
        stacks,
    );
    page.html("</details>\n");
}
