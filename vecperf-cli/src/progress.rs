//! Progress on stderr: a bar for a person at a terminal, a line per phase for a log file, nothing when quiet.

use std::fmt::Display;
use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use vecperf::Moment;

use crate::terminal::{Terminal, stderr_line};

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Hidden,
    Lines,
    Bars { color: bool },
}

/// A phase on its way. Dropped without [`Phase::done`] it leaves no bar behind.
#[derive(Debug)]
pub(crate) struct Phase {
    name: &'static str,
    mode: Mode,
    started: Moment,
    bar: ProgressBar,
}

impl Mode {
    fn of(terminal: Terminal) -> Self {
        match (terminal.quiet(), stderr().is_terminal()) {
            (true, _) => Self::Hidden,
            (false, true) => Self::Bars {
                color: terminal.stderr_color(),
            },
            (false, false) => Self::Lines,
        }
    }
}

impl Phase {
    /// Begins the phase called `name`, about `subject`. A log file is told of it unless there is nothing to say.
    pub(crate) fn begin(terminal: Terminal, name: &'static str, subject: impl Display) -> Self {
        let mode = Mode::of(terminal);
        let subject = subject.to_string();
        let bar = match mode {
            Mode::Bars { color } => {
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                bar.set_style(style(color, false));
                bar.set_prefix(name);
                bar.set_message(subject.clone());
                bar.tick();
                bar
            }
            _ => ProgressBar::hidden(),
        };
        if mode == Mode::Lines && !subject.is_empty() {
            stderr_line(format_args!("{name}: {subject}"));
        }
        Self {
            name,
            mode,
            started: Moment::now(),
            bar,
        }
    }

    /// A step of `total` parts begins.
    pub(crate) fn step(&self, step: impl Display, total: u64) {
        if let Mode::Bars { color } = self.mode {
            self.bar.set_style(style(color, total > 0));
        }
        self.bar.set_message(step.to_string());
        self.bar.set_length(total);
        self.bar.set_position(0);
    }

    /// `parts` more are done.
    pub(crate) fn advance(&self, parts: u64) {
        self.bar.inc(parts);
    }

    /// So many parts are done, which is so good.
    pub(crate) fn at(&self, position: u64, message: impl Display) {
        self.bar.set_message(message.to_string());
        self.bar.set_position(position);
    }

    /// The phase is over; `summary` is what it came to.
    pub(crate) fn done(&self, summary: impl Display) {
        let took = self.started.elapsed();
        self.bar.finish_and_clear();
        let (on, off) = match self.mode {
            Mode::Hidden => return,
            Mode::Bars { color: true } => ("\x1b[32m", "\x1b[0m"),
            _ => ("", ""),
        };
        match self.mode {
            Mode::Lines => {
                stderr_line(format_args!("{}: {took:.2?}, {summary}", self.name));
            }
            _ => stderr_line(format_args!(
                "{on}{:>8}{off} {:>9}  {summary}",
                self.name,
                format!("{took:.2?}")
            )),
        }
    }
}

/// The data set's steps are this phase's.
impl crate::dataset::Progress for Phase {
    fn begin(&self, step: &str, total: u64) {
        self.step(step, total);
    }
    fn advance(&self, parts: u64) {
        Self::advance(self, parts);
    }
}

impl Drop for Phase {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn style(color: bool, measured: bool) -> ProgressStyle {
    let prefix = if color {
        "{prefix:>8.cyan}"
    } else {
        "{prefix:>8}"
    };
    let template = if measured {
        format!("{prefix}  {{bar:24}} {{percent:>3}} %  {{wide_msg}}")
    } else {
        format!("{prefix}  {{wide_msg}}")
    };
    // A template is a constant of this file; were it wrong, a plain bar would do.
    ProgressStyle::with_template(&template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
}
