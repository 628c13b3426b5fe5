//! What `report`, `compare` and `baseline` can be asked for.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::values;

/// How a saved report or a comparison is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Telling {
    /// For people at a terminal.
    #[default]
    Text,
    /// For a pull request or a wiki.
    Markdown,
    /// For programs.
    Json,
    /// Tests in JUnit's XML, for a CI system.
    Junit,
    /// Annotations of a GitHub workflow; the step summary, too, where GITHUB_STEP_SUMMARY names its file.
    Github,
    /// A figure a line, for a spreadsheet (report only).
    Csv,
    /// One page for a browser, with charts and a flame graph (report only).
    Html,
}

/// Where what is told goes.
#[derive(Debug, Args)]
pub(crate) struct TellingArgs {
    /// How to tell it.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: Telling,

    /// File to write [default: stdout].
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,

    /// Overwrite a file that is there.
    #[arg(long, requires = "output", help_heading = "Output")]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vecperf report data/logs
  vecperf report data/logs --format markdown -o report.md
  vecperf report data/logs --format html -o report.html
  vecperf report old/performance_metrics.json --format csv | head")]
pub(crate) struct ReportArgs {
    /// A report (performance_metrics.json), or the directory it is in.
    #[arg(value_name = "FILE|DIR")]
    pub(crate) report: PathBuf,

    #[command(flatten)]
    pub(crate) telling: TellingArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
A side is a report, a directory, or several of either: in a directory, each
performance_metrics*.json counts as a run, also one level below it. One run a side
knows nothing of what differs from run to run; three a side do.

Examples:
  vecperf compare before/ after/
  vecperf compare --base a1,a2,a3 --new b1,b2,b3 --gate
  vecperf compare --baseline main data/logs --format markdown
  vecperf compare --run 'vecperf bench --ef-search 64' 'vecperf bench --ef-search 80'

Exit codes with --gate: 3 something regressed, 4 something is inconclusive.")]
pub(crate) struct CompareArgs {
    /// BASE and NEW; only NEW when the base is given otherwise (--base, --baseline, `vecperf baseline use`).
    #[arg(value_name = "BASE NEW", num_args = 0..=2)]
    pub(crate) sides: Vec<PathBuf>,

    /// Runs of the base; several, or apart by commas.
    #[arg(long, value_name = "FILE|DIR", value_delimiter = ',', conflicts_with_all = ["baseline", "run"])]
    pub(crate) base: Vec<PathBuf>,

    /// New runs; several, or apart by commas.
    #[arg(
        long,
        value_name = "FILE|DIR",
        value_delimiter = ',',
        conflicts_with = "run"
    )]
    pub(crate) new: Vec<PathBuf>,

    /// The base is what was saved under this name (`vecperf baseline save`).
    #[arg(long, value_name = "NAME", conflicts_with = "run")]
    pub(crate) baseline: Option<String>,

    #[command(flatten)]
    pub(crate) place: BaselinePlace,

    /// The smallest change that matters, in percent (of recall and errors: a fifth of it, in points).
    #[arg(long, value_name = "PERCENT", default_value = "5", value_parser = values::effect, allow_negative_numbers = true)]
    pub(crate) effect: f64,

    /// Exit with 3 when something regressed, with 4 when something is inconclusive.
    #[arg(long)]
    pub(crate) gate: bool,

    /// Run two commands in turn (A B B A …) and compare the reports that they write.
    ///
    /// Each is run by the shell, with its report directed to a place of its own (VECPERF_OUTPUT__DIRECTORY): do not give
    /// it --output.
    #[arg(long, num_args = 2, value_names = ["CMD A", "CMD B"], conflicts_with = "sides", help_heading = "Interleaved runs")]
    pub(crate) run: Vec<String>,

    /// Runs of each at most; it ends early when nothing is inconclusive any more.
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = values::at_least_one, allow_negative_numbers = true, help_heading = "Interleaved runs")]
    pub(crate) rounds: usize,

    #[command(flatten)]
    pub(crate) telling: TellingArgs,
}

/// Where baselines are kept.
#[derive(Debug, Args)]
pub(crate) struct BaselinePlace {
    /// Where baselines are kept.
    #[arg(
        long = "baselines",
        value_name = "DIR",
        default_value = "data/baselines"
    )]
    pub(crate) directory: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BaselineCommand {
    /// Save reports, and the CPU profiles beside them, under a name.
    #[command(after_help = "Example:\n  vecperf baseline save main data/logs")]
    Save {
        /// Letters, digits, `.`, `-` and `_`.
        name: String,
        /// Reports, or directories of them.
        #[arg(value_name = "FILE|DIR", required = true)]
        runs: Vec<PathBuf>,
        /// Replace a baseline of this name.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        place: BaselinePlace,
    },
    /// List what is saved: runs, date, machine; `*` marks the one in use.
    List {
        #[command(flatten)]
        place: BaselinePlace,
    },
    /// Take one as the base of `vecperf compare NEW`.
    Use {
        /// Its name.
        name: String,
        #[command(flatten)]
        place: BaselinePlace,
    },
}
