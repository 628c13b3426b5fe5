//! `vecperf record`: a CPU profile of a command or of a running process, from outside.

#[cfg(unix)]
mod descendants;
#[cfg(unix)]
mod launch;
#[cfg(unix)]
mod of_command;
mod of_process;
#[cfg(unix)]
mod signals;
mod summary;

use std::path::Path;
use std::time::Duration;

use vecperf::cpu::{Options, Recording, Refusal, Target};
use vecperf::export::pprof;
use vecperf::profile::names::CPU;
use vecperf::{Moment, cpu};

use crate::args::RecordArgs;
use crate::dataset::save;
use crate::exit::{Exit, Failure, Result};
use crate::interrupt::Interrupt;
use crate::terminal::Terminal;

/// Between two looks at whether it is over.
const LISTEN: Duration = Duration::from_millis(20);

/// A recording to be made.
struct Plan<'a> {
    args: &'a RecordArgs,
    terminal: Terminal,
    interrupt: Interrupt,
}

pub(crate) fn run(args: &RecordArgs, terminal: Terminal) -> Result<Exit> {
    let instead = "-o with another path";
    save::refuse_to_overwrite(&args.output, args.force, instead)?;
    save::try_out(&args.output).map_err(|error| Failure::from(error).remedy(instead))?;
    let interrupt = Interrupt::listen(terminal);
    let plan = Plan {
        args,
        terminal,
        interrupt,
    };
    match args.pid {
        Some(process) => plan.watch_process(process),
        None => plan.watch_command(),
    }
}

impl Plan<'_> {
    #[cfg(not(unix))]
    fn watch_command(&self) -> Result<Exit> {
        Err(Failure::runtime(
            "record: other programs can be watched on Linux only",
        ))
    }

    /// # Errors
    /// No samples can be taken of that process: why, and what to change.
    fn start(&self, process: u32) -> Result<Recording> {
        let options = Options {
            sample_rate: self.args.rate,
            switches: false,
            faults: false,
            ..Options::default()
        };
        Recording::start(Target::Process(process), &options)
            .map_err(|refusals| refused(process, &refusals))
    }

    /// True when the time that was asked for has passed since `start`.
    fn is_up(&self, start: Moment) -> bool {
        self.args
            .seconds
            .is_some_and(|time| start.elapsed() >= time)
    }

    /// Ends the recording, writes it and tells what it came to. Its CPU time.
    fn conclude(&self, recording: &Recording) -> Result<Duration> {
        recording.stop();
        let profile = recording.profile();
        let path: &Path = &self.args.output;
        let bytes = pprof::write(&profile);
        save::replace(path, |file| file.write_all(&bytes))?;
        for line in summary::lines(path, &profile, recording.statistics().as_ref()) {
            self.terminal.remark(line);
        }
        let cpu = profile.value_index(CPU).map_or(0, |cpu| profile.total(cpu));
        Ok(Duration::from_nanos(cpu.unsigned_abs()))
    }
}

/// Why nothing can be recorded of that process.
fn refused(process: u32, refusals: &[Refusal]) -> Failure {
    let mut failure = Failure::runtime(format!(
        "process {process}: no CPU samples can be taken of it"
    ));
    let mut remedies = Vec::new();
    for Refusal {
        back_end,
        reason,
        remedy,
        ..
    } in refusals
    {
        let cause = std::io::Error::other(format!("{}: {reason}", cpu::BackEnd::name(*back_end)));
        failure = failure.because(&cause);
        if !remedy.is_empty() {
            remedies.push(remedy.clone());
        }
    }
    remedies.push(
        "or watch it from within, where there are other ways: see vecperf::Monitor".to_owned(),
    );
    failure.remedy(remedies.join("; "))
}
