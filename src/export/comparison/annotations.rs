//! The comparison for CI systems.

use super::words;
use crate::compare::{Change, Comparison, Outcome};
use crate::export::github::{Level, command};
use crate::export::junit::{self, Test, suite};

fn about(change: &Change) -> String {
    let (operation, metric, setting) = words::subject(change);
    match setting {
        Some(setting) => format!("{operation} {metric} ({setting})"),
        None => format!("{operation} {metric}"),
    }
}

/// JUnit's XML: a test for each change; a regression is a failure, an inconclusive one an error.
pub fn junit(comparison: &Comparison) -> String {
    let tests = comparison.changes.iter().map(|change| Test {
        class: "vecperf.compare".to_owned(),
        name: about(change),
        result: match change.outcome {
            Outcome::Improved | Outcome::Same => junit::Outcome::Passed,
            Outcome::Regressed => junit::Outcome::Failed,
            Outcome::Inconclusive => junit::Outcome::NotJudged,
        },
        text: words::sentence(change),
    });
    suite("vecperf compare", 0.0, &tests.collect::<Vec<_>>())
}

/// Workflow commands of GitHub Actions: errors for regressions, warnings for what is inconclusive, one notice in all.
pub fn github(comparison: &Comparison) -> String {
    let mut text = String::new();
    for change in &comparison.changes {
        let level = match change.outcome {
            Outcome::Regressed => Level::Error,
            Outcome::Inconclusive => Level::Warning,
            Outcome::Improved | Outcome::Same => continue,
        };
        let title = format!("vecperf: {} {}", about(change), change.outcome.name());
        text.push_str(&command(level, &title, &words::sentence(change)));
    }
    for note in &comparison.notes {
        text.push_str(&command(Level::Notice, "vecperf compare", note));
    }
    text.push_str(&command(
        Level::Notice,
        "vecperf compare",
        &words::headline(comparison),
    ));
    text
}
