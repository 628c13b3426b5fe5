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
    let seconds = |seconds: Option<f64>| seconds.map_or_else(|| "–".to_owned(), duration);
    let number = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), count);
    let row = |slow: &&SlowOperation| {
        vec![
            slow.operation.clone(),
            slow.label.clone().unwrap_or_default(),
            slow.phase.clone().unwrap_or_default(),
            duration(slow.latency_seconds),
            duration(slow.ended_seconds),
            seconds(slow.on_cpu_seconds),
            seconds(slow.blocked_seconds),
            seconds(slow.preempted_seconds),
            number(slow.page_faults),
            number(slow.allocations),
        ]
    };
    page.table(
        "The slowest operations; a dash where it is not known",
        &[
            "operation",
            "label",
            "phase",
            "took",
            "ended at",
            "on a CPU",
            "blocked",
            "preempted",
            "page faults",
            "allocations",
        ],
        3,
        slowest.iter().map(row),
    );
    for slow in slowest {
        details(page, slow);
    }
}

fn details(page: &mut Markup, slow: &SlowOperation) {
    let took = view::took(slow);
    page.html("<details><summary>").text(&slow.operation);
    page.html(": ").text(&took).html("</summary>\n");
    page.list(
        view::facts(slow)
            .iter()
            .map(|(what, text)| format!("{what}: {text}")),
    );
    let stacks = slow.stacks.iter().map(|stack| {
        let functions = stack.functions.join(" ← ");
        vec![functions, count(stack.samples)]
    });
    page.table(
        "Where it was seen: functions from the inside to the outside",
        &["stack", "samples"],
        1,
        stacks,
    );
    page.html("</details>\n");
}
