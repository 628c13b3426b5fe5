//! The functions of one cut: self, total, their parts of the whole, and per operation.

use std::fmt::Write;

use serde::Serialize;

use super::{Table, cell};
use crate::profile::short;

/// A function, for programs.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    function: &'a str,
    #[serde(rename = "self")]
    own: f64,
    self_percent: f64,
    total: f64,
    total_percent: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    self_per_operation: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_per_operation: Option<f64>,
    unit: &'a str,
}

pub(super) fn rows<'a>(table: &'a Table<'_>) -> Vec<Row<'a>> {
    let whole = table.stacks.totals[0];
    let per_operation = |value: f64| {
        let [count, _] = table.sides.operations()?;
        Some(value / count as f64)
    };
    let row = |cost: &'a crate::profile::Cost| Row {
        function: &cost.name,
        own: cost.own[0],
        self_percent: 100.0 * cost.own[0] / whole,
        total: cost.total[0],
        total_percent: 100.0 * cost.total[0] / whole,
        self_per_operation: per_operation(cost.own[0]),
        total_per_operation: per_operation(cost.total[0]),
        unit: table.sides.unit.name(),
    };
    table.costs.iter().map(row).collect()
}

/// For a terminal of so many columns.
pub(super) fn table(table: &Table<'_>, width: usize) -> String {
    let unit = &table.sides.unit;
    let per = table.sides.operations().is_some();
    let mut text = format!("{}\n\n", heading(table));
    let by = format!("{}/op", table.sorted_by());
    let per_head = if per {
        format!("{by:>11}")
    } else {
        String::new()
    };
    let _ = writeln!(
        text,
        "{:>9} {:>6} {:>9} {:>6}{per_head}  function",
        "self", "%", "total", "%"
    );
    let used = 35 + per_head.len();
    for (row, cost) in rows(table).iter().zip(&table.costs) {
        let _ = write!(
            text,
            "{:>9} {:>6.1} {:>9} {:>6.1}",
            unit.show_bare(row.own),
            row.self_percent,
            unit.show_bare(row.total),
            row.total_percent
        );
        if let Some([count, _]) = table.sides.operations() {
            let value = table.of(cost)[0] / count as f64;
            let _ = write!(text, "{:>11}", unit.show_bare(value));
        }
        let name = short(row.function, width.saturating_sub(used).max(20));
        let _ = writeln!(text, "  {name}");
    }
    text
}

pub(super) fn markdown(table: &Table<'_>) -> String {
    let unit = &table.sides.unit;
    let per = table.sides.operations().is_some();
    let mut text = format!("{}\n\n| self | % | total | % |", heading(table));
    text += if per { " self/op | total/op |" } else { "" };
    text += " function |\n| ---: | ---: | ---: | ---: |";
    text += if per { " ---: | ---: |" } else { "" };
    text += " --- |\n";
    for row in rows(table) {
        let _ = write!(
            text,
            "| {} | {:.1} | {} | {:.1} |",
            unit.show_bare(row.own),
            row.self_percent,
            unit.show_bare(row.total),
            row.total_percent
        );
        if let (Some(own), Some(total)) = (row.self_per_operation, row.total_per_operation) {
            let _ = write!(
                text,
                " {} | {} |",
                unit.show_bare(own),
                unit.show_bare(total)
            );
        }
        let _ = writeln!(text, " {} |", cell(row.function));
    }
    text
}

/// What of what, and how much in all.
fn heading(table: &Table<'_>) -> String {
    let (sides, whole) = (table.sides, table.stacks.totals[0]);
    let [cohort, _] = sides.titles();
    let cohort = if cohort.is_empty() {
        cohort
    } else {
        format!(", {cohort}")
    };
    let each = sides.operations().map(|[count, _]| {
        format!(
            "; {count} operations, {} each",
            sides.unit.show(whole / count as f64)
        )
    });
    format!(
        "{}{cohort}: {}{}",
        sides.subject(),
        sides.unit.show(whole),
        each.unwrap_or_default()
    )
}
