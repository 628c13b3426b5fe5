//! Saved runs: from the paths that a user gives to reports, and the CPU profiles beside them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use vecperf::Report;
use vecperf::profile::Profile;

use crate::exit::{Failure, Result};
use crate::profile;
use crate::terminal::Terminal;

/// What a report is called in a directory.
const NAME: &str = "performance_metrics";

/// A run: its report and where that is.
pub(super) struct Saved {
    pub(super) path: PathBuf,
    pub(super) report: Report,
}

impl Saved {
    /// The run at `path`.
    ///
    /// # Errors
    /// As [`Report::read`].
    pub(super) fn read(path: PathBuf) -> Result<Self> {
        let report = Report::read(&path)?;
        Ok(Self { path, report })
    }

    /// Where the CPU profile is, if it is still beside the report.
    pub(super) fn profile_path(&self) -> Option<PathBuf> {
        let told = self.report.cpu_profile.as_ref()?.file.as_deref()?;
        // The report may have been moved with its profile: only the name counts.
        let name = Path::new(told).file_name()?;
        let beside = [
            self.path.with_extension("prof"),
            self.path.with_file_name(name),
        ];
        beside.into_iter().find(|path| path.is_file())
    }

    /// The CPU profile; `None` when there is none beside the report.
    ///
    /// # Errors
    /// As [`profile::open`].
    pub(super) fn profile(&self) -> Result<Option<Profile>> {
        self.profile_path().map(|it| profile::open(&it)).transpose()
    }

    /// The heap profile; `None` when there is none beside the report.
    ///
    /// # Errors
    /// As [`profile::open`].
    pub(super) fn heap_profile(&self) -> Result<Option<Profile>> {
        let told = self.report.heap_profile.as_ref();
        let name = told.and_then(|it| Path::new(it.file.as_deref()?).file_name());
        let beside = name.map(|name| self.path.with_file_name(name));
        let there = beside.filter(|path| path.is_file());
        there.map(|it| profile::open(&it)).transpose()
    }
}

/// What was read, or nothing, and on stderr why: what it would have added is left out.
pub(super) fn or_remark<T>(read: Result<Option<T>>, terminal: Terminal) -> Option<T> {
    read.unwrap_or_else(|failure| {
        terminal.remark(format_args!("told without a profile: {failure}"));
        None
    })
}

/// The one report that `path` is, or that is in the directory `path`.
///
/// # Errors
/// There is none, or more than one.
pub(super) fn one(path: &Path) -> Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let usual = path.join(format!("{NAME}.json"));
    if usual.is_file() {
        return Ok(usual);
    }
    let mut found = within(path, 0)?;
    match (found.pop(), found.len()) {
        (Some(only), 0) => Ok(only),
        (None, _) => Err(none_in(path)),
        (Some(last), more) => Err(Failure::usage(format!(
            "{}: {} reports are in it",
            path.display(),
            more + 1
        ))
        .remedy(format!("name one: {}", last.display()))),
    }
}

/// All reports that `paths` are, or that are in the directories among them, also one level below.
///
/// # Errors
/// One cannot be read, or a directory holds none.
pub(super) fn all(paths: &[PathBuf]) -> Result<Vec<Saved>> {
    let mut runs = Vec::new();
    for path in paths {
        let files = if path.is_dir() {
            within(path, 1)?
        } else {
            vec![path.clone()]
        };
        if files.is_empty() {
            return Err(none_in(path));
        }
        for file in files {
            runs.push(Saved::read(file)?);
        }
    }
    Ok(runs)
}

fn none_in(directory: &Path) -> Failure {
    let missing = format!("{}: no {NAME}*.json in it", directory.display());
    Failure::runtime(missing).remedy("a report of `vecperf bench`, or the directory it wrote to")
}

/// The reports in `directory`, in the order of their names; `deeper` levels below it, too.
fn within(directory: &Path, deeper: u32) -> Result<Vec<PathBuf>> {
    let cannot = |error: std::io::Error| {
        Failure::runtime(format!("{}: cannot be read", directory.display())).because(&error)
    };
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(directory).map_err(cannot)? {
        entries.push(entry.map_err(cannot)?.path());
    }
    entries.sort();
    let mut found = Vec::new();
    for entry in entries {
        if entry.is_dir() {
            if deeper > 0 {
                found.extend(within(&entry, deeper - 1)?);
            }
        } else if is_report(&entry) {
            found.push(entry);
        }
    }
    Ok(found)
}

fn is_report(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_json = path.extension() == Some(OsStr::new("json"));
    is_json && name.starts_with(NAME)
}
