//! `vecperf record -- COMMAND`: from the command's first instruction to its end, whose exit code becomes ours.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::thread::sleep;
use std::time::Duration;

use vecperf::Moment;

use super::launch::Waiting;
use super::{LISTEN, Plan, descendants, signals};
use crate::exit::{Exit, Failure, Result};

/// Ctrl-C and other signals reach the command, too. When it takes longer than this to end, the profile is written before it does.
const GRACE: Duration = Duration::from_secs(2);

impl Plan<'_> {
    pub(super) fn watch_command(&self) -> Result<Exit> {
        signals::look_out();
        let waiting =
            Waiting::new(&self.args.command).map_err(|error| self.cannot_be_run(&error))?;
        let recording = match self.start(waiting.process()) {
            Ok(recording) => recording,
            Err(failure) => {
                waiting.give_up();
                return Err(failure);
            }
        };
        let mut child = waiting.go().map_err(|error| self.cannot_be_run(&error))?;
        let ended = self.until_over(&mut child)?;
        let sampled = self.conclude(&recording)?;
        drop(recording);
        let status = match ended {
            Some(status) => {
                let remark = descendants::remark(sampled);
                remark.inspect(|remark| self.terminal.remark(remark));
                status
            }
            None => {
                self.terminal
                    .remark("the command still runs: waiting for it (Ctrl-C twice leaves it)");
                end_of(&mut child)?
            }
        };
        Ok(Exit::OfCommand(code(status)))
    }

    /// Waits for the command's end, at most for the time asked for, and not for long after Ctrl-C.
    fn until_over(&self, child: &mut Child) -> Result<Option<ExitStatus>> {
        let start = Moment::now();
        let mut asked: Option<Moment> = None;
        loop {
            if let Some(status) = look(child)? {
                return Ok(Some(status));
            }
            if self.interrupt.asked() {
                asked = asked.or_else(|| Some(Moment::now()));
            }
            if self.is_up(start) || asked.is_some_and(|asked| asked.elapsed() >= GRACE) {
                return Ok(None);
            }
        }
    }

    fn cannot_be_run(&self, error: &io::Error) -> Failure {
        let name = self.args.command.first().map(|name| name.to_string_lossy());
        let name = vecperf::export::plain(&name.unwrap_or_default()).into_owned();
        let remedy = match error.kind() {
            io::ErrorKind::NotFound => "its path, or a name that `command -v` finds",
            io::ErrorKind::PermissionDenied => "chmod +x, or its interpreter in front of it",
            _ => "the command without vecperf, to see what it says",
        };
        Failure::runtime(format!("{name}: cannot be run"))
            .because(error)
            .remedy(remedy)
    }
}

fn end_of(child: &mut Child) -> Result<ExitStatus> {
    loop {
        if let Some(status) = look(child)? {
            return Ok(status);
        }
    }
}

/// Whether the command has ended; else it gets the signals that were sent to vecperf, and a little time.
fn look(child: &mut Child) -> Result<Option<ExitStatus>> {
    let ended = child.try_wait().map_err(|error| lost(&error))?;
    if ended.is_none() {
        signals::pass_on(child);
        sleep(LISTEN);
    }
    Ok(ended)
}

/// As shells tell it.
fn code(status: ExitStatus) -> u8 {
    let code = match (status.code(), status.signal()) {
        (Some(code), _) => code,
        (None, signal) => 128 + signal.unwrap_or(0),
    };
    code as u8 // both fit: a code is 8 bits, a signal at most 64
}

fn lost(error: &io::Error) -> Failure {
    Failure::runtime("the command cannot be waited for").because(error)
}
