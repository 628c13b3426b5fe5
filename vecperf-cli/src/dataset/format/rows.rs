//! `.fbin` and kin (big-ann-benchmarks), `.fvecs` and kin (TEXMEX): where their rows lie.

use vecperf::Result;

use super::Element;
use super::input::Input;
use super::table::{Layout, Order};

/// `.fbin`, `.u8bin`, `.i8bin`, `.ibin`: rows and dimensions as 32-bit numbers, then the values. A ground truth of
/// big-ann-benchmarks has the neighbours' distances behind their ids: as many 32-bit floats again, which are not read.
pub(super) fn bin(input: &mut Input, element: Element) -> Result<Layout> {
    let rows = u64::from(input.number(0, "the number of rows")?);
    let dimensions = u64::from(input.number(4, "the number of dimensions")?);
    let ids = u128::from(rows) * u128::from(dimensions) * 4;
    let tail = if element.is_id() && u128::from(input.length()) == 8 + 2 * ids {
        ids as u64
    } else {
        0
    };
    Ok(Layout {
        rows,
        dimensions,
        element,
        offset: 8,
        prefix: 0,
        tail,
        order: Order::Rows,
    })
}

/// `.fvecs`, `.bvecs`, `.ivecs`: each row after its number of dimensions; no header.
pub(super) fn vecs(input: &mut Input, element: Element) -> Result<Layout> {
    let dimensions = u64::from(input.number(0, "the number of dimensions")?);
    let stride = 4 + dimensions * element.size() as u64;
    // Rounded up: a part of a row is announced as a row, and found to be missing.
    let rows = input.length().div_ceil(stride);
    Ok(Layout {
        rows,
        dimensions,
        element,
        offset: 0,
        prefix: 4,
        tail: 0,
        order: Order::Rows,
    })
}
