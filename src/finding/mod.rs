//! Findings: what a report means, in plain words: what stands out, the figures that show it, and what to do next.
//!
//! Each rule is a pure function of the saved report, so a report of last year gives what one of today does. A rule whose
//! figures are missing says nothing: unknown is not fine, and not a finding either. `docs/findings.md` has the conditions.
//!
//! ```text
//!  rule.rs     the rules by name
//!  answers.rs  what was asked for: recall, errors, load
//!  time.rs     where operations' time went
//!  memory.rs   memory and allocations
//!  machine.rs  CPUs, neighbours, the build
//!  trust.rs    how far the figures themselves can be trusted
//!  modes.rs    two modes in a histogram
//! ```

mod answers;
mod machine;
mod memory;
mod modes;
mod rule;
#[cfg(test)]
mod tests;
mod time;
mod trust;

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

impl Severity {
    /// `note`, `warning` or `problem`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
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
    /// The figures that show it, each with its unit; names from outside may stand in them.
    pub evidence: Vec<String>,
    /// What to do next.
    pub next: String,
}

impl Finding {
    fn new(rule: Rule, severity: Severity, title: &str, next: &str) -> Self {
        Self {
            rule,
            severity,
            subject: None,
            title: title.to_owned(),
            evidence: Vec::new(),
            next: next.to_owned(),
        }
    }

    fn about(mut self, name: &str) -> Self {
        self.subject = Some(name.to_owned());
        self
    }

    fn shown_by(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }
}

impl Report {
    /// What this report shows, the gravest first; of equal ones, in the order of [`Rule::ALL`].
    ///
    /// Pure and quick: each rule looks once at each operation of the judged phase.
    ///
    /// ```
    /// let monitor = vecperf::Monitor::in_memory(vecperf::Settings::default())?;
    /// monitor.interrupted("Ctrl-C");
    /// let findings = monitor.report().findings();
    /// assert!(findings.iter().any(|finding| finding.rule.name() == "cut_short"));
    /// # Ok::<(), vecperf::Error>(())
    /// ```
    pub fn findings(&self) -> Vec<Finding> {
        let rooms = [
            answers::RULES,
            time::RULES,
            memory::RULES,
            machine::RULES,
            trust::RULES,
        ];
        let mut findings: Vec<Finding> = rooms
            .into_iter()
            .flatten()
            .flat_map(|rule| rule(self))
            .collect();
        findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.rule));
        findings
    }
}

/// A rule: pure, from the report to what it finds.
type Check = fn(&Report) -> Vec<Finding>;
