//! From the text of a TOML file to settings: every key known, every value allowed, everything that is not told at
//! once and with its place.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::key::{Found, OPERATIONS, SECTIONS, names_in};
use super::problem::{Problem, excerpt, unknown, wrong_value};
use super::resolved::{Origin, Resolved};
use super::source::Source;
use super::value::Given;

type Table<'t> = DeTable<'t>;
type Entry<'e, 't> = (&'e Spanned<DeString<'t>>, &'e Spanned<DeValue<'t>>);

/// Unknown keys that are compared with all the right ones: of a file that is no settings file, a few will do.
const MOST_COMPARED: usize = 100;

/// Puts what `text` sets into `resolved`; gives back what is wrong with it, in the order of the file.
pub(super) fn apply(text: &str, file: &str, resolved: &mut Resolved) -> Vec<Problem> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let (document, broken) = DeTable::parse_recoverable(text);
    let mut reading = Reading {
        source: Source::new(text, file),
        resolved,
        broken_lines: BTreeSet::new(),
        problems: Vec::new(),
    };
    reading.syntax(&broken);
    // Below a broken header nothing belongs where it seems to; below any other broken line everything does.
    let header = |line: &usize| reading.source.line(*line).trim_start().starts_with('[');
    if !reading.broken_lines.iter().any(header) {
        reading.top(document.get_ref());
    }
    reading.problems.sort_by_key(|problem| problem.0);
    reading
        .problems
        .into_iter()
        .map(|problem| problem.1)
        .collect()
}

struct Reading<'a> {
    source: Source<'a>,
    resolved: &'a mut Resolved,
    /// Lines that are not TOML. What the parser made of them is a guess, and not judged.
    broken_lines: BTreeSet<usize>,
    /// With the byte at which each begins.
    problems: Vec<(usize, Problem)>,
}

impl Reading<'_> {
    /// Tells what is wrong at `byte`, unless its line is no TOML and was told already.
    fn tell(&mut self, byte: usize, text: String) {
        if !self.broken_lines.contains(&self.source.place(byte).0) {
            self.push(byte, text);
        }
    }

    fn tell_unknown(&mut self, section: &str, key: &Spanned<DeString<'_>>) {
        // What is wrong is found in the order of the file, nearly, and only the first are listed.
        let text = if self.problems.len() < MOST_COMPARED {
            unknown(section, key.get_ref())
        } else {
            format!("`{}` is no setting", excerpt(key.get_ref()))
        };
        self.tell(key.span().start, text);
    }

    fn push(&mut self, byte: usize, text: String) {
        let (line, column) = self.source.place(byte);
        let at = format!("{}:{line}:{column}", self.source.file);
        self.problems.push((byte, Problem { at, text }));
    }

    /// What is not TOML, the first of each line.
    fn syntax(&mut self, broken: &[toml::de::Error]) {
        for error in broken {
            let byte = error.span().map_or(0, |span| span.start);
            let line = self.source.place(byte).0;
            if !self.broken_lines.insert(line) {
                continue;
            }
            let seen = excerpt(self.source.line(line).trim());
            let about = self
                .source
                .setting_on(line)
                .map(|found| format!("; `{}` is {}", found.full_name(), found.rule().allowed()));
            let text = match error.message() {
                "duplicate key" => {
                    format!("`{seen}` sets again what was set above; leave one of the two")
                }
                message => format!("{message}, in `{seen}`{}", about.unwrap_or_default()),
            };
            self.push(byte, text);
        }
    }

    fn top(&mut self, document: &Table<'_>) {
        for (key, value) in in_order(document) {
            match (SECTIONS.contains(&&**key.get_ref()), value.get_ref()) {
                (true, DeValue::Table(table)) => self.section(key.get_ref(), table),
                (true, _) => self.not_a_table(key.get_ref(), key.span().start),
                (false, _) => self.tell_unknown("", key),
            }
        }
    }

    fn section(&mut self, section: &str, table: &Table<'_>) {
        for (key, value) in in_order(table) {
            match (Found::general(section, key.get_ref()), value.get_ref()) {
                (Some(found), _) => self.value(&found, (key, value)),
                (None, DeValue::Table(table)) if is_operations(section, key.get_ref()) => {
                    self.operations(table);
                }
                (None, _) if is_operations(section, key.get_ref()) => {
                    self.not_a_table("thresholds.operations.NAME", key.span().start);
                }
                (None, _) => self.tell_unknown(section, key),
            }
        }
    }

    fn operations(&mut self, operations: &Table<'_>) {
        for (name, table) in in_order(operations) {
            let section = format!("{OPERATIONS}.{}", name.get_ref());
            let DeValue::Table(table) = table.get_ref() else {
                self.operation_forgotten(name);
                continue;
            };
            let operations = &mut self.resolved.settings.thresholds.operations;
            operations
                .entry(name.get_ref().clone().into_owned())
                .or_default();
            for (key, value) in in_order(table) {
                match Found::operation(name.get_ref(), key.get_ref()) {
                    Some(found) => self.value(&found, (key, value)),
                    None => self.tell_unknown(&section, key),
                }
            }
        }
    }

    /// `[thresholds.operations]` with a key right below it.
    fn operation_forgotten(&mut self, name: &Spanned<DeString<'_>>) {
        let key = excerpt(name.get_ref());
        let text = match Found::operation("", name.get_ref()) {
            Some(_) => {
                format!("which operation is `{key}` about? Write [{OPERATIONS}.search] above it")
            }
            None => format!(
                "`{OPERATIONS}.{key}` names an operation; write [{OPERATIONS}.{key}], and its keys below"
            ),
        };
        self.tell(name.span().start, text);
    }

    fn value(&mut self, found: &Found, (key, value): Entry<'_, '_>) {
        let (line, _) = self.source.place(key.span().start);
        if self.broken_lines.contains(&line) {
            return;
        }
        let origin = Origin::File {
            file: self.source.file.to_owned(),
            line,
        };
        if let Err(why) = self.resolved.apply(found, given(value.get_ref()), origin) {
            let written = excerpt(self.written(value.span()));
            let text = wrong_value(&found.full_name(), &written, found.rule(), &why);
            self.tell(value.span().start, text);
        }
    }

    /// The value as it stands in the file, its first line.
    fn written(&self, span: Range<usize>) -> &str {
        self.source
            .text
            .get(span)
            .unwrap_or_default()
            .lines()
            .next()
            .unwrap_or_default()
    }

    fn not_a_table(&mut self, section: &str, byte: usize) {
        let keys: Vec<&str> = names_in(section).collect();
        let below = if keys.is_empty() {
            "its keys".to_owned()
        } else {
            keys.join(", ")
        };
        self.tell(
            byte,
            format!("`{section}` is a section: write [{section}], and below it {below}"),
        );
    }
}

/// A table's entries as they stand in the file; the parser sorts them by name.
fn in_order<'e, 't>(table: &'e Table<'t>) -> Vec<Entry<'e, 't>> {
    let mut entries: Vec<Entry<'e, 't>> = table.iter().collect();
    entries.sort_by_key(|entry| entry.0.span().start);
    entries
}

fn is_operations(section: &str, key: &str) -> bool {
    section == "thresholds" && key == "operations"
}

fn given(value: &DeValue<'_>) -> Given {
    match value {
        DeValue::Boolean(value) => Given::Switch(*value),
        // Beyond 128 bits it is beyond every range, too.
        DeValue::Integer(value) => {
            Given::Whole(i128::from_str_radix(value.as_str(), value.radix()).unwrap_or(i128::MAX))
        }
        DeValue::Float(value) => Given::Number(value.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::String(value) => Given::Text(value.clone().into_owned()),
        DeValue::Datetime(_) => Given::Other("a date or time"),
        DeValue::Array(_) => Given::Other("a list"),
        DeValue::Table(_) => Given::Other("a section"),
    }
}
