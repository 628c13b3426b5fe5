//! Where text goes: data to stdout, everything else to stderr. A reader that has gone away is no error.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};

use clap::ColorChoice;

use crate::exit::{Failure, Result};

/// What the user wants to see, and where it may be coloured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    quiet: bool,
    color: bool,
}

impl Terminal {
    /// A terminal as the flags and the environment ask.
    pub(crate) fn new(quiet: bool, no_color: bool) -> Self {
        Self {
            quiet,
            color: !no_color && !no_color_in_environment(),
        }
    }

    /// Colour for stdout: asked for, and a terminal reads it.
    pub(crate) fn stdout_color(self) -> bool {
        self.color && io::stdout().is_terminal()
    }

    /// Columns of the terminal that reads stdout; 80 for a file or a pipe.
    pub(crate) fn stdout_width(self) -> usize {
        const WIDEST_READABLE: u16 = 120;
        match terminal_size::terminal_size_of(io::stdout()) {
            Some((terminal_size::Width(columns), _)) => columns.min(WIDEST_READABLE).into(),
            None => 80,
        }
    }

    /// Colour for stderr: asked for, and a terminal reads it.
    pub(crate) fn stderr_color(self) -> bool {
        self.color && io::stderr().is_terminal()
    }

    /// No progress and no remarks.
    pub(crate) fn quiet(self) -> bool {
        self.quiet
    }

    /// Data, to stdout. A closed pipe (`vecperf … | head -1`) is what its reader wanted.
    ///
    /// # Errors
    /// Stdout cannot be written, e.g. because the disk it is redirected to is full.
    pub(crate) fn data(self, text: &str) -> Result<()> {
        self.bytes(text.as_bytes())
    }

    /// As [`Terminal::data`], for a file's bytes.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Result<()> {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Failure::runtime("stdout: cannot be written").because(&error))
            }
            _ => Ok(()),
        }
    }

    /// A remark for the person at the terminal, to stderr; not when quiet.
    pub(crate) fn remark(self, text: impl Display) {
        if !self.quiet {
            stderr_line(text);
        }
    }

    /// An error, to stderr.
    pub(crate) fn error(self, error: impl Display) {
        let (on, off) = if self.stderr_color() {
            ("\x1b[1;31m", "\x1b[0m")
        } else {
            ("", "")
        };
        stderr_line(format_args!("{on}error:{off} {error}"));
    }
}

/// One line to stderr. `eprintln!` panics when stderr is closed; there is nobody left to tell.
pub(crate) fn stderr_line(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// The colours of clap's own messages, which are printed before the flags are known.
pub(crate) fn clap_color() -> ColorChoice {
    let flag = std::env::args_os()
        .take_while(|argument| argument != "--")
        .any(|argument| argument == "--no-color");
    if flag || no_color_in_environment() {
        ColorChoice::Never
    } else {
        ColorChoice::Auto
    }
}

/// <https://no-color.org>: present and not empty, whatever its value.
fn no_color_in_environment() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Lines of at most `width` characters, broken between words; a longer word stands alone.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let needed = word.chars().count() + 1;
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + needed <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn long_reasons_wrap_between_words() {
        assert_eq!(wrapped("a bb ccc dddd", 6), ["a bb", "ccc", "dddd"]);
        assert_eq!(wrapped("a verylongword b", 4), ["a", "verylongword", "b"]);
        assert_eq!(wrapped("", 4), [""]);
    }
}
