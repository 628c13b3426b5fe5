//! Two commands in turn, A B B A …: what drifts on the machine meanwhile meets both alike.

use std::path::Path;
use std::process::{Command, Stdio};

use vecperf::Moment;
use vecperf::compare::{Comparison, Judgement};

use super::{explain, judge};
use crate::args::CompareArgs;
use crate::commands::runs::{self, Saved};
use crate::exit::{Failure, Result};
use crate::interrupt::Interrupt;
use crate::terminal::Terminal;

/// Runs of each before the first look.
const BEFORE_A_LOOK: usize = 2;

/// The comparison, and whether the user ended it.
///
/// # Errors
/// A command cannot be run, fails, or writes no report.
pub(super) fn run(
    args: &CompareArgs,
    commands: [&String; 2],
    terminal: Terminal,
) -> Result<(Comparison, bool)> {
    let interrupt = Interrupt::listen(terminal);
    let place = scratch()?;
    let outcome = rounds(args, commands, terminal, &interrupt, &place).map(|ended| {
        let [base, new] = &ended.sides;
        let mut compared = match ended.decided {
            Some(compared) => compared,
            None => judge([base, new], args, looks(args)),
        };
        explain(&mut compared, [base, new], terminal);
        (compared, ended.interrupted)
    });
    // What is left behind there is no reason to fail.
    let _ = std::fs::remove_dir_all(&place);
    outcome
}

/// How often is looked at most.
fn looks(args: &CompareArgs) -> u32 {
    u32::try_from(args.rounds.saturating_sub(1).max(1)).unwrap_or(u32::MAX)
}

/// The runs of both sides.
struct Ended {
    sides: [Vec<Saved>; 2],
    /// The last look, where it decided before all rounds.
    decided: Option<Comparison>,
    interrupted: bool,
}

fn rounds(
    args: &CompareArgs,
    commands: [&String; 2],
    terminal: Terminal,
    interrupt: &Interrupt,
    place: &Path,
) -> Result<Ended> {
    let mut ended = Ended {
        sides: [Vec::new(), Vec::new()],
        decided: None,
        interrupted: false,
    };
    for round in 0..args.rounds {
        let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for side in order {
            let name = ["A", "B"][side];
            let began = Moment::now();
            let directory = place.join(format!("{name}{round}"));
            std::fs::create_dir(&directory).map_err(|error| cannot_make(&directory, &error))?;
            let ran = once(commands[side], &directory, terminal);
            if interrupt.asked() {
                // The run under way is no run.
                ended.interrupted = true;
                return Ok(ended);
            }
            ran?;
            let report = runs::one(&directory).map_err(|_| no_report(commands[side]))?;
            ended.sides[side].push(Saved::read(report)?);
            terminal.remark(format_args!(
                "{name} {} of {}: {:.1} s",
                round + 1,
                args.rounds,
                began.elapsed().as_secs_f64()
            ));
        }
        if round + 1 >= BEFORE_A_LOOK && round + 1 < args.rounds {
            let [base, new] = &ended.sides;
            let compared = judge([base, new], args, looks(args));
            if compared.count(Judgement::Inconclusive) == 0 {
                terminal.remark(format_args!(
                    "decided after {} of {} rounds",
                    round + 1,
                    args.rounds
                ));
                ended.decided = Some(compared);
                break;
            }
        }
    }
    Ok(ended)
}

/// Runs `command` to its end, its report directed to `directory`. What it prints is not what is asked for here.
fn once(command: &str, directory: &Path, terminal: Terminal) -> Result<()> {
    let (shell, flag) = if cfg!(windows) {
        ("cmd", "/C")
    } else {
        ("sh", "-c")
    };
    let mut child = Command::new(shell);
    child.arg(flag).arg(command);
    child.env("VECPERF_OUTPUT__DIRECTORY", directory);
    child.stdin(Stdio::null()).stdout(Stdio::null());
    if terminal.quiet() {
        child.stderr(Stdio::null());
    }
    let status = child
        .status()
        .map_err(|error| Failure::runtime(format!("{shell}: cannot be run")).because(&error))?;
    if status.success() {
        return Ok(());
    }
    let failed = format!("`{command}` failed: {status}");
    Err(Failure::runtime(failed)
        .remedy("run it alone and see; it must end with 0 (bench: without --gate)"))
}

fn no_report(command: &str) -> Failure {
    Failure::runtime(format!("`{command}` wrote no report"))
        .remedy("a command under vecperf's monitor that takes its settings from the environment, without --output")
}

fn cannot_make(directory: &Path, error: &std::io::Error) -> Failure {
    Failure::runtime(format!("{}: cannot be made", directory.display()))
        .because(error)
        .remedy("TMPDIR with another directory")
}

/// A new directory of this process.
fn scratch() -> Result<std::path::PathBuf> {
    let base = std::env::temp_dir();
    for attempt in 0..100 {
        let path = base.join(format!("vecperf-compare-{}-{attempt}", std::process::id()));
        match std::fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => (),
            Err(error) => return Err(cannot_make(&path, &error)),
        }
    }
    Err(Failure::runtime(format!(
        "{}: no free name",
        base.display()
    )))
}
