//! The comparison for the comment of a pull request.

use std::fmt::Write as _;

use super::words;
use crate::compare::{Comparison, Judgement};
use crate::export::markdown::{code, prose, table};
use crate::quantity::duration;

/// The first line of [`markdown`]: by it a bot finds the comment that it wrote before, and replaces it.
pub const MARKER: &str = "<!-- vecperf-compare -->";

/// Functions shown.
const FUNCTIONS: usize = 10;

/// GitHub-flavoured Markdown that begins with [`MARKER`]; the gravest first.
pub fn markdown(comparison: &Comparison) -> String {
    let mut text = format!(
        "{MARKER}\n### vecperf compare: {}\n\n",
        words::headline(comparison)
    );
    let _ = writeln!(text, "{}\n", prose(&words::sides(comparison)));
    let rows = comparison.changes.iter().map(|change| {
        let (operation, metric, setting) = words::subject(change);
        let mut about = format!("{} {metric}", code(&operation));
        if let Some(setting) = setting {
            let _ = write!(about, " {}", code(&setting));
        }
        let judgement = format!(
            "{} {}",
            words::mark(change.judgement),
            change.judgement.name()
        );
        let reason = change.reason.as_deref().map(prose).unwrap_or_default();
        vec![
            if change.judgement == Judgement::Regressed {
                format!("**{judgement}**")
            } else {
                judgement
            },
            about,
            reason,
            words::value(change.metric, change.base),
            words::value(change.metric, change.new),
            words::size(change),
            words::interval(change),
            words::visible(change),
        ]
    });
    let header = [
        "judgement",
        "what",
        "remark",
        "base",
        "new",
        "change",
        "interval",
        "could have seen",
    ];
    table(&mut text, &header, 3, rows);
    let certain = comparison.functions.iter().filter(|it| it.is_certain());
    let rows = certain.take(FUNCTIONS).map(|it| {
        vec![
            code(&it.function),
            duration(it.base_seconds),
            duration(it.new_seconds),
            duration(it.change_seconds),
            format!(
                "{} to {}",
                duration(it.low_seconds),
                duration(it.high_seconds)
            ),
        ]
    });
    let of = prose(&words::of_functions(comparison));
    table(
        &mut text,
        &[&of, "base", "new", "change", "interval (99 % together)"],
        1,
        rows,
    );
    for note in &comparison.notes {
        let _ = writeln!(text, "- {}", prose(note));
    }
    let _ = writeln!(text, "- {}", prose(&words::legend(comparison)));
    text
}
