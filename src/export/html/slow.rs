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
    page.html("<p class=\"lead\">Operations that took longer than their limit, or than 99.9 % of their kind");
    match view::further(shown.report, slowest.len()) {
        Some(further) => page.html(": the slowest; ").text(&further),
        None => page,
    };
    page.html(".</p>\n");
    table(page, &slowest);
    for (rank, slow) in (1..).zip(slowest) {
        details(page, rank, slow);
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
    ("ended at", |slow| Some(view::ended(slow))),
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

fn details(page: &mut Markup, rank: u64, slow: &SlowOperation) {
    // Two may have taken equally long, as far as it is shown.
    let title = format!("{rank}. {}: {}", slow.operation, view::took(slow));
    page.html("<details><summary>").text(&title);
    page.html("</summary>\n");
    let facts = view::facts(slow);
    page.list(facts.iter().map(|(what, text)| format!("{what}: {text}")));
    let stacks = slow.stacks.iter().map(|stack| {
        let functions = stack.functions.join(" ← ");
        vec![functions, count(stack.samples)]
    });
    let caption = format!("Where it was seen: {title}");
    page.table(
        &caption,
        &["functions, from the inside to the outside", "samples"],
        1,
        stacks,
    );
    page.html("</details>\n");
}
