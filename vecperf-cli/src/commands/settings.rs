//! Which settings are in force: defaults, then the file, then the environment, then flags.

use std::path::Path;

use vecperf::config::Resolved;

use crate::exit::Result;

/// Settings from the file named, else from `./perf_monitor.toml` where there is one, and the environment.
///
/// # Errors
/// The file cannot be read; a key or value is wrong.
pub(super) fn in_force(file: Option<&Path>) -> Result<Resolved> {
    Ok(match file {
        Some(path) => Resolved::load(path)?,
        None => Resolved::discover()?,
    })
}
