//! `vecperf top`, `dash` and `snapshot`: which running program, and what of it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::values;

const TOP_EXAMPLES: &str = "\
Examples:
  vecperf top                                  the only program with socket = \"auto\"
  vecperf top --pid 1234
  vecperf top --socket run/vecperf.sock
  vecperf top --url http://127.0.0.1:9187      e.g. through `ssh -L 9187:127.0.0.1:9187 host`

The program opens its socket when its settings have [serve], or it calls
Monitor::serve. Rates and quantiles are of the last 10 seconds, the little
graphs of the last 15 minutes, which the program keeps.
Keys: ? shows them; q or Ctrl-C ends.";

/// Which program.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Program")]
#[group(multiple = false)]
pub(crate) struct WatchedArgs {
    /// The process with this number, which has socket = "auto" [default: the only one there is].
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = values::process)]
    pub(crate) pid: Option<u32>,

    /// The program with this Unix socket.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) socket: Option<PathBuf>,

    /// The program at this address: http://127.0.0.1:9187.
    #[arg(short, long, value_name = "URL", value_parser = values::address)]
    pub(crate) url: Option<(String, u16)>,
}

#[derive(Debug, Args)]
#[command(after_help = TOP_EXAMPLES)]
pub(crate) struct TopArgs {
    #[command(flatten)]
    pub(crate) watched: WatchedArgs,

    /// Between two looks.
    #[arg(short, long, value_name = "TIME", default_value = "1s", value_parser = values::interval, allow_negative_numbers = true)]
    pub(crate) interval: Duration,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vecperf dash                                 the only program with socket = \"auto\"
  vecperf dash --pid 1234 --port 9188")]
pub(crate) struct DashArgs {
    #[command(flatten)]
    pub(crate) watched: WatchedArgs,

    /// The page's port of 127.0.0.1; 0: one that is free.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) port: u16,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vecperf snapshot                             the only program with socket = \"auto\"
  vecperf snapshot --pid 1234 -o slow.json
  vecperf check capture.json")]
pub(crate) struct SnapshotArgs {
    #[command(flatten)]
    pub(crate) watched: WatchedArgs,

    /// Where to write it, - for stdout.
    #[arg(short, long, value_name = "FILE", default_value = "capture.json")]
    pub(crate) output: PathBuf,

    /// Overwrite a file that is there.
    #[arg(long)]
    pub(crate) force: bool,
}
