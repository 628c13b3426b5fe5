//! Settings in force, and where each of them came from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use super::key::{self, Found, KEYS, OPERATION_KEYS, OPERATIONS};
use super::problem::{self, Problem};
use super::value::{Given, Value, quoted};
use super::{Settings, document, environment, read};
use crate::error::Result;

/// Where a setting's value came from. Later ones win: default, file, environment, flag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Nobody set it.
    #[default]
    Default,
    /// A settings file.
    File {
        /// As it was named.
        file: String,
        /// From 1.
        line: usize,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        variable: String,
    },
    /// A flag of the command.
    Flag {
        /// As it was written: `--output`.
        flag: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Environment { variable } => write!(f, "environment variable {variable}"),
            Self::Flag { flag } => write!(f, "flag {flag}"),
        }
    }
}

/// One row of `vecperf config show`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Setting {
    /// Its full name: `thresholds.max_memory_mb`.
    pub key: String,
    /// Its value; `None` when it is optional and not set.
    pub value: Option<Value>,
    /// Where the value came from.
    pub origin: Origin,
    /// What is allowed, in words.
    pub allowed: String,
    /// The environment variable that sets it.
    pub variable: String,
}

/// Settings in force, and where each of them came from.
///
/// ```
/// use vecperf::config::Resolved;
///
/// let resolved = Resolved::from_sources(
///     Some(("[thresholds]\nmax_memory_mb = 256\n", "perf_monitor.toml")),
///     [("VECPERF_MONITORING__SAMPLE_RATE", "250")],
/// )?;
/// assert_eq!(resolved.origin("thresholds.max_memory_mb").to_string(), "perf_monitor.toml:2");
/// assert_eq!(resolved.settings.monitoring.sample_rate, 250);
/// assert_eq!(resolved.origin("output.directory").to_string(), "default");
/// # Ok::<(), vecperf::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Resolved {
    /// The settings in force.
    pub settings: Settings,
    origins: BTreeMap<String, Origin>,
}

impl Resolved {
    /// From a file (its text and its name), then the environment; what neither sets is default.
    ///
    /// # Errors
    /// [`ErrorKind::Settings`](crate::ErrorKind::Settings), with everything that is wrong in either.
    pub fn from_sources<K: Into<OsString>, V: Into<OsString>>(
        file: Option<(&str, &str)>,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self> {
        let mut resolved = Self::default();
        let mut problems = Vec::new();
        if let Some((text, name)) = file {
            problems.extend(document::apply(text, name, &mut resolved));
        }
        problems.extend(environment::apply(variables, &mut resolved));
        resolved.checked(problems)
    }

    /// Settings that a program made.
    pub(super) fn of(settings: Settings) -> Self {
        Self {
            settings,
            origins: BTreeMap::new(),
        }
    }

    /// From the file at `path`, then this process' environment.
    ///
    /// # Errors
    /// As [`Resolved::from_sources`]; [`ErrorKind::Io`](crate::ErrorKind::Io) when the file cannot be read.
    pub fn load(path: &Path) -> Result<Self> {
        let text = read::read(path)?;
        let name = path.display().to_string();
        Self::from_sources(Some((&text, &name)), environment::of_this_process())
    }

    /// From `perf_monitor.toml` in the current directory where there is one, then this process' environment.
    ///
    /// # Errors
    /// As [`Resolved::load`].
    pub fn discover() -> Result<Self> {
        let path = Path::new(Settings::FILE_NAME);
        // A dangling link, or a file that may not be read, is not "no file": load says what is wrong.
        if path.symlink_metadata().is_ok() {
            return Self::load(path);
        }
        Self::from_sources(None, environment::of_this_process())
    }

    /// Sets `key` (`output.directory`) on behalf of a flag of the command: the last word.
    ///
    /// # Errors
    /// [`ErrorKind::Settings`](crate::ErrorKind::Settings), naming the flag, when there is no such key or it does not
    /// allow `value`; nothing has changed then.
    pub fn set(&mut self, key: &str, value: &str, flag: &str) -> Result<()> {
        let refuse = |text: String| {
            problem::refuse(&[Problem {
                at: format!("flag {flag}"),
                text,
            }])
        };
        let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
        let operation = section
            .strip_prefix(OPERATIONS)
            .and_then(|rest| rest.strip_prefix('.'));
        let found = match operation {
            Some(operation) => Found::operation(operation.trim_matches('"'), name),
            None => Found::general(section, name),
        };
        let found = found.ok_or_else(|| refuse(problem::unknown(section, name)))?;
        let origin = Origin::Flag {
            flag: flag.to_owned(),
        };
        let mut changed = self.clone();
        changed
            .apply(&found, Given::from_text(value, found.rule()), origin)
            .map_err(|why| {
                let value = problem::excerpt(&quoted(value));
                refuse(problem::wrong_value(
                    &found.full_name(),
                    &value,
                    found.rule(),
                    &why,
                ))
            })?;
        *self = changed.checked(Vec::new())?;
        Ok(())
    }

    /// Where the value of `key` came from.
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or_default()
    }

    /// Every setting, in the order of the sample file; then those of single operations, where they are set.
    pub fn entries(&self) -> Vec<Setting> {
        let row = |key: String, value, allowed| Setting {
            origin: self.origin(&key),
            variable: environment::variable(&key),
            key,
            value,
            allowed,
        };
        let general = KEYS.iter().map(|key| {
            row(
                key.name.to_owned(),
                key.get(&self.settings),
                key.rule.allowed(),
            )
        });
        let operations = self
            .settings
            .thresholds
            .operations
            .iter()
            .flat_map(|(name, limits)| {
                let set = OPERATION_KEYS
                    .iter()
                    .filter_map(move |key| Some((key, key.get(limits)?)));
                set.map(move |(key, value)| {
                    (
                        key::operation_key(name, key.name),
                        value,
                        key.rule.allowed(),
                    )
                })
            });
        general
            .chain(operations.map(|(key, value, allowed)| row(key, Some(value), allowed)))
            .collect()
    }

    /// Sets one value that somebody gave.
    ///
    /// # Errors
    /// Why it is not allowed; empty when the rule says it all.
    pub(super) fn apply(
        &mut self,
        found: &Found,
        given: Given,
        origin: Origin,
    ) -> Result<(), String> {
        let value = found.rule().accept(given)?;
        found.set(&mut self.settings, &value);
        self.origins.insert(found.full_name(), origin);
        Ok(())
    }

    /// These settings, when there is no problem: neither with one of them nor with two together.
    fn checked(self, mut problems: Vec<Problem>) -> Result<Self> {
        if let Some((keys, name)) = self.settings.output.same_file() {
            let origin = match self.origin(keys[1]) {
                Origin::Default => self.origin(keys[0]),
                later => later,
            };
            problems.push(Problem {
                at: origin.to_string(),
                text: problem::same_file(keys, name),
            });
        }
        if problems.is_empty() {
            Ok(self)
        } else {
            Err(problem::refuse(&problems))
        }
    }
}
