//! Where what is told goes: stdout, a file that is old or new, the step summary of a GitHub workflow.

use std::fs::OpenOptions;
use std::io::Write;

use crate::args::TellingArgs;
use crate::dataset::save;
use crate::exit::{Failure, Result};
use crate::terminal::Terminal;

/// Refuses what would overwrite something or cannot be written, before the work.
///
/// # Errors
/// There is such a file, and no --force; none can be made there.
pub(super) fn check(args: &TellingArgs) -> Result<()> {
    let Some(path) = &args.output else {
        return Ok(());
    };
    save::refuse_to_overwrite(path, args.force, "another --output")?;
    save::try_out(path).map_err(no_output)
}

/// Prints or writes `bytes`.
///
/// # Errors
/// Neither can be written.
pub(super) fn tell(args: &TellingArgs, bytes: &[u8], terminal: Terminal) -> Result<()> {
    let Some(path) = &args.output else {
        return terminal.bytes(bytes);
    };
    save::replace(path, |file| file.write_all(bytes)).map_err(no_output)?;
    terminal.remark(format_args!("{} written", path.display()));
    Ok(())
}

fn no_output(error: vecperf::Error) -> Failure {
    Failure::from(error).remedy("another --output, or none for stdout")
}

/// Appends Markdown to the step summary, where a GitHub workflow has one.
///
/// # Errors
/// Its file cannot be written.
pub(super) fn summarize(markdown: &[u8]) -> Result<()> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let file = OpenOptions::new().append(true).create(true).open(&path);
    file.and_then(|mut file| file.write_all(markdown))
        .map_err(|error| {
            let path = std::path::Path::new(&path).display().to_string();
            Failure::runtime(format!("{path}: the step summary cannot be written")).because(&error)
        })
}
