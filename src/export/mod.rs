//! Exporters: pure functions from a report to bytes, and ([`files`]) the one place that writes files.
//!
//! | exporter | for |
//! |---|---|
//! | [`Console`] | the person at the terminal |
//! | [`Html`] | a browser: one file with charts and a flame graph |
//! | [`Markdown`] | a pull request's comment |
//! | [`Json`] | programs: all of the report, read back by [`Report::from_json`] |
//! | [`OpenMetrics`] | a scraper |
//! | [`Csv`] | a spreadsheet: a figure a line |
//! | [`Junit`] | a CI system: a test for each threshold |
//! | [`Github`] | annotations of a GitHub workflow |
//! | [`comparison`] | what changed between runs, in the same formats |
//! | [`Exporter`] | whatever else: a report is plain data |
//!
//! What the exporters for people show is gathered once, in `view`; how a number is written, in [`quantity`].

pub mod comparison;
mod console;
mod csv;
pub mod files;
mod github;
mod html;
mod json;
mod junit;
mod markdown;
mod openmetrics;
#[cfg(feature = "pprof")]
pub mod pprof;
#[cfg(feature = "schema")]
mod schema;
mod text;
mod view;
mod xml;

use std::io::{self, Write};

use crate::error::{Error, ErrorKind, Result};
use crate::report::Report;

pub use crate::quantity;
pub use console::Console;
pub use csv::Csv;
pub use github::Github;
pub use html::Html;
pub use json::Json;
pub use junit::Junit;
pub use markdown::Markdown;
pub use openmetrics::OpenMetrics;
#[cfg(feature = "schema")]
pub use schema::json_schema;
pub use text::plain;

/// Turns a report into bytes that another program, or a person, reads.
///
/// Names in a report come from outside: operations, data sets, notes. An exporter writes them so that its reader
/// takes them for text and nothing else; [`plain`] is what a terminal needs.
///
/// ```
/// use std::io::{self, Write};
/// use vecperf::{Monitor, Report, Settings, export::{Exporter, plain}};
///
/// /// `operation,count` a line.
/// struct Counts;
///
/// impl Exporter for Counts {
///     fn name(&self) -> &str {
///         "counts"
///     }
///     fn export(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
///         for operation in &report.run.operations {
///             writeln!(out, "{},{}", plain(&operation.name), operation.count)?;
///         }
///         Ok(())
///     }
/// }
/// # fn show(report: &Report) -> vecperf::Result<()> {
/// let bytes = Counts.to_bytes(report)?;
/// # Ok(())
/// # }
/// ```
pub trait Exporter {
    /// The format's name: `json`.
    fn name(&self) -> &str;

    /// Writes `report` to `out`.
    ///
    /// # Errors
    /// `out` takes no more. A closed pipe is [`io::ErrorKind::BrokenPipe`].
    fn export(&self, report: &Report, out: &mut dyn Write) -> io::Result<()>;

    /// The report as bytes, for files that are written whole.
    ///
    /// # Errors
    /// What [`Exporter::export`] returns, with the format's name; the built-in exporters never fail here.
    fn to_bytes(&self, report: &Report) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match self.export(report, &mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) => {
                let message = format!("the report cannot be written as {}: {error}", self.name());
                Err(Error::new(ErrorKind::Io, message).because(error))
            }
        }
    }
}

/// The report for the person at the terminal: 80 columns, no colour. See [`Console`] for others.
pub fn console(report: &Report) -> String {
    text(&Console::default(), report)
}

/// The report as Markdown. See [`Markdown`].
pub fn markdown(report: &Report) -> String {
    text(&Markdown, report)
}

/// The report as a page for a browser, without the profiles. See [`Html`].
pub fn html(report: &Report) -> String {
    text(&Html::default(), report)
}

/// The whole run for a scraper. See [`OpenMetrics`].
pub fn openmetrics(report: &Report) -> String {
    text(&OpenMetrics, report)
}

/// All of the report as JSON. See [`Json`].
pub fn json(report: &Report) -> String {
    text(&Json, report)
}

/// What a built-in exporter writes: UTF-8, and a `Vec` takes all of it.
fn text(exporter: &dyn Exporter, report: &Report) -> String {
    let bytes = exporter.to_bytes(report).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}
