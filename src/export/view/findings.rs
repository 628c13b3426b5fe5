//! Findings as lines: what, why, and what to do.

use crate::finding::Severity;
use crate::report::Report;

/// A finding in three texts.
pub(in crate::export) struct FoundLine {
    /// How much it matters.
    pub(in crate::export) severity: Severity,
    /// What was found, and about what.
    pub(in crate::export) title: String,
    /// The figures.
    pub(in crate::export) evidence: String,
    /// What to do.
    pub(in crate::export) next: String,
}

/// What the report shows, the gravest first.
pub(in crate::export) fn findings(report: &Report) -> Vec<FoundLine> {
    let findings = report.findings().into_iter();
    findings
        .map(|finding| FoundLine {
            severity: finding.severity,
            title: match &finding.subject {
                Some(subject) => format!("{subject}: {}", finding.title),
                None => finding.title.clone(),
            },
            evidence: finding.evidence.join(" · "),
            next: finding.next,
        })
        .collect()
}
