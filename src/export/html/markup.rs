//! A page being written. Markup is ours and known when this is compiled; data enters as text, as a number or as JSON,
//! and there is no other way in.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use crate::export::plain;

/// The longest text that is shown whole, in characters. A longer one keeps its start.
const LONGEST: usize = 1000;

/// A page, or a part of one.
#[derive(Debug, Default)]
pub(super) struct Markup(String);

/// What stands in a table's cell.
pub(super) enum Cell {
    /// Text from outside.
    Text(String),
    /// A part of the page.
    Part(Markup),
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Markup> for Cell {
    fn from(part: Markup) -> Self {
        Self::Part(part)
    }
}

impl Markup {
    /// Markup of ours.
    pub(super) fn html(&mut self, ours: &'static str) -> &mut Self {
        self.0.push_str(ours);
        self
    }

    /// Text from outside, as text: between tags, or in a quoted attribute.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for character in shown(text).chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other => self.0.push(other),
            }
        }
        self
    }

    /// A number in a drawing's attribute, to a tenth; what is no number is 0.
    pub(super) fn number(&mut self, number: f64) -> &mut Self {
        let number = if number.is_finite() { number } else { 0.0 };
        let _ = write!(self.0, "{}", (number * 10.0).round() / 10.0);
        self
    }

    /// Another part, after this one.
    pub(super) fn append(&mut self, part: Self) -> &mut Self {
        self.0.push_str(&part.0);
        self
    }

    /// Data for the script, within a `<script>` of a type that no browser runs.
    pub(super) fn json(&mut self, data: &impl Serialize) -> &mut Self {
        // Numbers and texts of ours always serialize; a page without charts is still a page.
        let json = serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned());
        for character in json.chars() {
            match character {
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                    let _ = write!(self.0, "\\u{:04x}", u32::from(character));
                }
                other => self.0.push(other),
            }
        }
        self
    }

    /// A paragraph.
    pub(super) fn paragraph(&mut self, class: &'static str, text: &str) -> &mut Self {
        self.html("<p class=\"").html(class).html("\">");
        self.text(text).html("</p>\n")
    }

    /// A list of texts; nothing when there are none.
    pub(super) fn list<T: AsRef<str>>(&mut self, texts: impl IntoIterator<Item = T>) -> &mut Self {
        let mut texts = texts.into_iter().peekable();
        if texts.peek().is_none() {
            return self;
        }
        self.html("<ul>\n");
        for text in texts {
            self.html("<li>").text(text.as_ref()).html("</li>\n");
        }
        self.html("</ul>\n")
    }

    /// A table; nothing without rows. The first cell of a row names it. The first `left` columns are text, the others
    /// numbers.
    pub(super) fn table<C: Into<Cell>>(
        &mut self,
        caption: &str,
        header: &[&'static str],
        left: usize,
        rows: impl IntoIterator<Item = Vec<C>>,
    ) -> &mut Self {
        let mut rows = rows.into_iter().peekable();
        if rows.peek().is_none() {
            return self;
        }
        // What can be scrolled must be reachable by keyboard, and have a name.
        self.html("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
        self.text(caption).html("\"><table>\n<caption>");
        self.text(caption).html("</caption>\n<thead><tr>");
        for (at, column) in header.iter().enumerate() {
            self.html(if at < left {
                "<th scope=\"col\">"
            } else {
                "<th scope=\"col\" class=\"number\">"
            });
            self.html(column).html("</th>");
        }
        self.html("</tr></thead>\n<tbody>\n");
        for row in rows {
            self.html("<tr>");
            for (at, cell) in row.into_iter().enumerate() {
                self.html(match at {
                    0 => "<th scope=\"row\">",
                    at if at < left => "<td>",
                    _ => "<td class=\"number\">",
                });
                match cell.into() {
                    Cell::Text(text) => self.text(&text),
                    Cell::Part(part) => self.append(part),
                };
                self.html(if at == 0 { "</th>" } else { "</td>" });
            }
            self.html("</tr>\n");
        }
        self.html("</tbody></table></div>\n")
    }

    /// A heading within a section.
    pub(super) fn heading(&mut self, text: &str) -> &mut Self {
        self.html("<h3>").text(text).html("</h3>\n")
    }

    /// Whether nothing was written.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of it.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// A text of the data for the script, as the page shows it.
pub(super) fn as_shown<S: Serializer>(text: &str, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&shown(text))
}

/// `text` as the page shows it: what cannot be seen spelt out, a start and how much more where it is endless.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LONGEST) {
        None => plain(text),
        Some((end, _)) => {
            let more = text.len() - end;
            Cow::Owned(format!("{}… ({more} bytes more)", plain(&text[..end])))
        }
    }
}
