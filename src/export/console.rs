//! The report at the terminal. A run scrolls by, so what matters most stands at the end, next to the prompt: the
//! tables first, then what it cost, then the headline and the verdicts.

pub(super) mod page;
mod table;

use std::borrow::Cow;
use std::io::{self, Write};

use crate::export::text::plain;
use crate::export::{Exporter, view};
use crate::finding::Severity;
use crate::report::Report;
use crate::threshold::Status;
use page::{Page, Style};

/// The report for the person at the terminal.
///
/// Fits the width: long texts wrap, long names end in `…`, and where that is not enough the table leaves columns out,
/// `p90` first. No character of a name acts on the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Console {
    /// Columns of the terminal; fewer than 40 count as 40.
    pub width: usize,
    /// Whether to use colour and bold type. The caller knows whether this is a terminal, and what `NO_COLOR` says.
    pub colour: bool,
}

impl Default for Console {
    fn default() -> Self {
        Self {
            width: 80,
            colour: false,
        }
    }
}

impl Exporter for Console {
    fn name(&self) -> &str {
        "console"
    }

    fn export(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let mut page = Page::new(self.width.max(40), self.colour);
        title(&mut page, report);
        operations(&mut page, report);
        slow(&mut page, report);
        functions(&mut page, report);
        costs(&mut page, report);
        findings(&mut page, report);
        results(&mut page, report);
        out.write_all(page.text().as_bytes())
    }
}

fn title(page: &mut Page, report: &Report) {
    page.wrapped("", Style::Dim, &plain(&view::origin(report)), Style::Dim);
    for line in report.workload.iter().flat_map(view::workload) {
        page.wrapped("", Style::Plain, &plain(&line), Style::Plain);
    }
    page.blank();
}

fn operations(page: &mut Page, report: &Report) {
    let groups = view::groups(report);
    if !groups.is_empty() {
        table::draw(page, &groups);
        page.blank();
    }
}

/// Slow operations shown; the report has more.
const SLOW: usize = 3;

fn slow(page: &mut Page, report: &Report) {
    let slowest = view::slowest(report, SLOW);
    for slow in &slowest {
        let name = page::fit(&plain(&slow.operation), 24);
        let label = format!("{:LABEL$}{name}  ", "slow");
        page.wrapped(&label, Style::Dim, &view::took(slow), Style::Plain);
        let known = view::sentence(slow);
        if !known.is_empty() {
            page.wrapped(&" ".repeat(LABEL), Style::Plain, &plain(&known), Style::Dim);
        }
    }
    if let Some(further) = view::further(report, SLOW) {
        page.wrapped(&" ".repeat(LABEL), Style::Plain, &further, Style::Dim);
    }
    if !slowest.is_empty() {
        page.blank();
    }
}

/// Functions shown; the report and the profile have more.
const FUNCTIONS: usize = 8;
/// Width of a share's column.
const SHARE: usize = 9;
/// Width of a column of bytes.
const BYTES: usize = 11;

fn functions(page: &mut Page, report: &Report) {
    let functions = view::functions(report, FUNCTIONS);
    shares(
        page,
        ["CPU time of functions", "own", "in all"],
        &functions,
        SHARE,
    );
    let sites = view::heap_sites(report, FUNCTIONS);
    shares(
        page,
        ["heap of functions", "in use", "allocated"],
        &sites,
        BYTES,
    );
}

/// A table of functions with two numbers each; nothing without any.
fn shares(page: &mut Page, head: [&str; 3], functions: &[[String; 3]], share: usize) {
    if functions.is_empty() {
        return;
    }
    let longest = functions
        .iter()
        .map(|[name, ..]| page::columns(&plain(name)) + 2)
        .max();
    let name = longest
        .unwrap_or(0)
        .max(22)
        .min(page.width().saturating_sub(2 * share));
    let line = |name_of: &str, own: &str, all: &str| {
        let cells = [own, all].map(|cell| page::pad_left(cell, share));
        format!(
            "{}{}",
            page::pad(&page::fit(name_of, name), name),
            cells.concat()
        )
    };
    page.line(&line(head[0], head[1], head[2]), Style::Dim);
    for [function, own, all] in functions {
        page.line(
            &line(&format!("  {}", plain(function)), own, all),
            Style::Plain,
        );
    }
    page.blank();
}

/// Width of the labels at the left, the blanks after them included.
const LABEL: usize = 10;

fn costs(page: &mut Page, report: &Report) {
    let profile = view::profile(report)
        .into_iter()
        .map(|line| ("profile", line));
    let heap = view::heap_profile(report)
        .into_iter()
        .map(|line| ("heap", line));
    let watching = ("watching", view::self_cost(report));
    let lines = view::resources(report)
        .into_iter()
        .chain(view::memory(report))
        .chain(profile)
        .chain(heap)
        .chain([watching])
        .chain(view::notes(report));
    for (label, text) in lines {
        page.wrapped(
            &format!("{label:LABEL$}"),
            Style::Dim,
            &plain(&text),
            Style::Plain,
        );
    }
    page.blank();
}

/// What stands out, the gravest nearest to the prompt.
fn findings(page: &mut Page, report: &Report) {
    let findings = view::findings(report);
    for finding in findings.iter().rev() {
        let style = match finding.severity {
            Severity::Problem => Style::Bad,
            Severity::Warning => Style::Open,
            Severity::Note => Style::Dim,
        };
        let word = format!("{:LABEL$}", finding.severity.name());
        page.wrapped(&word, style, &plain(&finding.title), Style::Plain);
        let blank = format!("{:LABEL$}", "");
        page.wrapped(&blank, Style::Plain, &plain(&finding.evidence), Style::Dim);
        page.wrapped(
            &format!("{:>LABEL$}", "→ "),
            Style::Dim,
            &plain(&finding.next),
            Style::Plain,
        );
    }
    if !findings.is_empty() {
        page.blank();
    }
}

fn results(page: &mut Page, report: &Report) {
    for (name, headline) in view::headlines(report) {
        let name = page::fit(&plain(&name), 24);
        page.wrapped(&format!("{name}  "), Style::Bold, &headline, Style::Bold);
    }
    page.blank();
    verdicts(page, report);
    if let Some(judgement) = view::judgement(report) {
        let failed = Status::of_all(&report.verdicts) == Some(Status::Fail);
        page.line(&judgement, if failed { Style::Bad } else { Style::Bold });
    }
}

/// One line a verdict where all of them fit, else the evidence below.
fn verdicts(page: &mut Page, report: &Report) {
    let rows: Vec<_> = report
        .verdicts
        .iter()
        .map(|verdict| {
            let subject = plain(&view::subject(verdict)).into_owned();
            (
                view::status(verdict.status),
                subject,
                plain(&verdict.evidence),
            )
        })
        .collect();
    let widest = |column: fn(&Row<'_>) -> usize| rows.iter().map(column).max().unwrap_or(0);
    let word = widest(|row| row.0.1.len());
    let subject = widest(|row| page::columns(&row.1));
    let beside = 2 + word + 2 + subject + 2 + widest(|row| page::columns(&row.2)) <= page.width();
    for (verdict, ((mark, status), about, evidence)) in report.verdicts.iter().zip(&rows) {
        let style = match verdict.status {
            Status::Pass => Style::Good,
            Status::Fail => Style::Bad,
            Status::NoData | Status::Inconclusive => Style::Open,
        };
        let label = format!("{mark} {status:word$}  {}", page::pad(about, subject));
        if beside {
            page.wrapped(&format!("{label}  "), style, evidence, Style::Plain);
        } else {
            page.line(&label, style);
            page.wrapped("    ", Style::Plain, evidence, Style::Plain);
        }
    }
}

/// A verdict's mark and word, what it is about, the evidence.
type Row<'a> = ((&'static str, &'static str), String, Cow<'a, str>);
