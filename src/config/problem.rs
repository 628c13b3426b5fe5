//! What is wrong with settings, in words: where, which key, the value, what is allowed, and the nearest right key.

use super::key::{self, OPERATION_KEYS, OPERATIONS, SECTIONS};
use super::value::{Rule, quoted};
use crate::error::{Error, ErrorKind};

/// Lines listed in one error; a file that is not a settings file at all would make thousands.
const MOST_LISTED: usize = 20;
/// Characters of a wrong value or line that are repeated in the message.
const EXCERPT: usize = 60;

/// One thing that is wrong.
#[derive(Debug)]
pub(super) struct Problem {
    /// `perf_monitor.toml:4:15`, `environment variable VECPERF_…`, `flag --output`.
    pub(super) at: String,
    pub(super) text: String,
}

/// All of them at once, so that they are fixed in one go.
pub(super) fn refuse(problems: &[Problem]) -> Error {
    let line = |problem: &Problem| format!("{}: {}", problem.at, problem.text);
    let message = match problems {
        [only] => line(only),
        _ => {
            let mut message = format!("{} settings are wrong:", problems.len());
            for problem in problems.iter().take(MOST_LISTED) {
                message.push_str(&format!("\n  {}", line(problem)));
            }
            if problems.len() > MOST_LISTED {
                message.push_str(&format!("\n  and {} more", problems.len() - MOST_LISTED));
            }
            message
        }
    };
    Error::new(ErrorKind::Settings, message)
}

/// `value` is not what `name` allows; `why` adds what the rule does not say, and may be empty.
pub(super) fn wrong_value(name: &str, value: &str, rule: Rule, why: &str) -> String {
    let why = if why.is_empty() {
        String::new()
    } else {
        format!("; {why}")
    };
    format!("`{name}` is {value}; allowed is {}{why}", rule.allowed())
}

/// `name` in `section` (empty: the top level) is no setting.
pub(super) fn unknown(section: &str, name: &str) -> String {
    let dot = if section.is_empty() { "" } else { "." };
    format!(
        "`{section}{dot}{}` is no setting; {}",
        excerpt(name),
        suggestion(section, name)
    )
}

/// The nearest right key, or where this one belongs, or what there is.
fn suggestion(section: &str, name: &str) -> String {
    let in_operation = section.starts_with(OPERATIONS) && section != OPERATIONS;
    let here: Vec<&str> = match section {
        "" => SECTIONS.to_vec(),
        _ if in_operation => OPERATION_KEYS.iter().map(|key| key.name).collect(),
        "thresholds" => key::names_in(section).chain(["operations"]).collect(),
        _ => key::names_in(section).collect(),
    };
    let elsewhere = || SECTIONS.into_iter().filter(|other| *other != section);
    if let Some(other) = elsewhere().find(|other| key::names_in(other).any(|key| key == name)) {
        return format!("it belongs in [{other}]");
    }
    if let Some(near) = key::nearest(name, here.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    let near = |other: &'static str| Some((other, key::nearest(name, key::names_in(other))?));
    if let Some((other, near)) = elsewhere().find_map(near) {
        return format!("did you mean `{near}` in [{other}]?");
    }
    let place = if section.is_empty() {
        "a settings file"
    } else {
        "this section"
    };
    format!("{place} has {}", here.join(", "))
}

/// The start of `text`, on one line and with nothing that a terminal would obey.
pub(super) fn excerpt(text: &str) -> String {
    let mut start: String = text.chars().take(EXCERPT).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    let plain = quoted(&start);
    // Quotes and backslashes stay as they were written: only control characters need an escape.
    plain[1..plain.len() - 1]
        .replace("\\\"", "\"")
        .replace("\\\\", "\\")
}

/// Two outputs, one file: the keys and the name.
pub(crate) fn same_file([first, second]: [&str; 2], name: &str) -> String {
    format!(
        "`{first}` and `{second}` are both {}; one would overwrite the other; give two names",
        quoted(name)
    )
}
