//! The report as Markdown, for the comment of a pull request: what matters first.
//!
//! Names from outside stand in code spans, the one place where neither HTML nor links nor mentions work; a `|`, which
//! ends a table's cell even there, is spelt out.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::export::Exporter;
use crate::export::text::plain;
use crate::export::view::{self, COLUMNS};
use crate::report::Report;

/// The report as GitHub-flavoured Markdown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Markdown;

impl Exporter for Markdown {
    fn name(&self) -> &str {
        "markdown"
    }

    fn export(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let mut text = String::new();
        headlines(&mut text, report);
        verdicts(&mut text, report);
        findings(&mut text, report);
        operations(&mut text, report);
        slow(&mut text, report);
        functions(&mut text, report);
        costs(&mut text, report);
        let _ = writeln!(text, "{}", prose(&view::origin(report)));
        out.write_all(text.as_bytes())
    }
}

fn headlines(text: &mut String, report: &Report) {
    let heading = view::judgement(report).unwrap_or_else(|| "no thresholds".to_owned());
    let _ = writeln!(text, "### vecperf: {}\n", prose(&heading));
    for (name, headline) in view::headlines(report) {
        let _ = writeln!(text, "**{}** {}\n", code(&name), prose(&headline));
    }
    if let Some(workload) = &report.workload {
        let lines = view::workload(workload);
        let _ = writeln!(
            text,
            "{}\n",
            lines
                .iter()
                .map(|line| prose(line))
                .collect::<Vec<_>>()
                .join(" · ")
        );
    }
}

fn verdicts(text: &mut String, report: &Report) {
    let rows = report.verdicts.iter().map(|verdict| {
        let (mark, word) = view::status(verdict.status);
        vec![
            format!("{mark} {word}"),
            prose(&view::subject(verdict)),
            prose(&verdict.evidence),
        ]
    });
    table(text, &["verdict", "threshold", "evidence"], 3, rows);
}

fn findings(text: &mut String, report: &Report) {
    let rows = view::findings(report).into_iter().map(|finding| {
        vec![
            finding.severity.name().to_owned(),
            prose(&finding.title),
            prose(&finding.evidence),
            prose(&finding.next),
        ]
    });
    table(text, &["finding", "what", "evidence", "next"], 4, rows);
}

fn operations(text: &mut String, report: &Report) {
    let header: Vec<_> = ["phase", "operation"].into_iter().chain(COLUMNS).collect();
    let groups = view::groups(report);
    let rows = groups.iter().flat_map(|group| {
        group.rows.iter().map(|row| {
            let numbers = row.cells.iter().map(|cell| prose(cell));
            [prose(&group.title), code(&row.name)]
                .into_iter()
                .chain(numbers)
                .collect()
        })
    });
    table(text, &header, 2, rows);
    let details: Vec<_> = groups
        .iter()
        .flat_map(|group| &group.rows)
        .flat_map(|row| {
            let all = row.details.iter().chain(&row.time);
            all.map(|detail| format!("- {}: {}", code(&row.name), prose(detail)))
        })
        .collect();
    if !details.is_empty() {
        let _ = writeln!(text, "{}\n", details.join("\n"));
    }
}

/// Slow operations shown; the report has more.
const SLOW: usize = 5;

fn slow(text: &mut String, report: &Report) {
    let rows = view::slowest(report, SLOW).into_iter().map(|slow| {
        let (took, did) = (view::took(slow), view::sentence(slow));
        vec![code(&slow.operation), prose(&took), prose(&did)]
    });
    table(text, &["slow operation", "took", "what is known"], 3, rows);
    if let Some(further) = view::further(report, SLOW) {
        let _ = writeln!(text, "{}.\n", prose(&further));
    }
}

/// Functions shown; the report and the profile have more.
const FUNCTIONS: usize = 10;

fn functions(text: &mut String, report: &Report) {
    let rows = view::functions(report, FUNCTIONS)
        .into_iter()
        .map(|[name, own, all]| vec![code(&name), own, all]);
    table(text, &["CPU time of function", "own", "in all"], 1, rows);
    let rows = view::heap_sites(report, FUNCTIONS)
        .into_iter()
        .map(|[name, in_use, allocated]| vec![code(&name), in_use, allocated]);
    table(text, &["heap of function", "in use", "allocated"], 1, rows);
}

fn costs(text: &mut String, report: &Report) {
    let profile = view::profile(report)
        .into_iter()
        .map(|line| ("profile", line));
    let heap = view::heap_profile(report)
        .into_iter()
        .map(|line| ("heap", line));
    let watching = ("watching", view::self_cost(report));
    let lines = view::resources(report)
        .into_iter()
        .chain(view::memory(report))
        .chain(profile)
        .chain(heap)
        .chain([watching])
        .chain(view::notes(report));
    table(
        text,
        &["", "what it took"],
        2,
        lines.map(|(label, line)| vec![label.to_owned(), prose(&line)]),
    );
}

/// A table whose first `left` columns are text and whose others are numbers; nothing without rows.
pub(super) fn table(
    text: &mut String,
    header: &[&str],
    left: usize,
    rows: impl Iterator<Item = Vec<String>>,
) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    let rules = (0..header.len()).map(|column| if column < left { "---" } else { "---:" });
    let _ = writeln!(text, "| {} |", header.join(" | "));
    let _ = writeln!(text, "| {} |", rules.collect::<Vec<_>>().join(" | "));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text.push('\n');
}

/// A sentence that may hold names: words of letters, digits and harmless marks stay, every other word becomes code.
pub(super) fn prose(text: &str) -> String {
    let text = plain(text);
    let words = text.split(' ').map(|word| {
        if is_harmless(word) {
            return word.to_owned();
        }
        // A sentence that already quotes a name means code by it.
        let quoted = word
            .strip_prefix('`')
            .and_then(|rest| rest.strip_suffix('`'));
        code(quoted.filter(|name| !name.contains('`')).unwrap_or(word))
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Letters, digits and marks that mean nothing to Markdown, and nothing that GitHub makes a link of.
fn is_harmless(word: &str) -> bool {
    let body = word.strip_suffix(':').unwrap_or(word);
    let harmless = |c: char| c.is_alphanumeric() || ".,;%/'()+·±×–…≤≥".contains(c);
    // A `-` within a word is a hyphen; before it, a list or a rule.
    let body_is = |part: &str| part.chars().all(harmless);
    body.split('-')
        .all(|part| body_is(part) && (!part.is_empty() || body.is_empty()))
        && !body.to_ascii_lowercase().contains("www.")
}

/// `name` as a code span, whatever it holds.
pub(super) fn code(name: &str) -> String {
    let name = plain(name).replace('|', "\\u{7c}");
    if name.trim().is_empty() {
        return format!("`\"{name}\"`");
    }
    let longest = name.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let blank = if name.contains('`') || name.starts_with(' ') {
        " "
    } else {
        ""
    };
    format!("{fence}{blank}{name}{blank}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_code_whatever_they_hold() {
        for (name, shown) in [
            ("search", "`search`"),
            ("a`b", "`` a`b ``"),
            ("``", "``` `` ```"),
            ("a|b", "`a\\u{7c}b`"),
            ("", "`\"\"`"),
            ("<b>", "`<b>`"),
        ] {
            assert_eq!(code(name), shown);
        }
    }

    #[test]
    fn sentences_keep_their_words_and_lose_their_marks() {
        for (text, shown) in [
            (
                "p99 280 µs, 3,412/s · 0.951 ± 0.006",
                "p99 280 µs, 3,412/s · 0.951 ± 0.006",
            ),
            ("see: max_memory_mb", "see: `max_memory_mb`"),
            ("3 `search` operations", "3 `search` operations"),
            (
                "@team https://x.y www.z.w #1",
                "`@team` `https://x.y` `www.z.w` `#1`",
            ),
            ("[a](b) ![c]", "`[a](b)` `![c]`"),
        ] {
            assert_eq!(prose(text), shown);
        }
    }
}
