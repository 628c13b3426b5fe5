//! The text of a settings file by lines: where a byte is, and what a line is about.

use super::key::{Found, OPERATIONS};

/// A settings file's text and its name.
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    pub(super) file: &'a str,
    lines: Vec<Line<'a>>,
}

struct Line<'a> {
    /// Its first byte in the text.
    start: usize,
    text: &'a str,
    /// The section it is in, by the nearest header above it.
    section: &'a str,
}

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a str, file: &'a str) -> Self {
        let (mut start, mut section) = (0, "");
        let lines = text.split('\n').map(|line| {
            let trimmed = line.trim();
            if trimmed.starts_with('[') {
                section = trimmed.trim_matches(['[', ']']);
            }
            let line = Line {
                start,
                text: line,
                section,
            };
            start += line.text.len() + 1;
            line
        });
        Self {
            text,
            file,
            lines: lines.collect(),
        }
    }

    /// Line and column of a byte, both from 1; columns are characters.
    pub(super) fn place(&self, byte: usize) -> (usize, usize) {
        let number = self.lines.partition_point(|line| line.start <= byte).max(1);
        let column = self.lines.get(number - 1).map_or(0, |line| {
            let before = line
                .text
                .char_indices()
                .take_while(|(at, _)| line.start + at < byte);
            before.count()
        });
        (number, column + 1)
    }

    /// The text of a line, counted from 1.
    pub(super) fn line(&self, number: usize) -> &'a str {
        self.lines
            .get(number - 1)
            .map_or("", |line| line.text.trim_end_matches('\r'))
    }

    /// The setting that a line seems to be about.
    pub(super) fn setting_on(&self, number: usize) -> Option<Found> {
        let name = self
            .line(number)
            .split(['=', ' ', '\t'])
            .find(|word| !word.is_empty())?;
        let section = self.lines.get(number - 1)?.section;
        match section
            .strip_prefix(OPERATIONS)
            .and_then(|rest| rest.strip_prefix('.'))
        {
            Some(operation) => Found::operation(operation.trim_matches('"'), name),
            None => Found::general(section, name),
        }
    }
}
