//! Text in columns of the terminal. Names come from the program: nothing in them reaches the terminal as an escape.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
use vecperf::export::plain;

/// `text` in exactly `width` columns, left-aligned; what does not fit ends in `…`.
pub(super) fn left(text: &str, width: usize) -> String {
    let cut = cut(text, width);
    let missing = width.saturating_sub(cut.width());
    cut + &" ".repeat(missing)
}

/// The same, right-aligned.
pub(super) fn right(text: &str, width: usize) -> String {
    let cut = cut(text, width);
    let missing = width.saturating_sub(cut.width());
    " ".repeat(missing) + &cut
}

/// `text` in at most `width` columns, harmless.
pub(super) fn cut(text: &str, width: usize) -> String {
    // Enough of a name that does not end.
    let few: String = text.chars().take(1000).collect();
    let text = plain(&few);
    if text.width() <= width {
        return text.into_owned();
    }
    let room = width.saturating_sub(1);
    let mut used = 0;
    let fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= room
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    if width > 0 {
        kept.push('…');
    }
    kept
}

/// How long, as a clock shows it: `4 s`, `12:07`, `3:00:00`, `2 d 03:00`.
pub(super) fn age(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours) {
        (0, 0) if seconds < 60 => format!("{seconds} s"),
        (0, 0) => format!("{minutes}:{:02}", seconds % 60),
        (0, _) => format!("{hours}:{minutes:02}:{:02}", seconds % 60),
        _ => format!("{days} d {hours:02}:{minutes:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_exact_whatever_is_in_them() {
        for text in [
            "",
            "search",
            "a long name indeed",
            "語語語語語語",
            "\u{1b}[2Jx",
            "e\u{301}é",
        ] {
            for width in 0..12 {
                assert_eq!(left(text, width).width(), width, "{text:?} {width}");
                assert_eq!(right(text, width).width(), width, "{text:?} {width}");
            }
        }
        assert_eq!(left("search", 4), "sea…");
        assert!(!cut("\u{1b}[2J\u{9b}\n", 80).contains(char::is_control));
    }

    #[test]
    fn ages_read_like_a_clock() {
        let all = [4.2, 727.0, 10_800.0, 183_600.0].map(age);
        assert_eq!(all, ["4 s", "12:07", "3:00:00", "2 d 03:00"]);
    }
}
