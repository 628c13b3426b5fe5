//! A comparison for people and for CI: text, Markdown, JSON, JUnit, GitHub annotations.

mod annotations;
mod console;
mod markdown;
mod words;

use crate::compare::Comparison;
use crate::export::json::write;

pub use annotations::{github, junit};
pub use console::text;
pub use markdown::{MARKER, markdown};

/// All of `comparison` as JSON; no character of a name acts on a terminal.
pub fn json(comparison: &Comparison) -> String {
    let mut bytes = Vec::new();
    // Memory takes all of it, and there is nothing in it that JSON has no word for.
    let _ = write(comparison, &mut bytes);
    String::from_utf8(bytes).unwrap_or_default()
}
