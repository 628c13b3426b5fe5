//! `vecperf config show`: value and origin of each key.

use std::fmt::Write;

use vecperf::config::{Origin, Setting};
use vecperf::export::plain;

use super::settings;
use crate::args::SettingsArgs;
use crate::exit::{Exit, Result};
use crate::terminal::Terminal;

pub(crate) fn show(args: &SettingsArgs, terminal: Terminal) -> Result<Exit> {
    let resolved = settings::in_force(args.file.as_deref())?;
    terminal.data(&table(&resolved.entries()))?;
    Ok(Exit::Fine)
}

/// `key = value  # origin`, aligned. A key without a value is commented out, so that the text is a settings file
/// again once the section headers are there.
fn table(entries: &[Setting]) -> String {
    let left: Vec<_> = entries.iter().map(assignment).collect();
    let width = left
        .iter()
        .map(|text| text.chars().count())
        .max()
        .unwrap_or(0);
    left.iter()
        .zip(entries)
        .fold(String::new(), |mut table, (left, entry)| {
            let _ = writeln!(table, "{left:<width$}  # {}", origin(&entry.origin)); // a String takes all
            table
        })
}

fn assignment(entry: &Setting) -> String {
    match &entry.value {
        Some(value) => format!("{} = {}", plain(&entry.key), plain(&value.to_string())),
        None => format!("# {} is not set", plain(&entry.key)),
    }
}

fn origin(origin: &Origin) -> String {
    plain(&origin.to_string()).into_owned()
}
