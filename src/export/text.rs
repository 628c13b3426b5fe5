//! Names from outside, made harmless for the reader they go to.

use std::borrow::Cow;
use std::fmt::Write;

/// `text` on one line and without anything a terminal acts on: control characters (C0, DEL, C1), line and
/// paragraph separators, bidirectional controls and other invisible marks appear as `\u{…}`, `\n`, `\t`.
///
/// ```
/// assert_eq!(vecperf::export::plain("glove-50 · ü 語"), "glove-50 · ü 語");
/// assert_eq!(vecperf::export::plain("\u{1b}[31mred\n"), "\\u{1b}[31mred\\n");
/// ```
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            hidden if is_hidden(hidden) => _ = write!(shown, "\\u{{{:x}}}", u32::from(hidden)),
            visible => shown.push(visible),
        }
    }
    Cow::Owned(shown)
}

/// Characters that act on the text around them instead of being seen: Unicode's Cc, Zl, Zp and Cf, the variation
/// selectors and the fillers that render as nothing.
pub(super) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            u32::from(character),
            0xad | 0x34f | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x890..=0x891 | 0x8e2 | 0x115f..=0x1160
                | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164
                | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb | 0x110bd | 0x110cd | 0x13430..=0x1343f
                | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_seen_stays_as_it_is() {
        for text in ["search", "größe", "語", "a b", "±·µ✔✘…–", "e\u{301}", "🚀"] {
            assert_eq!(plain(text), text);
        }
    }

    #[test]
    fn what_cannot_be_seen_is_spelt_out() {
        for (text, shown) in [
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{7f}\u{9b}31m", "\\u{7f}\\u{9b}31m"),
            ("\u{202e}txt.exe", "\\u{202e}txt.exe"),
            ("\u{2028}\u{feff}\u{e0041}", "\\u{2028}\\u{feff}\\u{e0041}"),
        ] {
            assert_eq!(plain(text), shown);
        }
    }
}
