//! The report as CSV (RFC 4180), a figure a line: what a spreadsheet pivots and a script reads without a library.
//!
//! Names from outside never become formulas: one that begins as a spreadsheet's formula does gets a `'` in front.

use std::io::{self, Write};

use crate::export::Exporter;
use crate::export::text::plain;
use crate::report::{OperationReport, PhaseReport, Report};

/// `phase,operation,metric,value,unit`: the figures of each phase and operation, then the verdicts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Csv;

impl Exporter for Csv {
    fn name(&self) -> &str {
        "csv"
    }

    fn export(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let mut out = io::BufWriter::new(out);
        line(&mut out, ["phase", "operation", "metric", "value", "unit"])?;
        for phase in std::iter::once(&report.run).chain(&report.phases) {
            let name = cell(&phase.name);
            for figure in of_phase(phase) {
                figure_line(&mut out, &name, "", figure)?;
            }
            for operation in &phase.operations {
                let operation_name = cell(&operation.name);
                for figure in of_operation(operation) {
                    figure_line(&mut out, &name, &operation_name, figure)?;
                }
            }
        }
        for verdict in &report.verdicts {
            let operation = verdict.operation.as_deref().unwrap_or_default();
            let metric = format!("verdict of {}", verdict.threshold);
            let status = crate::export::view::status(verdict.status).1;
            line(&mut out, ["", &cell(operation), &cell(&metric), status, ""])?;
        }
        out.flush()
    }
}

type Figure = (&'static str, f64, &'static str);

fn of_phase(phase: &PhaseReport) -> Vec<Figure> {
    let used = &phase.resources;
    let whole = |number: Option<u64>| number.map(|number| number as f64);
    let known = [
        ("duration", Some(phase.duration_seconds), "s"),
        ("cpu_user", used.cpu_user_seconds, "s"),
        ("cpu_system", used.cpu_system_seconds, "s"),
        ("cpu_use", used.cpu_percent, "%"),
        ("peak_memory", whole(used.peak_anonymous_swapped_bytes), "B"),
        ("minor_faults", whole(used.minor_faults), ""),
        ("major_faults", whole(used.major_faults), ""),
    ];
    known
        .into_iter()
        .filter_map(|(name, value, unit)| Some((name, value?, unit)))
        .collect()
}

fn of_operation(operation: &OperationReport) -> Vec<Figure> {
    let latency = operation.latency.as_ref();
    let recall = operation.recall.as_ref();
    let split = operation.time_split.as_ref();
    let allocations = operation.allocations.as_ref();
    let known = [
        ("count", Some(operation.count as f64), ""),
        ("errors", Some(operation.errors as f64), ""),
        ("cancelled", Some(operation.cancelled as f64), ""),
        ("throughput", Some(operation.per_second), "1/s"),
        ("latency_mean", latency.map(|it| it.mean_seconds), "s"),
        ("latency_p50", latency.map(|it| it.p50_seconds), "s"),
        ("latency_p90", latency.map(|it| it.p90_seconds), "s"),
        ("latency_p99", latency.map(|it| it.p99_seconds), "s"),
        ("latency_p999", latency.map(|it| it.p999_seconds), "s"),
        ("latency_max", latency.map(|it| it.max_seconds), "s"),
        ("recall", recall.map(|it| it.mean), ""),
        ("recall_low", recall.map(|it| it.low), ""),
        ("recall_high", recall.map(|it| it.high), ""),
        ("on_cpu", split.map(|it| it.all.on_cpu_seconds), "s"),
        ("blocked", split.map(|it| it.all.blocked_seconds), "s"),
        ("preempted", split.map(|it| it.all.preempted_seconds), "s"),
        (
            "allocations",
            allocations.map(|it| it.allocations_per_operation),
            "",
        ),
        (
            "allocated",
            allocations.map(|it| it.bytes_per_operation),
            "B",
        ),
    ];
    known
        .into_iter()
        .filter_map(|(name, value, unit)| Some((name, value?, unit)))
        .collect()
}

/// Empty where it is no number.
fn number(value: f64) -> String {
    if value.is_finite() {
        value.to_string()
    } else {
        String::new()
    }
}

/// A name as a cell.
pub(super) fn cell(text: &str) -> String {
    let text = plain(text);
    // Full-width forms too: some spreadsheets take them for the marks that they stand for.
    let begins = |c: char| "=+-@|%＝＋－＠".contains(c);
    let guarded = match text.trim_start().starts_with(begins) {
        true => format!("'{text}"),
        false => text.into_owned(),
    };
    if guarded.contains([',', '"', ';']) || guarded.trim() != guarded {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

fn figure_line(
    out: &mut impl Write,
    phase: &str,
    operation: &str,
    (metric, value, unit): Figure,
) -> io::Result<()> {
    line(out, [phase, operation, metric, &number(value), unit])
}

fn line(out: &mut impl Write, cells: [&str; 5]) -> io::Result<()> {
    // RFC 4180 ends lines with both.
    write!(out, "{}\r\n", cells.join(","))
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn names_are_no_formulas_and_stay_in_their_cell() {
        for (name, shown) in [
            ("search", "search"),
            ("=1+1", "'=1+1"),
            (" @SUM(A1)", "' @SUM(A1)"),
            ("-2", "'-2"),
            ("a,\"b\"", "\"a,\"\"b\"\"\""),
            ("a\r\nb", "a\\r\\nb"),
            ("", ""),
        ] {
            assert_eq!(cell(name), shown);
        }
    }
}
