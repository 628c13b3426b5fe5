//! `vecperf dataset`: what there is to search, what is in it, and how to make more of it.

mod describe;
mod prepare;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use vecperf::Result;

use crate::dataset::{Progress, Source, bundled, format, load, synthetic};

/// `vecperf dataset …`
#[derive(Debug, Subcommand)]
pub(crate) enum DatasetCommand {
    /// List the bundled data sets and the formats that are read.
    List,
    /// Show what a data set holds.
    #[command(after_help = "Example:\n  vecperf dataset info synthetic:n=10000,dim=64")]
    Info(InfoArgs),
    /// Make a data set of a file: base vectors, queries drawn from the rows after them, and exact ground truth.
    #[command(after_help = prepare::EXAMPLES)]
    Prepare(PrepareArgs),
}

/// `vecperf dataset info`
#[derive(Debug, Args)]
pub(crate) struct InfoArgs {
    /// A bundled name, a file, a directory that `prepare` wrote, or synthetic:n=10000,dim=64,….
    dataset: String,

    /// Queries that come in a file of their own.
    #[arg(long, value_name = "FILE")]
    queries: Option<PathBuf>,

    /// Neighbour ids that come in a file of their own.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,

    /// Only the first so many base vectors.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// `vecperf dataset prepare`
#[derive(Debug, Args)]
pub(crate) struct PrepareArgs {
    /// `glove-50`: as the bundled one was made (unit length, inner product); absent: as the flags say.
    #[arg(value_parser = ["glove-50"])]
    recipe: Option<String>,

    /// The file of vectors: .npy, .fbin, .fvecs, ….
    #[arg(long, value_name = "FILE")]
    source: PathBuf,

    /// Base vectors: the first so many rows [default: all but the queries].
    #[arg(long, value_name = "N")]
    count: Option<usize>,

    /// Queries, drawn without repetition from the rows after the base vectors (of the next 3 × count).
    #[arg(long, value_name = "N", default_value_t = 1000)]
    queries: usize,

    /// Where the draw of queries starts; the same seed draws the same queries.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Scale each vector to unit length.
    #[arg(long)]
    normalize: bool,

    /// The metric of the ground truth [default: l2; for glove-50: ip].
    #[arg(long, value_parser = ["l2", "cosine", "ip"])]
    metric: Option<String>,

    /// Neighbours of each query in the ground truth.
    #[arg(long, default_value_t = 100)]
    k: usize,

    /// Threads that compute the ground truth [default: all CPUs].
    #[arg(long, value_name = "N")]
    threads: Option<usize>,

    /// The directory to write; its name becomes the data set's.
    #[arg(long, value_name = "DIR")]
    output: PathBuf,

    /// Write over a data set that is already there.
    #[arg(long)]
    force: bool,
}

/// Does what was asked; returns the text for stdout.
///
/// # Errors
/// As [`load`]; what `prepare` cannot make or write.
pub(crate) fn run(command: &DatasetCommand, progress: &dyn Progress) -> Result<String> {
    match command {
        DatasetCommand::List => Ok(list()),
        DatasetCommand::Info(args) => {
            let InfoArgs {
                dataset,
                queries,
                truth,
                limit,
            } = args;
            let source = Source {
                dataset: dataset.clone(),
                queries: queries.clone(),
                truth: truth.clone(),
                limit: *limit,
            };
            Ok(describe::describe(&load(&source, progress)?))
        }
        DatasetCommand::Prepare(args) => prepare::prepare(args, progress),
    }
}

fn list() -> String {
    let mut lines = vec!["Bundled:".to_owned()];
    lines.extend(
        bundled::ALL
            .iter()
            .map(|it| format!("  {:<26} {}", it.name, it.description)),
    );
    lines.push("\nFiles:".to_owned());
    lines.extend(
        format::ACCEPTED
            .iter()
            .map(|(extensions, what)| format!("  {extensions:<26} {what}")),
    );
    lines.push("\nDirectories:".to_owned());
    lines.push(format!("  {:<26} base.fbin, queries.fbin, groundtruth.ibin: as `vecperf dataset prepare` writes them", "DIR"));
    lines.push("\nMade up:".to_owned());
    lines.push(format!("  {}", synthetic::Synthetic::default().name()));
    lines.push(format!(
        "  {:<26} clustered Gaussians, the same on every machine; each key may be left out",
        ""
    ));
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests;
