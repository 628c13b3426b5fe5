//! What a setting may hold: values, the rules they must meet, and the words that say so.

use std::fmt;
use std::path::{Path, PathBuf};

use super::key::nearest;
use super::{CpuBackEnd, names};

/// A setting's value; shown as TOML writes it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `true` or `false`.
    Switch(bool),
    /// A whole number.
    Whole(u64),
    /// Any number.
    Number(f64),
    /// A text: a directory or a file name.
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch(value) => write!(f, "{value}"),
            Self::Whole(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(&quoted(value)),
        }
    }
}

/// What somebody wrote, before anybody asked whether it fits.
#[derive(Clone, Debug)]
pub(super) enum Given {
    Switch(bool),
    Whole(i128),
    Number(f64),
    Text(String),
    /// Something no setting takes: an array, a date, …
    Other(&'static str),
}

impl From<Value> for Given {
    fn from(value: Value) -> Self {
        match value {
            Value::Switch(value) => Self::Switch(value),
            Value::Whole(value) => Self::Whole(value.into()),
            Value::Number(value) => Self::Number(value),
            Value::Text(value) => Self::Text(value),
        }
    }
}

impl Given {
    /// A text from where everything is text: the environment and flags.
    pub(super) fn from_text(text: &str, rule: Rule) -> Self {
        let trimmed = text.trim();
        match rule {
            Rule::Directory | Rule::FileName | Rule::Socket => Self::Text(text.to_owned()),
            Rule::Choice(_) => Self::Text(trimmed.to_owned()),
            Rule::Switch => trimmed
                .parse()
                .map_or_else(|_| Self::Text(text.to_owned()), Self::Switch),
            _ => (trimmed.parse().map(Self::Whole))
                .or_else(|_| trimmed.parse().map(Self::Number))
                .unwrap_or_else(|_| Self::Text(text.to_owned())),
        }
    }
}

/// What a setting allows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    Switch,
    Whole {
        min: u64,
        max: u64,
    },
    /// More than 0, at most `max`.
    Positive {
        max: f64,
    },
    /// From 0 to `max`, both allowed.
    UpTo {
        max: f64,
    },
    Directory,
    FileName,
    Socket,
    /// One of these words.
    Choice(&'static [&'static str]),
}

impl Rule {
    /// What is allowed, to follow "allowed is".
    pub(super) fn allowed(self) -> String {
        match self {
            Self::Switch => "true or false".to_owned(),
            Self::Whole { min, max } => format!("a whole number from {min} to {max}"),
            Self::Positive { max } => format!("a number above 0, up to {max}"),
            Self::UpTo { max } => format!("a number from 0 to {max}"),
            Self::Directory => "a directory in quotes, such as \"data/logs\"".to_owned(),
            Self::FileName => "a plain file name in quotes, such as \"metrics.json\"".to_owned(),
            Self::Socket => {
                "\"auto\", or a socket's path in quotes, such as \"run/vecperf.sock\"".to_owned()
            }
            Self::Choice(words) => words
                .iter()
                .map(|word| quoted(word))
                .collect::<Vec<_>>()
                .join(", "),
        }
    }

    /// The value of `given` when it is allowed.
    ///
    /// # Errors
    /// What is wrong with it beyond not being [allowed](Self::allowed); empty when that says it all.
    pub(super) fn accept(self, given: Given) -> Result<Value, String> {
        match (self, given) {
            (Self::Switch, Given::Switch(value)) => Ok(Value::Switch(value)),
            (Self::Whole { min, max }, Given::Whole(value)) => u64::try_from(value)
                .ok()
                .filter(|value| (min..=max).contains(value))
                .map(Value::Whole)
                .ok_or_else(String::new),
            (Self::Positive { .. } | Self::UpTo { .. }, Given::Whole(value)) => {
                self.number(value as f64)
            }
            (Self::Positive { .. } | Self::UpTo { .. }, Given::Number(value)) => self.number(value),
            (Self::Directory, Given::Text(text)) => {
                names::check_directory(&text).map(|()| Value::Text(text))
            }
            (Self::FileName, Given::Text(text)) => {
                names::check_file_name(&text).map(|()| Value::Text(text))
            }
            (Self::Socket, Given::Text(text)) => {
                names::check_socket(&text).map(|()| Value::Text(text))
            }
            (Self::Choice(words), Given::Text(text)) if !text.trim().is_empty() => {
                if words.contains(&text.as_str()) {
                    return Ok(Value::Text(text));
                }
                Err(
                    nearest(&text, words.iter().copied()).map_or_else(String::new, |word| {
                        format!("did you mean {}?", quoted(word))
                    }),
                )
            }
            (_, given) => Err(self.mismatch(given)),
        }
    }

    fn number(self, value: f64) -> Result<Value, String> {
        let fits = match self {
            Self::Positive { max } => value > 0.0 && value <= max,
            Self::UpTo { max } => (0.0..=max).contains(&value),
            _ => false,
        };
        // A recall of 95 is a slip that everybody makes once.
        let percent =
            matches!(self, Self::Positive { max } if max == 1.0) && (1.0..=100.0).contains(&value);
        match (fits, percent) {
            (true, _) => Ok(Value::Number(value)),
            (false, true) => Err(format!("{value} percent is {}", value / 100.0)),
            (false, false) => Err(String::new()),
        }
    }

    /// A value of another type.
    fn mismatch(self, given: Given) -> String {
        match given {
            Given::Text(text) if text.trim().is_empty() => "the value is empty".to_owned(),
            Given::Text(text) => {
                let unquoted = Given::from_text(&text, self);
                let is_value = !matches!(unquoted, Given::Text(_)) && self.accept(unquoted).is_ok();
                if is_value {
                    "leave the quotes away"
                } else {
                    "this is a text"
                }
                .to_owned()
            }
            Given::Other(what) => format!("this is {what}"),
            Given::Switch(_) => "this is true or false".to_owned(),
            Given::Whole(_) | Given::Number(_) => match self {
                Self::Whole { .. } => "this is not whole".to_owned(),
                _ => "this is a number".to_owned(),
            },
        }
    }
}

/// A place for a value: the fields of the settings.
pub(super) trait Slot {
    /// The value; `None` when an optional setting is not set.
    fn get(&self) -> Option<Value>;
    /// Sets it. The [`Rule`] has been met, so the type is right and the value fits; anything else is left out.
    fn set(&mut self, value: &Value);
}

impl Slot for bool {
    fn get(&self) -> Option<Value> {
        Some(Value::Switch(*self))
    }
    fn set(&mut self, value: &Value) {
        if let Value::Switch(value) = value {
            *self = *value;
        }
    }
}

impl Slot for CpuBackEnd {
    fn get(&self) -> Option<Value> {
        let words = Self::WORDS.iter().find(|choice| choice.0 == *self);
        words.map(|choice| Value::Text(choice.1.to_owned()))
    }
    fn set(&mut self, value: &Value) {
        let Value::Text(text) = value else { return };
        if let Some(choice) = Self::WORDS.iter().find(|choice| choice.1 == text) {
            *self = choice.0;
        }
    }
}

impl Slot for f64 {
    fn get(&self) -> Option<Value> {
        Some(Value::Number(*self))
    }
    fn set(&mut self, value: &Value) {
        if let Value::Number(value) = value {
            *self = *value;
        }
    }
}

macro_rules! whole_slot {
    ($($whole:ty),*) => {$(
        impl Slot for $whole {
            fn get(&self) -> Option<Value> {
                u64::try_from(*self).ok().map(Value::Whole)
            }
            fn set(&mut self, value: &Value) {
                if let Value::Whole(value) = value && let Ok(value) = Self::try_from(*value) {
                    *self = value;
                }
            }
        }
    )*};
}

whole_slot!(u16, u32, u64, usize);

impl Slot for String {
    fn get(&self) -> Option<Value> {
        Some(Value::Text(self.clone()))
    }
    fn set(&mut self, value: &Value) {
        if let Value::Text(value) = value {
            self.clone_from(value);
        }
    }
}

impl Slot for PathBuf {
    fn get(&self) -> Option<Value> {
        // What is no Unicode becomes U+FFFD, which `names` refuses: the report could not say it.
        Some(Value::Text(self.to_string_lossy().into_owned()))
    }
    fn set(&mut self, value: &Value) {
        if let Value::Text(value) = value {
            *self = Path::new(value).to_owned();
        }
    }
}

impl<S: Slot + Default> Slot for Option<S> {
    fn get(&self) -> Option<Value> {
        self.as_ref().and_then(Slot::get)
    }
    fn set(&mut self, value: &Value) {
        self.get_or_insert_default().set(value);
    }
}

/// `text` as TOML quotes it; control characters become escapes, so that no terminal obeys them.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
