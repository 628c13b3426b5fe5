//! Text in XML 1.0: no character that it forbids, no markup.

use super::text::plain;

/// `text` for an attribute or an element: what XML 1.0 has no place for is spelt out as [`plain`] does.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in plain(text).chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_of_a_name_is_markup() {
        for (text, shown) in [
            ("a<b>&\"'", "a&lt;b&gt;&amp;&quot;&apos;"),
            ("]]>", "]]&gt;"),
            ("\u{0}\u{1b}", "\\u{0}\\u{1b}"),
            ("\u{ffff}", "\u{fffd}"),
            ("größe 語", "größe 語"),
        ] {
            assert_eq!(escaped(text), shown);
        }
    }
}
