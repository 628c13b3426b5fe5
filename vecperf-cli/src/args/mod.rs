//! What can be asked for on the command line. Help, completions and the man page all come from here.

mod bench;
mod live;
mod profile;
mod reports;
mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use crate::commands::dataset::DatasetCommand;
pub(crate) use bench::{BenchArgs, EngineArgs, RecallMode};
pub(crate) use live::{DashArgs, SnapshotArgs, TopArgs, WatchedArgs};
pub(crate) use profile::{Drawing, FlameArgs, FunctionsArgs, RecordArgs, SelectionArgs, Sort};

pub(crate) use reports::{
    BaselineCommand, BaselinePlace, CompareArgs, ReportArgs, Telling, TellingArgs,
};

const EXIT_CODES: &str = "\
Exit codes:
  0  fine
  1  something failed while running
  2  wrong usage or settings
  3  a threshold failed, or something regressed (bench, compare: only with --gate)
  4  a threshold could not be judged, or there was none, or a comparison is
     inconclusive (bench, compare: only with --gate);
     a profile holds no samples
  130  interrupted; what was measured until then is written
record -- COMMAND ends with the command's own code, 128 + signal when a signal ended it.";

const EXAMPLES: &str = "\
Examples:
  vecperf bench                         the bundled data, engine hnsw, files in data/logs
  vecperf bench --rate 500 --gate       open loop, exit code 3 when a threshold fails
  vecperf check data/logs/performance_metrics.json
  vecperf report data/logs              what the last run showed, and what it means
  vecperf compare before/ after/ --gate
  vecperf flame data/logs/profiling_data.prof --operation search --cohort above_p99 --against rest
  vecperf doctor                        what this machine can measure";

/// The flight recorder for vector search: how fast, how good, at what cost.
#[derive(Debug, Parser)]
#[command(name = "vecperf", version, max_term_width = 100, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// No progress and no remarks on stderr; errors stay.
    #[arg(short, long, global = true, help_heading = "Terminal")]
    pub(crate) quiet: bool,

    /// No colours (as does NO_COLOR=1, or output that is no terminal).
    #[arg(long, global = true, help_heading = "Terminal")]
    pub(crate) no_color: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a vector search workload under the monitor and judge it.
    Bench(Box<BenchArgs>),
    /// Judge a saved report: exit code 3 when a threshold failed, 4 when one could not be judged.
    Check(CheckArgs),
    /// Tell a saved report in another format: what it shows, as text, Markdown, CSV, JUnit, ….
    Report(ReportArgs),
    /// Compare runs: what changed, with an interval and a verdict.
    Compare(Box<CompareArgs>),
    /// Keep runs under a name, to compare with.
    #[command(subcommand)]
    Baseline(BaselineCommand),
    /// Draw a profile as a flame graph: all of it, or what the slow operations do that the others do not.
    Flame(Box<FlameArgs>),
    /// List the functions of a profile by what they cost.
    Functions(Box<FunctionsArgs>),
    /// Take a CPU profile of a command or of a running process.
    Record(RecordArgs),
    /// Watch a running program in the terminal: rates, latencies, errors, recall, CPU, memory, thresholds.
    Top(TopArgs),
    /// Watch a running program in the browser: a page of its own, on this machine only.
    Dash(DashArgs),
    /// Fetch what a running program's flight recorder holds: a report with the last minutes and their slow operations.
    Snapshot(SnapshotArgs),
    /// Write a commented settings file with every key at its default.
    Init(InitArgs),
    /// What there is to search, what is in it, and how to make more of it.
    #[command(subcommand)]
    Dataset(DatasetCommand),
    /// Show the settings in force and where each comes from.
    Config(ConfigArgs),
    /// Tell what this machine can measure, and what to change for the rest.
    Doctor(DoctorArgs),
    /// Print the JSON Schema of performance_metrics.json.
    Schema,
    /// Print a completion script for a shell.
    #[command(
        after_help = "Example:\n  vecperf completions bash > ~/.local/share/bash-completion/completions/vecperf"
    )]
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the man page.
    #[command(after_help = "Examples:\n  vecperf man | man -l -\n  vecperf man bench | man -l -")]
    Man {
        /// The page of this command instead of the overview.
        command: Option<String>,
    },
}

/// Which settings file.
#[derive(Debug, Default, Args)]
pub(crate) struct SettingsArgs {
    /// Settings file [default: ./perf_monitor.toml when there is one, else the built-in defaults].
    #[arg(long = "config", value_name = "FILE", help_heading = "Settings")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
By default the verdicts saved in the report are shown. With --config FILE the
numbers in the report are judged again, by the thresholds of that file.

Examples:
  vecperf check data/logs/performance_metrics.json
  vecperf check report.json --config strict.toml --format json")]
pub(crate) struct CheckArgs {
    /// A report that `vecperf bench` or a monitored program wrote.
    pub(crate) report: PathBuf,

    /// Judge again by this settings file (and VECPERF_… variables) instead of showing the saved verdicts.
    #[arg(long, value_name = "FILE", help_heading = "Settings")]
    pub(crate) config: Option<PathBuf>,

    /// How to print the verdicts.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  vecperf init\n  vecperf init ci/perf_monitor.toml --force")]
pub(crate) struct InitArgs {
    /// Where to write it.
    #[arg(default_value = "perf_monitor.toml")]
    pub(crate) path: PathBuf,

    /// Overwrite a file that is there.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print value and origin of each key: built-in default, file or environment.
    #[command(after_help = "Example:\n  VECPERF_THRESHOLDS__MAX_MEMORY_MB=512 vecperf config show")]
    Show(SettingsArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
}

/// How a report is printed on stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for people.
    #[default]
    Table,
    /// For programs; of a report, what performance_metrics.json holds.
    Json,
    /// For a pull request or a wiki.
    Markdown,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definitions_hold_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_and_command_has_a_help_text() {
        fn visit(command: &clap::Command) {
            assert!(
                command.get_about().is_some(),
                "{}: no help",
                command.get_name()
            );
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{} {}: no help",
                    command.get_name(),
                    argument.get_id()
                );
            }
            command.get_subcommands().for_each(visit);
        }
        visit(&Cli::command());
    }
}
