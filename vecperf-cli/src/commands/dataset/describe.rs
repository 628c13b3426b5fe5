//! What a data set holds, in lines for people.

use std::collections::HashSet;

use vecperf_engines::Vectors;

use crate::dataset::{Dataset, Given, metric_name};

/// Name, sizes, metric, ground truth, and what bears on the results: lengths, zero vectors, repeated vectors.
pub(super) fn describe(dataset: &Dataset) -> String {
    let base = &dataset.base;
    let truth = dataset.truth.as_ref().map_or_else(
        || "none: computed when needed, then cached".to_owned(),
        |given| truth(dataset, given),
    );
    let metric = dataset
        .metric
        .map_or("not said; --metric decides", metric_name);
    let mib = base.values().len() as f64 * 4.0 / 1024.0 / 1024.0;
    let mut lines = vec![
        ("name", dataset.name.clone()),
        (
            "base vectors",
            format!(
                "{} of {} dimensions, {mib:.1} MiB",
                thousands(base.len()),
                base.dimensions()
            ),
        ),
        ("queries", thousands(dataset.queries.len())),
        ("metric", metric.to_owned()),
        ("ground truth", truth),
        ("lengths", lengths(base)),
        (
            "repeated",
            format!(
                "{} vectors equal an earlier one, and tie with it",
                thousands(repeated(base))
            ),
        ),
    ];
    lines.extend(dataset.notes.iter().map(|note| ("note", note.clone())));
    lines
        .iter()
        .map(|(what, value)| format!("{what:<14}{value}\n"))
        .collect()
}

/// What is given, and whether it can be: a truth about other vectors is worse than none.
fn truth(dataset: &Dataset, given: &Given) -> String {
    let k = given.ids.k;
    let metric = given.metric.or(dataset.metric);
    let misfit = metric.and_then(|metric| given.misfit(dataset, metric, k.min(dataset.base.len())));
    let listed = format!("the nearest {} of each query", thousands(k));
    misfit.map_or(listed, |misfit| {
        format!("does not fit and will not be used: {misfit}")
    })
}

fn lengths(vectors: &Vectors) -> String {
    let squares = vectors.rows().map(|row| {
        row.iter()
            .map(|&value| f64::from(value).powi(2))
            .sum::<f64>()
    });
    let (least, most, zero) =
        squares
            .map(f64::sqrt)
            .fold((f64::INFINITY, 0f64, 0), |(least, most, zero), length| {
                (
                    least.min(length),
                    most.max(length),
                    zero + usize::from(length == 0.0),
                )
            });
    match zero {
        _ if (1.0 - least).max(most - 1.0) < 1e-5 => "unit".to_owned(),
        0 => format!("{least:.4} to {most:.4}"),
        _ => format!(
            "{least:.4} to {most:.4}; {} zero vectors, which have no cosine",
            thousands(zero)
        ),
    }
}

/// Vectors with the same values as one before them.
fn repeated(vectors: &Vectors) -> usize {
    let mut seen = HashSet::with_capacity(vectors.len());
    // −0 equals 0 in every distance.
    let bytes = |row: &[f32]| {
        row.iter()
            .flat_map(|value| (value + 0.0).to_le_bytes())
            .collect::<Vec<u8>>()
    };
    vectors
        .rows()
        .filter(|row| !seen.insert(xxhash_rust::xxh3::xxh3_128(&bytes(row))))
        .count()
}

/// 1234567 as 1,234,567.
pub(super) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}
