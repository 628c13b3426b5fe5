//! What stands out in the run, and what to do next.

use super::Shown;
use super::markup::Markup;
use crate::finding::Severity;

/// The findings, the gravest first; nothing when there are none.
pub(super) fn section(page: &mut Markup, shown: &Shown<'_>) {
    let findings = shown.report.findings();
    if findings.is_empty() {
        return;
    }
    page.html("<ol class=\"findings\">\n");
    for finding in findings {
        page.html("<li><h3><span class=\"badge ");
        page.html(match finding.severity {
            Severity::Problem => "fail",
            Severity::Warning => "open",
            Severity::Note => "note",
        });
        page.html("\">").html(finding.severity.name());
        page.html("</span> ");
        if let Some(subject) = &finding.subject {
            page.text(subject).html(": ");
        }
        page.text(&finding.title).html("</h3>\n");
        page.list(&finding.evidence);
        page.html("<p><b>Next:</b> ").text(&finding.next);
        page.html("</p>\n<p class=\"what\">rule <code>");
        page.html(finding.rule.name()).html("</code></p></li>\n");
    }
    page.html("</ol>\n");
}
