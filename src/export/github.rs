//! Verdicts and findings as workflow commands of GitHub Actions: annotations of the run. The step summary is [`Markdown`].
//!
//! A line that begins with `::` is a command, so no text from outside may begin one: each stands within a command of ours,
//! escaped as the runner unescapes it.
//!
//! [`Markdown`]: crate::export::Markdown

use std::io::{self, Write};

use crate::export::text::plain;
use crate::export::{Exporter, view};
use crate::finding::Severity;
use crate::report::Report;
use crate::threshold::Status;

/// `::error …` for each failed threshold, `::warning …` for each that could not be judged and each finding of weight,
/// `::notice …` for the headline.
#[derive(Clone, Copy, Debug, Default)]
pub struct Github;

impl Exporter for Github {
    fn name(&self) -> &str {
        "github"
    }

    fn export(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        for verdict in &report.verdicts {
            let level = match verdict.status {
                Status::Pass => continue,
                Status::Fail => Level::Error,
                Status::NoData | Status::Inconclusive => Level::Warning,
            };
            let title = format!(
                "vecperf: {} ({})",
                view::subject(verdict),
                view::status(verdict.status).1
            );
            out.write_all(command(level, &title, &verdict.evidence).as_bytes())?;
        }
        for finding in view::findings(report) {
            if finding.severity > Severity::Note {
                let text = format!("{}. {}", finding.evidence, finding.next);
                let title = format!("vecperf: {}", finding.title);
                out.write_all(command(Level::Warning, &title, &text).as_bytes())?;
            }
        }
        for (name, headline) in view::headlines(report) {
            out.write_all(
                command(Level::Notice, &format!("vecperf: {name}"), &headline).as_bytes(),
            )?;
        }
        Ok(())
    }
}

/// How an annotation is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Error,
    Warning,
    Notice,
}

/// One workflow command, its line end included.
pub(super) fn command(level: Level, title: &str, text: &str) -> String {
    let word = match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Notice => "notice",
    };
    format!("::{word} title={}::{}\n", property(title), data(text))
}

fn data(text: &str) -> String {
    // No line end is left by then.
    plain(text).replace('%', "%25")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_ends_its_command_or_begins_another() {
        let shown = command(Level::Error, "a::b,c=d", "50 %\n::set-output name=x::y");
        assert_eq!(
            shown,
            "::error title=a%3A%3Ab%2Cc=d::50 %25\\n::set-output name=x::y\n"
        );
    }
}
