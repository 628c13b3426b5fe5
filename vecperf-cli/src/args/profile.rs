//! `vecperf flame`, `functions` and `record`: which samples, shown how, taken of whom.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{Format, values};

const FLAME_EXAMPLES: &str = "\
Examples:
  vecperf flame data/logs/profiling_data.prof
  vecperf flame data/logs/profiling_data.prof --operation search --phase search
  vecperf flame data/logs/profiling_data.prof --operation search --cohort above_p99 --against rest -o slow.svg
  vecperf flame heap.prof --value alloc_space
  vecperf flame heap-2.prof --base heap-1.prof -o grown.svg
  vecperf flame heap.pb.gz --format folded -o - | head

With --against, width is what the cohort takes; red is what it takes more than
the others, blue less, both per operation. With --base, width is what FILE
takes, per operation where both profiles know how many; of memory (bytes,
alloc_… and inuse_…) it is what has grown since.";

const FUNCTIONS_EXAMPLES: &str = "\
Examples:
  vecperf functions data/logs/profiling_data.prof
  vecperf functions data/logs/profiling_data.prof --operation search --sort total
  vecperf functions data/logs/profiling_data.prof --operation search --cohort above_p99 --against rest
  vecperf functions heap-2.prof --base heap-1.prof --sort total

self: in the function itself. total: also in what it calls, recursion counted
once.";

const RECORD_EXAMPLES: &str = "\
Examples:
  vecperf record -- ./search_service --port 8080
  vecperf record -o load.prof --seconds 1m -- ./search_service
  vecperf record --pid 1234 --seconds 10

The command's output and exit code are passed through (128 + signal when a
signal ended it). Ctrl-C, SIGTERM and SIGHUP reach the command, too, and end
the recording. Processes that the command starts are not sampled; how much CPU
time they used is told at the end.";

/// Which samples of a profile.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Samples")]
pub(crate) struct SelectionArgs {
    /// Which of the values that each sample carries: cpu, samples, inuse_space, alloc_objects, … [default: the last].
    #[arg(long, value_name = "KIND")]
    pub(crate) value: Option<String>,

    /// The program before it was stripped: names for a profile that has none.
    #[arg(long, value_name = "FILE")]
    pub(crate) binary: Option<PathBuf>,

    /// Only of this operation.
    #[arg(long, value_name = "NAME")]
    pub(crate) operation: Option<String>,

    /// Only of these operations: above_p50, above_p90, above_p99, over_max_response_time.
    #[arg(long, value_name = "NAME")]
    pub(crate) cohort: Option<String>,

    /// Only in this phase of the run.
    #[arg(long, value_name = "NAME")]
    pub(crate) phase: Option<String>,

    /// Only of this thread.
    #[arg(long, value_name = "NAME")]
    pub(crate) thread: Option<String>,

    /// Only under this label of the program's (`ef=200`), or under any label KEY with this VALUE.
    #[arg(long, value_name = "TEXT|KEY=VALUE")]
    pub(crate) label: Option<String>,

    /// Only of operations that ended like this: ok, error, cancelled.
    #[arg(long, value_name = "NAME")]
    pub(crate) outcome: Option<String>,

    /// Compare the cohort with all operations, with the rest of them, or with another cohort.
    #[arg(long, value_name = "all|rest|COHORT", requires = "cohort")]
    pub(crate) against: Option<String>,

    /// Compare with this earlier profile: what the program holds more of now, or spends more on.
    #[arg(long, value_name = "FILE", conflicts_with = "against")]
    pub(crate) base: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = FLAME_EXAMPLES)]
pub(crate) struct FlameArgs {
    /// A profile in pprof's format, gzip'd or not: vecperf's or anybody's.
    pub(crate) file: PathBuf,

    #[command(flatten)]
    pub(crate) selection: SelectionArgs,

    /// What to draw.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: Drawing,

    /// Where to write it, - for stdout [default: FILE with another ending].
    #[arg(short, long, value_name = "OUT", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,

    /// Overwrite a file that is there.
    #[arg(long, help_heading = "Output")]
    pub(crate) force: bool,
}

/// What `vecperf flame` draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drawing {
    /// A flame graph for a browser: click to zoom, Ctrl-F to search.
    #[default]
    Svg,
    /// A line a stack, for the flame graph tools of others.
    Folded,
    /// For <https://www.speedscope.app>.
    Speedscope,
}

impl Drawing {
    /// How its files end.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Folded => "folded",
            Self::Speedscope => "speedscope.json",
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = FUNCTIONS_EXAMPLES)]
pub(crate) struct FunctionsArgs {
    /// A profile in pprof's format, gzip'd or not: vecperf's or anybody's.
    pub(crate) file: PathBuf,

    #[command(flatten)]
    pub(crate) selection: SelectionArgs,

    /// How many functions to show.
    #[arg(long, value_name = "N", default_value_t = 30, allow_negative_numbers = true, value_parser = values::at_least_one, help_heading = "Output")]
    pub(crate) top: usize,

    /// What comes first. With --against or --base: by which of them the difference is taken.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) sort: Sort,

    /// How to print the table.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: Format,
}

/// What functions are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    /// In the function itself.
    #[default]
    #[value(name = "self")]
    Own,
    /// Also in what it calls.
    Total,
}

#[derive(Debug, Args)]
#[command(after_help = RECORD_EXAMPLES, override_usage = "\
vecperf record [OPTIONS] -- COMMAND [ARGS]...
       vecperf record [OPTIONS] --pid N")]
pub(crate) struct RecordArgs {
    /// The command to run and watch.
    #[arg(
        trailing_var_arg = true,
        value_name = "COMMAND",
        required_unless_present = "pid",
        conflicts_with = "pid"
    )]
    pub(crate) command: Vec<OsString>,

    /// Watch the process with this number instead.
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = values::process)]
    pub(crate) pid: Option<u32>,

    /// For how long, at most [default: until it ends, or Ctrl-C].
    #[arg(short, long, value_name = "S", value_parser = values::some_duration, allow_negative_numbers = true)]
    pub(crate) seconds: Option<Duration>,

    /// Samples per second of CPU time of each running thread, 1 to 10,000.
    #[arg(short, long, value_name = "N", default_value_t = 1000, allow_negative_numbers = true, value_parser = values::sample_rate)]
    pub(crate) rate: u32,

    /// Where to write the profile.
    #[arg(short, long, value_name = "FILE", default_value = "vecperf.prof")]
    pub(crate) output: PathBuf,

    /// Overwrite a file that is there.
    #[arg(long)]
    pub(crate) force: bool,
}
