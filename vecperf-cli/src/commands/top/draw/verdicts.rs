//! The thresholds over the last ten seconds, the gravest first, each with its evidence.

use ratatui::text::{Line, Span};
use vecperf::Verdict;

use super::Theme;
use crate::commands::top::model::Model;
use crate::commands::top::text::cut;

pub(super) fn lines(model: &Model, theme: Theme, width: usize) -> Vec<Line<'static>> {
    let verdicts = &model.seen().state.verdicts;
    let line = |verdict: &Verdict| {
        let subject = match &verdict.operation {
            Some(operation) => format!("{} of {operation}", verdict.threshold),
            None => verdict.threshold.clone(),
        };
        let word = Theme::word(verdict.status);
        let room = width.saturating_sub(word.chars().count() + 1);
        let text = cut(&format!("{subject}: {}", verdict.evidence), room);
        Line::from(vec![
            Span::styled(word, theme.of_status(verdict.status)),
            Span::raw(" "),
            Span::styled(text, theme.plain()),
        ])
    };
    verdicts.iter().map(line).collect()
}
