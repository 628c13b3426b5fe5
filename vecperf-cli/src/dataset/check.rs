//! Values no distance can be computed with.

use vecperf::{Error, ErrorKind, Result};
use vecperf_engines::{Metric, Vectors};

/// Refuses NaN and infinities. In the message, `name` is the file or data set and its rows count from `first`.
pub(super) fn finite(vectors: &Vectors, name: &str, first: usize) -> Result<()> {
    let Some(position) = vectors.values().iter().position(|value| !value.is_finite()) else {
        return Ok(());
    };
    let (row, column) = (
        first + position / vectors.dimensions(),
        position % vectors.dimensions(),
    );
    let value = vectors.values()[position];
    Err(Error::new(
        ErrorKind::Data,
        format!(
            "{name}: row {row} holds {value} at dimension {column}. Expected are finite 32-bit floats. Remove the row, or repair it \
             where the file is made"
        ),
    ))
}

/// Refuses zero vectors where the metric divides by their length.
pub(super) fn comparable(vectors: &Vectors, metric: Metric, name: &str) -> Result<()> {
    if metric != Metric::Cosine {
        return Ok(());
    }
    let zero = vectors
        .rows()
        .position(|row| row.iter().all(|&value| value == 0.0));
    zero.map_or(Ok(()), |row| {
        Err(Error::new(
            ErrorKind::Data,
            format!(
                "{name}: row {row} is a zero vector. The cosine metric needs vectors with a direction. Remove the row, or use \
                 `--metric l2` or `--metric ip`"
            ),
        ))
    })
}
