//! Exporters: pure functions from a report to bytes, and ([`files`]) the one place that writes files.
//!
//! | exporter | for |
//! |---|---|
//! | [`Json`] | programs: all of the report, read back by [`Report::from_json`] |

pub mod files;
mod json;
mod text;

use std::io::Write;

use crate::error::{Error, ErrorKind, Result};
use crate::report::Report;

pub use json::Json;
pub use text::plain;

/// Turns a report into bytes that another program, or a person, reads.
///
/// Names in a report come from outside: operations, data sets, notes. An exporter writes them so that its reader
/// takes them for text and nothing else.
///
/// ```
/// use std::io::Write;
/// use vecperf::{Report, Result, export::Exporter};
///
/// /// `operation,p99` a line.
/// struct P99;
///
/// impl Exporter for P99 {
///     fn name(&self) -> &str {
///         "p99"
///     }
///     fn export(&self, report: &Report, out: &mut dyn Write) -> Result<()> {
///         for operation in &report.run.operations {
///             let p99 = operation.latency.as_ref().map_or(f64::NAN, |latency| latency.p99_seconds);
///             writeln!(out, "{},{p99}", vecperf::export::plain(&operation.name))
///                 .map_err(|error| vecperf::Error::new(vecperf::ErrorKind::Io, error.to_string()))?;
///         }
///         Ok(())
///     }
/// }
/// assert_eq!(P99.name(), "p99");
/// ```
pub trait Exporter {
    /// The format's name: `json`.
    fn name(&self) -> &str;

    /// Writes `report` to `out`.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when `out` takes no more; a closed pipe is such an error with
    /// [`std::io::ErrorKind::BrokenPipe`] as its cause.
    fn export(&self, report: &Report, out: &mut dyn Write) -> Result<()>;

    /// The report as bytes, for files that are written whole.
    ///
    /// # Errors
    /// As [`Exporter::export`].
    fn to_bytes(&self, report: &Report) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.export(report, &mut bytes)?;
        Ok(bytes)
    }
}

/// The error of an exporter called `name` whose output takes no more.
fn unwritten(name: &str, error: std::io::Error) -> Error {
    Error::new(
        ErrorKind::Io,
        format!("the {name} report cannot be written: {error}"),
    )
    .because(error)
}
