//! Vectors laid out for the kernels.

use std::io::{self, Write};

use memmap2::Mmap;

use super::storage::Storage;
use crate::{EngineError, Metric, Vectors};

/// Values in a cache line: rows start on one and fill whole ones, so that a row costs as few lines as it can and the
/// kernels never meet a tail.
const LINE: usize = 16;

/// Vectors, copied or in a file, in an order of the engine's choosing: aligned, padded with zeros (which change neither an inner
/// product nor a difference), of unit length under the cosine metric, and checked.
#[derive(Debug)]
pub(crate) struct Rows {
    dimensions: usize,
    stride: usize,
    /// Values before the first row, which bring it to a cache line.
    offset: usize,
    values: Storage,
}

impl Rows {
    /// Copies the rows `order` of `vectors`.
    ///
    /// # Errors
    /// A row holds a value that is not finite, is too long for `f32`, or is zero under the cosine metric.
    pub(crate) fn copy(
        vectors: &Vectors,
        metric: Metric,
        order: impl ExactSizeIterator<Item = u32>,
    ) -> Result<Self, EngineError> {
        let dimensions = vectors.dimensions();
        let mut rows = Self::zeroed(dimensions, order.len());
        for (to, from) in order.enumerate() {
            let Some(row) = rows.row_mut(to) else { break }; // these are in memory
            row[..dimensions].copy_from_slice(vectors.row(from as usize));
            prepare(row, metric).map_err(|what| EngineError::Vector(from as usize, what))?;
        }
        Ok(rows)
    }

    /// Rows that [`Rows::write`] wrote, from byte `start` of `file`; `None` when there are no whole rows.
    pub(crate) fn mapped(file: Mmap, start: usize, dimensions: usize) -> Option<Self> {
        let stride = dimensions.checked_next_multiple_of(LINE)?;
        let values = Storage::mapped(file, start)?;
        let of_rows = values.len().checked_sub(LINE)?;
        (stride > 0 && of_rows.is_multiple_of(stride)).then_some(Self {
            dimensions,
            stride,
            offset: 0,
            values,
        })
    }

    /// Writes the rows as they are kept.
    ///
    /// # Errors
    /// Those of `to`.
    pub(crate) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let rows = &self.values[self.offset..][..self.len() * self.stride];
        for value in rows.iter().chain(&[0.0; LINE]) {
            to.write_all(&value.to_ne_bytes())?;
        }
        Ok(())
    }

    /// The bytes of the file they are in.
    pub(crate) fn file(&self) -> Option<&[u8]> {
        self.values.file()
    }

    /// Room for one vector, to be filled by [`Rows::set_query`].
    pub(crate) fn query(dimensions: usize) -> Self {
        Self::zeroed(dimensions, 1)
    }

    fn zeroed(dimensions: usize, count: usize) -> Self {
        let stride = dimensions.next_multiple_of(LINE);
        let values = Storage::of(vec![0.0; count * stride + LINE]);
        let offset = match values.as_ptr().align_offset(LINE * size_of::<f32>()) {
            offset if offset < LINE => offset,
            _ => 0, // unaligned rows are slower, not wrong
        };
        Self {
            dimensions,
            stride,
            offset,
            values,
        }
    }

    /// Puts `query` into the first row.
    ///
    /// # Errors
    /// It has other dimensions, or cannot be compared by `metric`.
    #[inline]
    pub(crate) fn set_query(&mut self, query: &[f32], metric: Metric) -> Result<(), EngineError> {
        if query.len() != self.dimensions {
            return Err(EngineError::Dimensions {
                expected: self.dimensions,
                found: query.len(),
            });
        }
        let Some(row) = self.row_mut(0) else {
            return Err(EngineError::Engine("a file holds no queries".to_owned()));
        };
        row[..query.len()].copy_from_slice(query);
        prepare(row, metric).map_err(|what| EngineError::Query(None, what))
    }

    /// The padded vector `id`.
    #[inline(always)]
    pub(crate) fn row(&self, id: u32) -> &[f32] {
        &self.values[self.offset + id as usize * self.stride..][..self.stride]
    }

    fn row_mut(&mut self, id: usize) -> Option<&mut [f32]> {
        let values = self.values.values_mut()?;
        Some(&mut values[self.offset + id * self.stride..][..self.stride])
    }

    /// Values in each vector, without padding.
    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Vectors.
    pub(crate) fn len(&self) -> usize {
        (self.values.len() - LINE) / self.stride
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> u64 {
        size_of_val(&*self.values) as u64
    }
}

/// Checks that `metric` can compare `row`, and makes it of unit length where directions are compared.
fn prepare(row: &mut [f32], metric: Metric) -> Result<(), &'static str> {
    let length = check(row, metric)?;
    if metric == Metric::Cosine {
        for value in row {
            *value = (f64::from(*value) / length) as f32;
        }
    }
    Ok(())
}

/// The length of `row`, if `metric` can compare it; else what is wrong and what to do.
pub(crate) fn check(row: &[f32], metric: Metric) -> Result<f64, &'static str> {
    let squared: f64 = row
        .iter()
        .map(|&value| f64::from(value) * f64::from(value))
        .sum();
    if !squared.is_finite() {
        Err("a value is not finite; remove the vector or repair it")
    } else if squared > f64::from(f32::MAX) {
        Err(
            "its squared length exceeds what 32-bit floating point can hold; scale the vectors down",
        )
    } else if squared == 0.0 && metric == Metric::Cosine {
        Err(
            "a zero vector has no direction to compare by cosine; remove it or choose another metric",
        )
    } else {
        Ok(squared.sqrt())
    }
}
