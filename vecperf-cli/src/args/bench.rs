//! `vecperf bench`: what to search, with what, how hard, and where the results go.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use vecperf_engines::Metric;

use super::{Format, SettingsArgs, values};
use crate::driver::{Arrival, Budget};

const EXAMPLES: &str = "\
Examples:
  vecperf bench
  vecperf bench --ef-search 200 --threads 4 --duration 30s
  vecperf bench --ef-search 64,32,128,256
  vecperf bench --engine exact --count 1000
  vecperf bench --rate 500 --gate
  vecperf bench --engine exact --cold=20
  vecperf bench --dataset base.fbin --queries query.fbin --truth truth.ibin --metric l2
  vecperf bench --dataset synthetic:n=100000,dim=96,clusters=50,seed=1 --format json > report.json

Closed loop (default): each thread sends its next query when the last one is
answered. Open loop (--rate): queries arrive on a schedule, whether or not a
thread is free; latency counts from the arrival, service time from the start.
Threads sleep until 100 µs before an arrival, then spin.";

/// Options of `vecperf bench`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct DataArgs {
    /// Vectors to index: a bundled name, a file, or synthetic:n=…,dim=…,clusters=…,seed=….
    ///
    /// Files: .fbin, .fvecs, .bvecs, .npy, and ann-benchmarks' .hdf5 (in builds with the feature `hdf5`).
    #[arg(long, value_name = "NAME|FILE", default_value = "glove-50")]
    pub(crate) dataset: String,

    /// Query vectors [default: those of the data set, else some of its vectors are held out].
    #[arg(long, value_name = "FILE")]
    pub(crate) queries: Option<PathBuf>,

    /// True neighbours, .ibin or .ivecs [default: computed exactly and cached].
    #[arg(long, value_name = "FILE")]
    pub(crate) truth: Option<PathBuf>,

    /// Index only the first N vectors.
    #[arg(long, value_name = "N", value_parser = values::at_least_one)]
    pub(crate) limit: Option<usize>,

    /// Do not keep computed true neighbours for the next run.
    #[arg(long)]
    pub(crate) no_cache: bool,

    /// How vectors are compared [default: what the data set was made for, else l2].
    #[arg(long, value_enum)]
    pub(crate) metric: Option<MetricName>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Engine")]
pub(crate) struct EngineArgs {
    /// hnsw, exact, or usearch (in builds with the feature `usearch`).
    #[arg(long, value_name = "NAME", default_value = "hnsw")]
    pub(crate) engine: String,

    /// Neighbours of each vector in the graph [default: 16].
    #[arg(long, value_name = "N", value_parser = values::at_least_one)]
    pub(crate) m: Option<usize>,

    /// Candidates kept while building [default: 200].
    #[arg(long, value_name = "N", value_parser = values::at_least_one)]
    pub(crate) ef_construction: Option<usize>,

    /// Candidates kept while searching, more is better recall and slower [default: 64]; several make a curve: 64,128,256.
    ///
    /// The first is the run's own: its warm-up, cold start, thresholds and profile. Each of the others is searched after it, for
    /// as long, in a phase of its own; the report shows recall against rate, and `vecperf compare` compares at equal recall.
    #[arg(long, value_name = "N[,N…]", value_delimiter = ',', value_parser = values::at_least_one)]
    pub(crate) ef_search: Vec<usize>,

    /// How values are stored, where the engine has a choice: f32, f16, i8 [default: f32].
    #[arg(long, value_name = "KIND")]
    pub(crate) quantization: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Load")]
pub(crate) struct LoadArgs {
    /// Neighbours wanted.
    #[arg(short, long, value_name = "N", default_value_t = 10, allow_negative_numbers = true, value_parser = values::at_least_one)]
    pub(crate) k: usize,

    /// Search threads [default: half of the available CPUs, at least one].
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = values::threads)]
    pub(crate) threads: Option<usize>,

    /// How long to search [default: 10s].
    #[arg(short, long, value_name = "TIME", value_parser = values::some_duration, allow_negative_numbers = true, conflicts_with = "count")]
    pub(crate) duration: Option<Duration>,

    /// How many searches, instead of a duration.
    #[arg(short = 'n', long, value_name = "N", allow_negative_numbers = true, value_parser = values::at_least_one)]
    pub(crate) count: Option<usize>,

    /// Searches before the measured ones.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = values::duration)]
    pub(crate) warm_up: Duration,

    /// Evict the index file from memory before the warm-up; the first N searches are a phase of their own [default: 100].
    ///
    /// The index is written to a file in the output directory and served from there (engines exact and usearch, on Linux,
    /// without root); the file is gone with the run. The report says how much of it was in memory before and after.
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "100", value_parser = values::at_least_one)]
    pub(crate) cold: Option<usize>,

    /// Open loop: this many searches arrive per second.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = values::rate)]
    pub(crate) rate: Option<f64>,

    /// Open loop: how the gaps between arrivals are spread.
    #[arg(long, value_enum, default_value_t, requires = "rate")]
    pub(crate) arrival: Arrival,

    /// Random choices (graph layers, arrivals) repeat with the same seed.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Directory of the files [default: `output.directory` of the settings, data/logs].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<String>,

    /// What to print on stdout.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,

    /// Exit with 3 when a threshold failed, with 4 when one could not be judged.
    #[arg(long)]
    pub(crate) gate: bool,

    /// Whether to compare the answers with the true neighbours.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) recall: RecallMode,
}

/// Whether answers are judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecallMode {
    /// Judge the first answer to each query.
    #[default]
    On,
    /// Latency without recall: the report says so.
    Off,
}

/// How vectors are compared, by the names of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MetricName {
    /// Squared Euclidean distance.
    L2,
    /// 1 − cosine similarity.
    Cosine,
    /// 1 − inner product.
    Ip,
}

impl From<MetricName> for Metric {
    fn from(name: MetricName) -> Self {
        match name {
            MetricName::L2 => Self::L2,
            MetricName::Cosine => Self::Cosine,
            MetricName::Ip => Self::InnerProduct,
        }
    }
}

impl LoadArgs {
    const DEFAULT_DURATION: Duration = Duration::from_secs(10);

    /// When the measured search has done enough.
    pub(crate) fn budget(&self) -> Budget {
        match (self.duration, self.count) {
            (_, Some(count)) => Budget::Count(count as u64),
            (time, None) => Budget::Time(time.unwrap_or(Self::DEFAULT_DURATION)),
        }
    }

    /// Search threads: as asked, else half of the CPUs this process may use, so that a search on an idle
    /// machine leaves the other half to the system and stays under the sample settings' `max_cpu_percent`.
    pub(crate) fn threads(&self) -> usize {
        let available = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.threads.unwrap_or((available / 2).max(1))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use vecperf_engines::BuildParameters;

    #[test]
    fn the_help_tells_the_engines_defaults() {
        let mut command = crate::args::Cli::command();
        let help = command
            .find_subcommand_mut("bench")
            .unwrap()
            .render_help()
            .to_string();
        let BuildParameters {
            m,
            ef_construction,
            ef_search,
            quantization,
            ..
        } = BuildParameters::default();
        let defaults = [
            ("--m ", m.to_string()),
            ("--ef-construction", ef_construction.to_string()),
            ("--ef-search", ef_search.to_string()),
            ("--quantization", quantization.to_string()),
        ];
        for (flag, default) in defaults {
            let after = help.split(&format!("  {flag}")).nth(1).unwrap();
            let shown = after.split("[default: ").nth(1).unwrap().split(']').next();
            assert_eq!(shown, Some(default.as_str()), "{flag}");
        }
    }
}
