//! The functions of a cohort beside those of others: the difference per operation.

use std::fmt::Write;

use serde::Serialize;

use super::{Table, cell};
use crate::profile::{Cost, Terms, short};

/// A function, for programs. Values are per operation, else the second side is scaled to the first one's total, that of
/// another profile or of what shrank not.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    function: &'a str,
    /// `self` or `total`
    of: &'static str,
    shown: f64,
    against: f64,
    difference: f64,
    unit: &'a str,
    per_operation: bool,
}

pub(super) fn rows<'a>(table: &'a Table<'_>) -> Vec<Row<'a>> {
    let scale = table.sides.scale(table.stacks.totals);
    let row = |cost: &'a Cost| {
        let [shown, against] = table.of(cost);
        let (shown, against) = (shown * scale[0], against * scale[1]);
        Row {
            function: &cost.name,
            of: table.sorted_by(),
            shown,
            against,
            difference: shown - against,
            unit: table.sides.unit.name(),
            per_operation: table.sides.operations().is_some(),
        }
    };
    table.costs.iter().map(row).collect()
}

/// For a terminal of so many columns.
pub(super) fn table(table: &Table<'_>, width: usize) -> String {
    const COLUMN: usize = 12;
    let unit = &table.sides.unit;
    let [shown, against] = table.sides.titles().map(|title| short(&title, COLUMN));
    let mut text = format!("{}\n\n", heading(table));
    let _ = writeln!(
        text,
        "{shown:>COLUMN$} {against:>COLUMN$} {:>COLUMN$}  function",
        "difference"
    );
    for row in rows(table) {
        let name = short(row.function, width.saturating_sub(3 * COLUMN + 4).max(20));
        let _ = writeln!(
            text,
            "{:>COLUMN$} {:>COLUMN$} {:>COLUMN$}  {name}",
            unit.show_bare(row.shown),
            unit.show_bare(row.against),
            signed(table, row.difference)
        );
    }
    text
}

pub(super) fn markdown(table: &Table<'_>) -> String {
    let unit = &table.sides.unit;
    let [shown, against] = table.sides.titles().map(|title| title.replace('|', "\\|"));
    let mut text = format!("{}\n\n", heading(table));
    let _ = writeln!(
        text,
        "| {shown} | {against} | difference | function |\n| ---: | ---: | ---: | --- |"
    );
    for row in rows(table) {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            unit.show_bare(row.shown),
            unit.show_bare(row.against),
            signed(table, row.difference),
            cell(row.function)
        );
    }
    text
}

fn signed(table: &Table<'_>, difference: f64) -> String {
    let sign = match difference {
        0.0 => "",
        less if less < 0.0 => "-",
        _ => "+",
    };
    format!("{sign}{}", table.sides.unit.show_bare(difference.abs()))
}

/// What is compared, and by what.
fn heading(table: &Table<'_>) -> String {
    let sides = table.sides;
    let [shown, against] = sides.titles();
    let totals = table.stacks.totals;
    let by = match sides.terms() {
        Terms::PerOperation([count, others]) => format!(
            "{} per operation: {count} operations, {} each, against {others}, {} each",
            table.sorted_by(),
            sides.unit.show(totals[0] / count as f64),
            sides.unit.show(totals[1] / others as f64)
        ),
        Terms::AsTheyAre => format!(
            "{}: {} {shown}, {} {against}",
            table.sorted_by(),
            sides.unit.show(totals[0]),
            sides.unit.show(totals[1])
        ),
        Terms::Scaled => format!(
            "{}, the second scaled to the first one's total of {}: the profile does not say how many operations these are",
            table.sorted_by(),
            sides.unit.show(totals[0])
        ),
    };
    format!("{}: {shown} against {against}\n{by}", sides.subject())
}
