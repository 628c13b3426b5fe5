//! A comparison for people and for CI: text, Markdown, JSON, JUnit, GitHub annotations.

mod annotations;
mod console;
mod markdown;
mod words;

use crate::compare::Comparison;
use crate::export::text::is_hidden;

pub use annotations::{github, junit};
pub use console::text;
pub use markdown::{MARKER, markdown};

/// All of `comparison` as JSON; no character of a name acts on a terminal.
pub fn json(comparison: &Comparison) -> String {
    let json = serde_json::to_string_pretty(comparison).unwrap_or_default();
    let mut shown = String::with_capacity(json.len() + 1);
    for character in json.chars() {
        if is_hidden(character) && character != '\n' {
            for unit in character.encode_utf16(&mut [0; 2]) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(character);
        }
    }
    shown.push('\n');
    shown
}
