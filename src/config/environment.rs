//! Settings from environment variables: `VECPERF_THRESHOLDS__MAX_MEMORY_MB=512`.
//!
//! `VECPERF_`, then the key's name in capitals with `__` for each dot. An operation's name is written in capitals
//! too, with `_` for what variables cannot hold: it means the operation of the settings file that reads the same, or
//! else the name in small letters.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::key::{Found, KEYS, OPERATION_KEYS, nearest};
use super::problem::{Problem, excerpt, wrong_value};
use super::resolved::{Origin, Resolved};
use super::value::{Given, quoted};

const PREFIX: &str = "VECPERF_";
const OPERATIONS: &str = "THRESHOLDS__OPERATIONS__";

/// Variables of the `vecperf` command that are no settings of the library.
const NOT_SETTINGS: [&str; 1] = ["VECPERF_CACHE_DIR"];

/// This process' variables. One that is no Unicode is kept: it is wrong only if it is ours.
pub(super) fn of_this_process() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os()
}

/// Puts what `variables` set into `resolved`; gives back what is wrong with them, by name.
pub(super) fn apply<K: Into<OsString>, V: Into<OsString>>(
    variables: impl IntoIterator<Item = (K, V)>,
    resolved: &mut Resolved,
) -> Vec<Problem> {
    let ours: BTreeMap<String, OsString> = variables
        .into_iter()
        .map(|(name, value)| (name.into().to_string_lossy().into_owned(), value.into()))
        .filter(|(name, _)| name.starts_with(PREFIX) && !NOT_SETTINGS.contains(&name.as_str()))
        .collect();
    let told = |(name, value): (String, OsString)| {
        let at = format!("environment variable {}", excerpt(&name));
        let text = one(&name, value, resolved).err()?;
        Some(Problem { at, text })
    };
    ours.into_iter().filter_map(told).collect()
}

fn one(name: &str, value: OsString, resolved: &mut Resolved) -> Result<(), String> {
    let found =
        find(name, resolved).ok_or_else(|| format!("this is no setting; {}", suggestion(name)))?;
    let refused = |value: &str, why: &str| {
        wrong_value(
            &found.full_name(),
            &excerpt(&quoted(value)),
            found.rule(),
            why,
        )
    };
    let value = value
        .into_string()
        .map_err(|value| refused(&value.to_string_lossy(), "this is not valid Unicode"))?;
    let given = Given::from_text(&value, found.rule());
    let origin = Origin::Environment {
        variable: name.to_owned(),
    };
    resolved
        .apply(&found, given, origin)
        .map_err(|why| refused(&value, &why))
}

/// The variable that sets the key `name`.
pub(super) fn variable(name: &str) -> String {
    format!("{PREFIX}{}", name.to_uppercase().replace('.', "__"))
}

fn find(variable: &str, resolved: &Resolved) -> Option<Found> {
    let name = variable.strip_prefix(PREFIX)?;
    if let Some((operation, key)) = name
        .strip_prefix(OPERATIONS)
        .and_then(|rest| rest.rsplit_once("__"))
    {
        let known = resolved.settings.thresholds.operations.keys();
        let operation = known
            .into_iter()
            .find(|known| as_variable(known) == operation)
            .cloned()
            .unwrap_or_else(|| operation.to_lowercase());
        return OPERATION_KEYS
            .iter()
            .find(|row| as_variable(row.name) == key)
            .and_then(|row| Found::operation(&operation, row.name))
            .filter(|_| !operation.is_empty());
    }
    let row = KEYS
        .iter()
        .find(|row| self::variable(row.name) == variable)?;
    row.name
        .split_once('.')
        .and_then(|(section, key)| Found::general(section, key))
}

/// An operation's name as a variable spells it.
fn as_variable(name: &str) -> String {
    name.to_uppercase()
        .replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

/// The nearest right variable.
fn suggestion(name: &str) -> String {
    let operation = name
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.strip_prefix(OPERATIONS));
    let of_operation = operation
        .and_then(|rest| rest.rsplit_once("__"))
        .map(|(operation, _)| operation);
    let mut right: Vec<String> = KEYS.iter().map(|row| variable(row.name)).collect();
    let of = of_operation.unwrap_or("SEARCH");
    right.extend(
        OPERATION_KEYS
            .iter()
            .map(|row| format!("{PREFIX}{OPERATIONS}{of}__{}", as_variable(row.name))),
    );
    // A variable without its section, `VECPERF_MAX_MEMORY_MB`, is nearest to the key's own name.
    let own = |variable: &str| variable.rsplit("__").next().unwrap_or_default().to_owned();
    let last = own(name.strip_prefix(PREFIX).unwrap_or(name));
    let near = right
        .iter()
        .find(|variable| own(variable.strip_prefix(PREFIX).unwrap_or(variable)) == last);
    match near
        .map(String::as_str)
        .or_else(|| nearest(name, right.iter().map(String::as_str)))
    {
        Some(near) => format!("did you mean {near}?"),
        None => format!("a variable reads like {}", right[0]),
    }
}
