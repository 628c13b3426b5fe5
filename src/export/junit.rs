//! Verdicts as JUnit's XML, which CI systems show as tests: a failed threshold is a failed test, one that could not be
//! judged an error (of a gate, both are no pass).

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::export::Exporter;
use crate::export::view;
use crate::export::xml::escaped;
use crate::report::Report;
use crate::threshold::Status;

/// A test suite with a test for each threshold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Junit;

impl Exporter for Junit {
    fn name(&self) -> &str {
        "junit"
    }

    fn export(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let tests = report.verdicts.iter().map(|verdict| Test {
            class: "vecperf.thresholds".to_owned(),
            name: view::subject(verdict),
            result: match verdict.status {
                Status::Pass => Outcome::Passed,
                Status::Fail => Outcome::Failed,
                Status::NoData | Status::Inconclusive => Outcome::NotJudged,
            },
            text: verdict.evidence.clone(),
        });
        let tests: Vec<_> = tests.collect();
        out.write_all(suite("vecperf", report.run.duration_seconds, &tests).as_bytes())
    }
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    Failed,
    NotJudged,
}

/// A test.
pub(super) struct Test {
    pub(super) class: String,
    pub(super) name: String,
    pub(super) result: Outcome,
    pub(super) text: String,
}

/// The document.
pub(super) fn suite(name: &str, seconds: f64, tests: &[Test]) -> String {
    let of = |result: Outcome| tests.iter().filter(|test| test.result == result).count();
    let seconds = if seconds.is_finite() {
        seconds.max(0.0)
    } else {
        0.0
    };
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"0\" time=\"{seconds:.3}\"",
        tests.len(),
        of(Outcome::Failed),
        of(Outcome::NotJudged)
    );
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let name = escaped(name);
    let _ = writeln!(
        text,
        "<testsuites {counts}>\n  <testsuite name=\"{name}\" {counts}>"
    );
    for test in tests {
        let (class, name, why) = (
            escaped(&test.class),
            escaped(&test.name),
            escaped(&test.text),
        );
        let _ = writeln!(
            text,
            "    <testcase classname=\"{class}\" name=\"{name}\" time=\"0\">"
        );
        let _ = match test.result {
            Outcome::Passed => writeln!(text, "      <system-out>{why}</system-out>"),
            Outcome::Failed => writeln!(text, "      <failure message=\"{why}\" type=\"fail\"/>"),
            Outcome::NotJudged => writeln!(
                text,
                "      <error message=\"{why}\" type=\"inconclusive\"/>"
            ),
        };
        text.push_str("    </testcase>\n");
    }
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}
