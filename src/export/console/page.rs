//! Lines of a given width: wrapping, cutting, padding and colour, by the columns that a terminal gives a character.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How a piece of text looks. Chosen to be readable on light and on dark ground: no yellow, no bright black.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::export) enum Style {
    Plain,
    Bold,
    Dim,
    Good,
    Bad,
    Open,
}

impl Style {
    /// The terminal's "select graphic rendition" parameters.
    fn parameters(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Good => "32",
            Self::Bad => "1;31",
            Self::Open => "35",
        }
    }
}

/// A text that grows line by line.
pub(in crate::export) struct Page {
    width: usize,
    colour: bool,
    text: String,
}

impl Page {
    pub(in crate::export) fn new(width: usize, colour: bool) -> Self {
        Self {
            width,
            colour,
            text: String::new(),
        }
    }

    pub(in crate::export) fn width(&self) -> usize {
        self.width
    }

    pub(in crate::export) fn text(&self) -> &str {
        self.text
            .strip_suffix("\n\n")
            .map_or(&*self.text, |ended| &self.text[..=ended.len()])
    }

    /// An empty line, unless there is one already.
    pub(in crate::export) fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// One line, cut to the width.
    pub(in crate::export) fn line(&mut self, text: &str, style: Style) {
        let text = fit(text.trim_end(), self.width);
        self.paint(&text, style);
        self.text.push('\n');
    }

    /// `label`, then `text` in as many lines as it takes, all indented by the label's width.
    pub(in crate::export) fn wrapped(
        &mut self,
        label: &str,
        label_style: Style,
        text: &str,
        style: Style,
    ) {
        let mut indent = columns(label);
        let mut beside = true;
        if indent + 20 <= self.width {
            self.paint(label, label_style);
        } else {
            // A label that leaves no room has a line of its own.
            self.line(label, label_style);
            (indent, beside) = (4, false);
        }
        for line in wrap(text, self.width - indent) {
            let blanks = if std::mem::take(&mut beside) {
                0
            } else {
                indent
            };
            self.text.extend(std::iter::repeat_n(' ', blanks));
            self.paint(&line, style);
            self.text.push('\n');
        }
    }

    fn paint(&mut self, text: &str, style: Style) {
        if self.colour && style != Style::Plain && !text.trim().is_empty() {
            self.text
                .push_str(&format!("\u{1b}[{}m{text}\u{1b}[0m", style.parameters()));
        } else {
            self.text.push_str(text);
        }
    }
}

/// The columns that `text` takes.
pub(in crate::export) fn columns(text: &str) -> usize {
    text.width()
}

/// `text` in at most `width` columns, cut with `…`.
pub(in crate::export) fn fit(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut cut = head(text, width.saturating_sub(1)).to_owned();
    cut.push('…');
    cut
}

/// `text` with blanks up to `width` columns.
pub(in crate::export) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// `text` with blanks before it up to `width` columns.
pub(in crate::export) fn pad_left(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(columns(text))))
}

/// The longest beginning of `text` that takes at most `width` columns.
fn head(text: &str, width: usize) -> &str {
    let mut used = 0;
    for (at, character) in text.char_indices() {
        used += character.width().unwrap_or(0);
        if used > width {
            return &text[..at];
        }
    }
    text
}

/// `text` in lines of at most `width` columns, broken at blanks where there are any, but not between a number and
/// its unit.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for mut word in words(text) {
        if !line.is_empty() && columns(&line) + 1 + columns(word) > width {
            lines.push(std::mem::take(&mut line));
        }
        // Longer than a line: a path. One character goes at least, however narrow the line.
        while columns(word) > width {
            let first = word.chars().next().map_or(0, char::len_utf8);
            let (part, rest) = word.split_at(head(word, width).len().max(first));
            lines.push(part.to_owned());
            word = rest;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    // A separator at a line's end or start says nothing.
    let bare = |line: &String| {
        line.trim_start_matches("· ")
            .trim_end_matches(" ·")
            .to_owned()
    };
    lines.iter().map(bare).collect()
}

/// The words of `text`; a number with its unit is one.
fn words(text: &str) -> impl Iterator<Item = &str> {
    const UNITS: [&str; 12] = [
        "%", "ns", "µs", "ms", "s", "min", "h", "B", "KiB", "MiB", "GiB", "M/s",
    ];
    let mut rest = text.trim();
    std::iter::from_fn(move || {
        let mut end = rest.find(' ').unwrap_or(rest.len());
        if rest[..end].ends_with(|last: char| last.is_ascii_digit()) && end < rest.len() {
            let next = rest[end + 1..].split(' ').next().unwrap_or("");
            if UNITS.contains(&next.trim_end_matches(|mark: char| ",.;:)".contains(mark))) {
                end += 1 + next.len();
            }
        }
        let word = &rest[..end];
        rest = rest[end..].trim_start_matches(' ');
        (!word.is_empty()).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_columns_not_by_bytes() {
        assert_eq!(fit("search", 6), "search");
        assert_eq!(fit("searching", 6), "searc…");
        assert_eq!(fit("語語語語", 6), "語語…");
        assert_eq!(pad("語", 4), "語  ");
    }

    #[test]
    fn text_wraps_at_blanks_and_breaks_what_has_none() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(
            wrap("a /very/long/path b", 6),
            ["a", "/very/", "long/p", "ath b"]
        );
        assert_eq!(wrap("12 ms · 13 ms", 8), ["12 ms", "13 ms"]);
        assert_eq!(wrap("took (12 ms), yes", 9), ["took", "(12 ms),", "yes"]);
        assert_eq!(wrap("語語", 1), ["語", "語", ""]);
    }

    #[test]
    fn a_page_has_no_line_wider_than_asked_and_no_colour_unless_asked() {
        let mut page = Page::new(40, false);
        page.wrapped("label  ", Style::Bold, &"word ".repeat(30), Style::Good);
        page.wrapped(
            &"a very long label ".repeat(4),
            Style::Bold,
            "text",
            Style::Good,
        );
        page.line(&"x".repeat(100), Style::Bad);
        assert!(
            page.text().lines().all(|line| columns(line) <= 40),
            "{}",
            page.text()
        );
        assert!(!page.text().contains('\u{1b}'));
    }
}
