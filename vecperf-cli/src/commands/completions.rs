//! `vecperf completions SHELL`: from the same definitions as the help.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::exit::{Exit, Result};
use crate::terminal::Terminal;

pub(crate) fn run(shell: Shell, terminal: Terminal) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "vecperf", &mut script);
    terminal.data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Fine)
}
