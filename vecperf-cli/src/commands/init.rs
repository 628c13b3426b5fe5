//! `vecperf init [PATH]`: a settings file with every key, its default and what it means.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

use vecperf::Settings;

use crate::args::InitArgs;
use crate::exit::{Exit, Failure, Result};
use crate::terminal::Terminal;

pub(crate) fn run(args: &InitArgs, terminal: Terminal) -> Result<Exit> {
    let path = &args.path;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| cannot_write(path, &error))?;
    }
    let open = if args.force {
        File::create(path)
    } else {
        File::create_new(path)
    };
    let mut file = open.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Failure::usage(format!("{}: there is a file already", path.display()))
                .remedy("--force to overwrite it, or another PATH")
        }
        _ => cannot_write(path, &error),
    })?;
    file.write_all(Settings::sample().as_bytes())
        .map_err(|error| cannot_write(path, &error))?;
    terminal.remark(format_args!(
        "{} written: every key at its default. `vecperf bench` reads ./perf_monitor.toml by itself, other files with --config.",
        path.display()
    ));
    Ok(Exit::Fine)
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::runtime(format!("{}: cannot be written", path.display())).because(error)
}
