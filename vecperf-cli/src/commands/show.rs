//! A report or its verdicts on stdout, in the format asked for.

use vecperf::export::{Console, Exporter, Json, Markdown, plain};
use vecperf::{Report, Status, Verdict};

use crate::args::Format;
use crate::exit::{Failure, Result};
use crate::terminal::{Terminal, wrapped};

/// Prints `report`.
pub(super) fn report(report: &Report, format: Format, terminal: Terminal) -> Result<()> {
    let console = Console {
        width: terminal.stdout_width(),
        colour: terminal.stdout_color(),
    };
    let exporter: &dyn Exporter = match format {
        Format::Table => &console,
        Format::Markdown => &Markdown,
        Format::Json => &Json,
    };
    terminal.data(&String::from_utf8_lossy(&exporter.to_bytes(report)?))
}

/// Prints `verdicts`.
pub(super) fn verdicts(verdicts: &[Verdict], format: Format, terminal: Terminal) -> Result<()> {
    let text = match format {
        Format::Table => verdicts
            .iter()
            .map(|verdict| lines(verdict, terminal.stdout_color(), terminal.stdout_width()))
            .collect(),
        Format::Markdown => markdown(verdicts),
        Format::Json => {
            let json = serde_json::to_string_pretty(verdicts);
            json.map_err(|error| {
                Failure::runtime("the verdicts cannot be written as JSON").because(&error)
            })? + "\n"
        }
    };
    terminal.data(&text)
}

/// A status as people say it.
fn word(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Fail => "FAIL",
        Status::NoData => "no data",
        Status::Inconclusive => "inconclusive",
    }
}

/// What was judged: `search: max_response_time_ms`.
pub(super) fn subject(verdict: &Verdict) -> String {
    let threshold = plain(&verdict.threshold);
    match &verdict.operation {
        Some(operation) => format!("{threshold} of {}", plain(operation)),
        None => threshold.into_owned(),
    }
}

/// `FAIL  what was judged`, and below it why.
fn lines(verdict: &Verdict, color: bool, width: usize) -> String {
    let on = match verdict.status {
        Status::Pass => "\x1b[32m",
        Status::Fail => "\x1b[1;31m",
        _ => "\x1b[33m",
    };
    let (on, off) = if color { (on, "\x1b[0m") } else { ("", "") };
    let evidence = wrapped(&plain(&verdict.evidence), width.saturating_sub(4)).join("\n    ");
    format!(
        "{on}{}{off}  {}\n    {evidence}\n",
        word(verdict.status),
        subject(verdict)
    )
}

fn markdown(verdicts: &[Verdict]) -> String {
    let cell = |text: &str| {
        plain(text)
            .replace('\\', "\\\\")
            .replace('|', "\\|")
            .replace('<', "&lt;")
    };
    let rows = verdicts.iter().map(|verdict| {
        format!(
            "| {} | {} | {} |\n",
            word(verdict.status),
            cell(&subject(verdict)),
            cell(&verdict.evidence)
        )
    });
    ["| verdict | threshold | evidence |\n| --- | --- | --- |\n".to_owned()]
        .into_iter()
        .chain(rows)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(evidence: &str) -> Verdict {
        Verdict {
            threshold: "max_response_time_ms".to_owned(),
            operation: Some("search".to_owned()),
            status: Status::Fail,
            limit: 1.0,
            observed: Some(2.0),
            unit: "ms".to_owned(),
            evidence: evidence.to_owned(),
        }
    }

    #[test]
    fn a_line_says_what_was_judged_and_why() {
        let shown = lines(&verdict("2 ms of 1 ms"), false, 13);
        assert_eq!(
            shown,
            "FAIL  max_response_time_ms of search\n    2 ms of 1\n    ms\n"
        );
        assert!(lines(&verdict(""), true, 80).contains("\x1b[1;31m"));
    }

    #[test]
    fn names_from_outside_stay_text() {
        assert!(!lines(&verdict("\x1b[2J"), false, 80).contains('\x1b'));
        let table = markdown(&[verdict("a | b\n<script>")]);
        assert_eq!(table.lines().count(), 3);
        assert!(
            table.contains("a \\| b") && table.contains("&lt;script>"),
            "{table}"
        );
    }
}
