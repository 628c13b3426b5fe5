//! What stands out in a run, and what to do next.

use super::Shown;
use super::markup::Markup;

/// Something in a run that its reader should know, as the page shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// The rule that found it: `blocked-tail`.
    pub rule: String,
    /// How much it matters: `problem`, `warning` or `remark`; the page shows other words as they are.
    pub severity: String,
    /// What it is about: an operation, a phase, the machine; may be empty.
    pub subject: String,
    /// What it says, in one sentence.
    pub title: String,
    /// The figures that it rests on.
    pub evidence: String,
    /// What to do next; empty when there is nothing to do.
    pub next: String,
}

/// The findings, the most important first; nothing when there are none.
pub(super) fn section(page: &mut Markup, shown: &Shown<'_>) {
    if shown.html.findings.is_empty() {
        return;
    }
    page.html("<ol class=\"findings\">\n");
    for finding in shown.html.findings {
        page.html("<li><h3><span class=\"badge ");
        page.html(match finding.severity.as_str() {
            "problem" => "fail",
            "warning" => "open",
            _ => "note",
        });
        page.html("\">").text(&finding.severity).html("</span> ");
        page.text(&finding.title).html("</h3>\n");
        page.paragraph("evidence", &finding.evidence);
        if !finding.next.is_empty() {
            page.html("<p><b>Next:</b> ").text(&finding.next);
            page.html("</p>\n");
        }
        page.html("<p class=\"what\">").text(&finding.rule);
        if !finding.subject.is_empty() {
            page.html(" · ").text(&finding.subject);
        }
        page.html("</p></li>\n");
    }
    page.html("</ol>\n");
}
