//! `vecperf doctor`: what can be measured here, and what to change for the rest.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use vecperf::export::files::OutputDirectory;
use vecperf::export::plain;
use vecperf::report::Environment;
use vecperf::{Monitor, Settings};
use vecperf_engines::EngineKind;

use super::settings;
use crate::args::DoctorArgs;
use crate::exit::{Exit, Result};
use crate::index_file;
use crate::terminal::{Terminal, wrapped};

pub(crate) fn run(args: &DoctorArgs, terminal: Terminal) -> Result<Exit> {
    let settings = settings::in_force(args.settings.file.as_deref());
    let environment = Monitor::in_memory(Settings::default())?
        .report()
        .environment;
    let mut findings: Vec<_> = environment.capabilities.iter().map(Finding::from).collect();
    findings.extend(EngineKind::ALL.map(engine));
    if let Ok(resolved) = &settings {
        findings.push(cold_start(&resolved.settings.output.directory));
        findings.push(output(&resolved.settings));
    }
    let list: String = findings
        .iter()
        .map(|finding| finding.lines(terminal))
        .collect();
    terminal.data(&format!("{}\n{list}", machine(&environment, terminal)))?;
    // Wrong settings fail every other command, and so this one.
    settings.map(|_| Exit::Fine)
}

/// One line of the examination.
struct Finding {
    fine: bool,
    what: String,
    why: String,
    remedy: String,
}

impl From<&vecperf::resource::Capability> for Finding {
    fn from(capability: &vecperf::resource::Capability) -> Self {
        Self {
            fine: capability.available,
            what: plain(&capability.name).into_owned(),
            why: plain(&capability.reason).into_owned(),
            remedy: plain(&capability.remedy).into_owned(),
        }
    }
}

impl Finding {
    /// `yes  what   why`, the why wrapped into its own column; a long what gets a line of its own.
    fn lines(&self, terminal: Terminal) -> String {
        const COLUMN: usize = 18;
        let (mark, on) = if self.fine {
            ("yes", "\x1b[32m")
        } else {
            ("no", "\x1b[33m")
        };
        let (on, off) = if terminal.stdout_color() {
            (on, "\x1b[0m")
        } else {
            ("", "")
        };
        let indent = COLUMN + 8;
        let width = terminal.stdout_width().saturating_sub(indent);
        let mut texts = wrapped(&self.why, width);
        if !self.remedy.is_empty() {
            texts.extend(wrapped(&format!("to get it: {}", self.remedy), width));
        }
        let next = format!("\n{:indent$}", "");
        let gap = if self.what.chars().count() > COLUMN {
            next.as_str()
        } else {
            "  "
        };
        format!(
            "{on}{mark:>4}{off}  {:<COLUMN$}{gap}{}\n",
            self.what,
            texts.join(&next)
        )
    }
}

fn machine(environment: &Environment, terminal: Terminal) -> String {
    const COLUMN: usize = 8;
    let Environment {
        os,
        kernel,
        architecture,
        cpu_model,
        cpus,
        cpus_available,
        memory_bytes,
        clock,
        ..
    } = environment;
    let available =
        cpus_available.map(|available| format!(", {available} available to this process"));
    let memory = memory_bytes.map(|bytes| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30)));
    let rows = [
        (
            "vecperf",
            format!(
                "{} on {os} {kernel} ({architecture})",
                env!("CARGO_PKG_VERSION")
            ),
        ),
        (
            "CPU",
            format!("{cpu_model}, {cpus} CPUs{}", available.unwrap_or_default()),
        ),
        ("memory", memory.unwrap_or_else(|| "unknown".to_owned())),
        ("clock", clock.clone()),
    ];
    let width = terminal.stdout_width().saturating_sub(COLUMN);
    let row = |(name, value): &(&str, String)| {
        let value = wrapped(&plain(value), width).join(&format!("\n{:COLUMN$}", ""));
        format!("{name:<COLUMN$}{value}\n")
    };
    rows.iter().map(row).collect()
}

fn engine(kind: EngineKind) -> Finding {
    let built_in = kind.is_built_in();
    Finding {
        fine: built_in,
        what: format!("engine {kind}"),
        why: if built_in {
            "in this build"
        } else {
            "not in this build"
        }
        .to_owned(),
        remedy: if built_in {
            String::new()
        } else {
            format!("cargo install --path vecperf-cli --features {kind}")
        },
    }
}

/// Tries with a file, removed at once, in the nearest directory that is there.
fn can_be_made(directory: &Path) -> io::Result<()> {
    let nearest = nearest(directory.ancestors().skip(1));
    let probe = nearest.join(format!(".vecperf-doctor-{}", std::process::id()));
    File::create_new(&probe)?;
    fs::remove_file(probe)
}

/// The first of these that is there.
fn nearest<'a>(mut paths: impl Iterator<Item = &'a Path>) -> &'a Path {
    paths
        .find(|path| path.exists())
        .unwrap_or_else(|| Path::new("."))
}

/// Whether `bench --cold` can evict its file, tried with a small one.
fn cold_start(output: &Path) -> Finding {
    let finding = |fine, why: String, remedy: &str| Finding {
        fine,
        what: "cold start".to_owned(),
        why,
        remedy: remedy.to_owned(),
    };
    if !index_file::CAN_EVICT {
        let why = "no file can be evicted from memory without root".to_owned();
        return finding(false, why, "");
    }
    let directory = output.display();
    let elsewhere = "--output with a directory on a disk";
    match index_file::probe(nearest(output.ancestors())) {
        Ok(0) => finding(
            true,
            format!("bench --cold can evict files in {directory} from memory"),
            "",
        ),
        Ok(_) => finding(
            false,
            format!("files in {directory} stay in memory, as in a tmpfs"),
            elsewhere,
        ),
        Err(error) => finding(
            false,
            format!("a file in {directory} cannot be tried: {error}"),
            elsewhere,
        ),
    }
}

/// Whether the files can be written. A directory that is not there is not made: looking changes nothing.
fn output(settings: &Settings) -> Finding {
    let directory = &settings.output.directory;
    let finding = |fine, why: String, remedy: &str| Finding {
        fine,
        what: "output directory".to_owned(),
        why,
        remedy: remedy.to_owned(),
    };
    // A link that leads nowhere is there, too.
    if directory.symlink_metadata().is_err() {
        return match can_be_made(directory) {
            Ok(()) => finding(true, format!("{} (to be made)", directory.display()), ""),
            Err(error) => finding(
                false,
                format!("{} cannot be made: {error}", directory.display()),
                "run where this user may write, or set output.directory (--output) to another one",
            ),
        };
    }
    match OutputDirectory::open(&settings.output) {
        Ok(open) => {
            let note = open.note().map(|note| format!("; {note}"));
            finding(
                true,
                format!("{}{}", directory.display(), note.unwrap_or_default()),
                "",
            )
        }
        Err(error) => finding(
            false,
            error.to_string(),
            "another output.directory, or --output",
        ),
    }
}
