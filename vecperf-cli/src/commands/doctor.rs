//! `vecperf doctor`: what can be measured here, and what to change for the rest.

use vecperf::export::files::OutputDirectory;
use vecperf::export::plain;
use vecperf::report::Environment;
use vecperf::{Monitor, Settings};
use vecperf_engines::EngineKind;

use super::settings;
use crate::args::DoctorArgs;
use crate::exit::{Exit, Result};
use crate::terminal::Terminal;

pub(crate) fn run(args: &DoctorArgs, terminal: Terminal) -> Result<Exit> {
    let settings = settings::in_force(args.settings.file.as_deref());
    let environment = Monitor::in_memory(Settings::default())?
        .report()
        .environment;
    let mut findings: Vec<_> = environment.capabilities.iter().map(Finding::from).collect();
    findings.extend(EngineKind::ALL.map(engine));
    if let Ok(resolved) = &settings {
        findings.push(output(&resolved.settings));
    }
    let color = terminal.stdout_color();
    let list: String = findings.iter().map(|finding| finding.line(color)).collect();
    terminal.data(&format!("{}\n{list}", machine(&environment)))?;
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
    fn line(&self, color: bool) -> String {
        let (mark, on) = if self.fine {
            ("yes", "\x1b[32m")
        } else {
            ("no", "\x1b[33m")
        };
        let (on, off) = if color { (on, "\x1b[0m") } else { ("", "") };
        let remedy = match self.remedy.as_str() {
            "" => String::new(),
            remedy => format!("\n{:26}to get it: {remedy}", ""),
        };
        format!(
            "{on}{mark:>4}{off}  {:<20}{}{remedy}\n",
            self.what, self.why
        )
    }
}

fn machine(environment: &Environment) -> String {
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
    format!(
        "vecperf {} on {os} {kernel} ({architecture})\nCPU      {cpu_model}, {cpus} CPUs{}\nmemory   {}\nclock    {clock}\n",
        env!("CARGO_PKG_VERSION"),
        available.unwrap_or_default(),
        memory.as_deref().unwrap_or("unknown"),
    )
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

/// Whether the files can be written. A directory that is not there is not made: looking changes nothing.
fn output(settings: &Settings) -> Finding {
    let directory = &settings.output.directory;
    let finding = |fine, why: String, remedy: &str| Finding {
        fine,
        what: "output directory".to_owned(),
        why,
        remedy: remedy.to_owned(),
    };
    if !directory.exists() {
        return finding(true, format!("{} (to be made)", directory.display()), "");
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
