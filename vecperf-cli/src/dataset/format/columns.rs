//! Values that lie dimension after dimension: NumPy's Fortran order.

use std::ops::Range;

use vecperf::Result;

use super::input::Input;
use super::table::Layout;
use crate::dataset::Progress;

/// Values read at once. Part after part of the rows, so that the part of the result that is written stays in the cache.
const AT_ONCE: usize = 1 << 14;

/// Puts the rows of `range` into `values`, which has the space and is empty; reads only their part of each column.
pub(super) fn read(
    input: &mut Input,
    layout: &Layout,
    range: Range<usize>,
    values: &mut Vec<f32>,
    progress: &dyn Progress,
) -> Result<()> {
    let dimensions = layout.dimensions as usize;
    let size = layout.element.size();
    values.resize(range.len() * dimensions, 0.0);
    let mut bytes = vec![0; AT_ONCE.min(range.len()) * size];
    let mut part = Vec::with_capacity(AT_ONCE.min(range.len()));
    for first in range.clone().step_by(AT_ONCE) {
        let count = AT_ONCE.min(range.end - first);
        let rows = &mut values[(first - range.start) * dimensions..];
        for column in 0..dimensions {
            let before = column as u64 * layout.rows + first as u64;
            let bytes = &mut bytes[..count * size];
            input.read(layout.offset + before * size as u64, bytes)?;
            part.clear();
            layout.element.coordinates(bytes, &mut part);
            let targets = rows[column..].iter_mut().step_by(dimensions);
            targets
                .zip(&part)
                .for_each(|(target, &value)| *target = value);
        }
        progress.advance(count as u64);
    }
    Ok(())
}
