//! `vecperf init [PATH]`: a settings file with every key, its default and what it means.

use std::fs;

use vecperf::Settings;

use crate::args::InitArgs;
use crate::dataset::save;
use crate::exit::{Exit, Failure, Result};
use crate::terminal::Terminal;

pub(crate) fn run(args: &InitArgs, terminal: Terminal) -> Result<Exit> {
    let path = &args.path;
    save::refuse_to_overwrite(path, args.force, "another PATH")?;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| {
            Failure::runtime(format!("{}: cannot be made", parent.display())).because(&error)
        })?;
    }
    save::replace(path, |file| file.write_all(Settings::sample().as_bytes()))
        .map_err(|error| Failure::from(error).remedy("another PATH"))?;
    terminal.remark(format_args!(
        "{} written: every key at its default. `vecperf bench` reads ./perf_monitor.toml by itself, other files with --config.",
        path.display()
    ));
    Ok(Exit::Fine)
}
