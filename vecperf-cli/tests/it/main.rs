//! The command as its user meets it: the real binary, its exit codes, stdout and stderr.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

mod bench;
mod commands;
mod compare;
mod dataset;
mod growth;
mod interrupt;
mod live;
mod profile;
mod record;
mod refusals;
mod settings;
mod streams;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
#[cfg(unix)]
use std::{
    io::Read,
    process::{Child, ChildStderr},
};

use tempfile::TempDir;
use vecperf::Report;

/// A data set that is made, indexed and searched in a blink, also by a debug build.
const SMALL: &str = "synthetic:n=500,dim=8,clusters=5,queries=50";

/// A directory of its own for one test, with no settings from outside.
struct Place {
    directory: TempDir,
}

/// How a command ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Place {
    fn new() -> Self {
        Self {
            directory: TempDir::new().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// `vecperf ARGUMENTS` in this place; arguments are separated by blanks.
    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vecperf"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.directory.path())
            .stdin(Stdio::null());
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("VECPERF_"))
        {
            command.env_remove(name);
        }
        command
            .env("VECPERF_CACHE_DIR", self.path("cache"))
            .env_remove("NO_COLOR");
        command
    }

    fn run(&self, arguments: &str) -> Ended {
        Ended::of(&mut self.command(arguments))
    }

    /// `vecperf bench` on the small data, 300 searches by one thread.
    fn bench(&self, more: &str) -> Ended {
        self.run(&format!(
            "bench --dataset {SMALL} -n 300 -t 1 --warm-up 0 {more}"
        ))
    }

    /// The report that a run left in `data/logs`.
    fn report(&self) -> Report {
        Report::read(self.path("data/logs/performance_metrics.json")).unwrap()
    }
}

impl Ended {
    fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The same, which ended with this exit code.
    fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }
}

/// Reads `stderr` until a line begins with `start`.
#[cfg(unix)]
fn wait_for(stderr: &mut ChildStderr, start: &str) -> String {
    let mut seen = Vec::new();
    let mut byte = [0];
    while stderr.read(&mut byte).unwrap() == 1 {
        seen.push(byte[0]);
        let text = String::from_utf8_lossy(&seen);
        if text.ends_with('\n')
            && text
                .lines()
                .last()
                .is_some_and(|line| line.starts_with(start))
        {
            return text.into_owned();
        }
    }
    panic!(
        "ended without a line that begins with {start}:\n{}",
        String::from_utf8_lossy(&seen)
    );
}

/// Sends SIGINT, as Ctrl-C does.
#[cfg(unix)]
fn interrupt(child: &Child) {
    let status = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}
