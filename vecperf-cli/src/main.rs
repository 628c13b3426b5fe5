//! The `vecperf` command: drives vector search workloads under the monitor, reports and judges. The library's first
//! honest user: it uses the public API only.
//!
//! | module | what it is |
//! |---|---|
//! | `args` | what can be asked for on the command line |
//! | `commands/` | one file a command |
//! | `dataset/` | vectors, queries and true neighbours, from files and within |
//! | `driver/` | closed and open loop: sends the queries |
//! | `profile/` | profiles, cut and compared, for the eye |
//! | `watched/` | a running program that is asked how it is |
//! | `interrupt`, `progress`, `terminal`, `exit` | Ctrl-C, stderr, stdout, exit codes |

mod args;
mod commands;
mod dataset;
mod driver;
mod exit;
mod index_file;
mod interrupt;
mod profile;
mod progress;
mod terminal;
mod watched;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use args::{Cli, Command, ConfigCommand};
use exit::{Exit, Result};
use progress::Phase;
use terminal::Terminal;

/// Counts what the engines allocate, operation by operation.
#[global_allocator]
static ALLOCATOR: vecperf::Allocator = vecperf::Allocator::system();

fn main() -> ExitCode {
    let matches = Cli::command().color(terminal::clap_color()).get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let terminal = Terminal::new(cli.quiet, cli.no_color);
    let exit = run(cli.command, terminal).unwrap_or_else(|failure| {
        terminal.error(&failure);
        failure.exit()
    });
    exit.into()
}

fn run(command: Command, terminal: Terminal) -> Result<Exit> {
    match command {
        Command::Bench(args) => commands::bench::run(&args, terminal),
        Command::Check(args) => commands::check::run(&args, terminal),
        Command::Report(args) => commands::report::run(&args, terminal),
        Command::Compare(args) => commands::compare::run(&args, terminal),
        Command::Baseline(command) => commands::baseline::run(&command, terminal),
        Command::Flame(args) => commands::flame::run(&args, terminal),
        Command::Functions(args) => commands::functions::run(&args, terminal),
        Command::Record(args) => commands::record::run(&args, terminal),
        Command::Top(args) => commands::top::run(&args, terminal),
        Command::Dash(args) => commands::dash::run(&args, terminal),
        Command::Snapshot(args) => commands::snapshot::run(&args, terminal),
        Command::Init(args) => commands::init::run(&args, terminal),
        Command::Dataset(command) => {
            let progress = Phase::begin(terminal, "dataset", "");
            terminal.data(&commands::dataset::run(&command, &progress)?)?;
            Ok(Exit::Fine)
        }
        Command::Config(args) => match args.command {
            ConfigCommand::Show(args) => commands::config::show(&args, terminal),
        },
        Command::Doctor(args) => commands::doctor::run(&args, terminal),
        Command::Schema => commands::schema::run(terminal),
        Command::Completions { shell } => commands::completions::run(shell, terminal),
        Command::Man { command } => commands::man::run(command.as_deref(), terminal),
    }
}
