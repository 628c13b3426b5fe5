//! The comparison for CI systems.

use super::words;
use crate::compare::{Change, Comparison, Judgement};
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
        result: match change.judgement {
            Judgement::Improved | Judgement::Same => junit::Outcome::Passed,
            Judgement::Regressed => junit::Outcome::Failed,
            Judgement::Inconclusive => junit::Outcome::NotJudged,
        },
        text: words::sentence(change),
    });
    suite("vecperf compare", 0.0, &tests.collect::<Vec<_>>())
}

/// Workflow commands of GitHub Actions: errors for regressions, warnings for what is inconclusive, one notice in all.
pub fn github(comparison: &Comparison) -> String {
    let mut text = String::new();
    for change in &comparison.changes {
        let level = match change.judgement {
            Judgement::Regressed => Level::Error,
            Judgement::Inconclusive => Level::Warning,
            Judgement::Improved | Judgement::Same => continue,
        };
        let title = format!("vecperf: {} {}", about(change), change.judgement.name());
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
