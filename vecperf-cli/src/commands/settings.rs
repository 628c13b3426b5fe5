//! Which settings are in force: defaults, then the file, then the environment, then flags.

use std::path::Path;

use vecperf::config::Resolved;

use crate::exit::{Failure, Result};

/// Settings from the file named, else from `./perf_monitor.toml` where there is one, and the environment.
///
/// # Errors
/// The file cannot be read; a key or value is wrong.
pub(super) fn in_force(file: Option<&Path>) -> Result<Resolved> {
    let resolved = match file {
        Some(path) => Resolved::load(path),
        None => Resolved::discover(),
    };
    // Also a file that is not there: the settings cannot be had.
    resolved.map_err(|error| Failure::from(error).of_usage())
}
