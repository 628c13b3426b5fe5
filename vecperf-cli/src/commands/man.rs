//! `vecperf man [COMMAND]`: man pages from the same definitions as the help.

use clap::CommandFactory;
use clap_mangen::Man;

use crate::args::Cli;
use crate::exit::{Exit, Failure, Result};
use crate::terminal::Terminal;

pub(crate) fn run(command: Option<&str>, terminal: Terminal) -> Result<Exit> {
    let mut all = Cli::command();
    all.build(); // hands the global flags down and gives each command its full name
    let page = match command {
        None => all,
        Some(name) => all
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| unknown(name, &all))?,
    };
    let mut roff = Vec::new();
    Man::new(page)
        .render(&mut roff)
        .map_err(|error| Failure::runtime("the man page cannot be made").because(&error))?;
    terminal.data(&String::from_utf8_lossy(&roff))?;
    Ok(Exit::Fine)
}

fn unknown(name: &str, all: &clap::Command) -> Failure {
    let names: Vec<_> = all.get_subcommands().map(clap::Command::get_name).collect();
    Failure::usage(format!("man {name}: there is no such command")).remedy(names.join(", "))
}
