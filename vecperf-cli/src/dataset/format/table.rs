//! A file of rows: its layout, held against its length, and its values.

use std::ops::Range;
use std::path::Path;

use vecperf::{Error, ErrorKind, Result};
use vecperf_engines::Vectors;

use super::input::Input;
use super::{Element, Format, MAX_DIMENSIONS, columns, npy, rows};
use crate::dataset::{Progress, Quiet, check};

/// Bytes read at once, about.
const BLOCK: usize = 1 << 20;

/// Where the rows of a file lie, as its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) rows: u64,
    pub(super) dimensions: u64,
    pub(super) element: Element,
    /// Where the first row begins.
    pub(super) offset: u64,
    /// Bytes before each row, which repeat the number of dimensions.
    pub(super) prefix: u64,
    /// Bytes after the last row that are meant to be there.
    pub(super) tail: u64,
    pub(super) order: Order,
}

/// Which values lie side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Those of a row.
    Rows,
    /// Those of a dimension (NumPy's Fortran order).
    Columns,
}

/// An open file whose header agrees with its length.
#[derive(Debug)]
pub(crate) struct Table {
    input: Input,
    layout: Layout,
}

/// Neighbour ids, `k` a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ids {
    /// Ids a row.
    pub(crate) k: usize,
    /// Row after row; what is beyond 32 bits or negative is beyond every data set.
    pub(crate) ids: Vec<u32>,
}

impl Table {
    /// Opens a file of vectors or ids, by its extension.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it cannot be read, [`ErrorKind::Data`] when header and length disagree, there are no rows, or no
    /// or too many dimensions.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let format = Format::of(path).ok_or_else(|| super::unknown(path))?;
        let mut input = Input::open(path)?;
        let layout = match format {
            Format::Bin(element) => rows::bin(&mut input, element)?,
            Format::Vecs(element) => rows::vecs(&mut input, element)?,
            Format::Npy => npy::layout(&mut input)?,
            Format::Hdf5 => {
                return Err(input.wrong(
                    "is HDF5",
                    "one table of rows",
                    "Give the file as --dataset",
                ));
            }
        };
        layout.hold_against(&input)?;
        Ok(Self { input, layout })
    }

    /// Rows in the file: at least 1, at most 2³² − 1.
    pub(crate) fn rows(&self) -> usize {
        self.layout.rows as usize
    }

    /// Values in a row: 1 to [`MAX_DIMENSIONS`].
    pub(crate) fn dimensions(&self) -> usize {
        self.layout.dimensions as usize
    }

    /// The rows of `range` (what the file has of it) as vectors, all finite.
    ///
    /// # Errors
    /// The file holds ids, or a value that is no finite 32-bit float; a row of other dimensions; memory.
    pub(crate) fn vectors(
        &mut self,
        range: Range<usize>,
        progress: &dyn Progress,
    ) -> Result<Vectors> {
        let Layout { element, order, .. } = self.layout;
        if element.is_id() {
            let found = format!("holds {}", element.name());
            return Err(self.input.wrong(
                found,
                "coordinates",
                "Neighbour ids are given as --truth",
            ));
        }
        let range = range.start.min(self.rows())..range.end.min(self.rows());
        let mut values = self.reserve(range.len())?;
        progress.begin("load", range.len() as u64);
        let take = |bytes: &[u8]| element.coordinates(bytes, &mut values);
        match order {
            Order::Rows => self.blocks(range.clone(), progress, take)?,
            Order::Columns => columns::read(
                &mut self.input,
                &self.layout,
                range.clone(),
                &mut values,
                progress,
            )?,
        }
        let vectors = Vectors::new(self.dimensions(), values).ok_or_else(|| {
            self.input
                .wrong("changed while it was read", "a file at rest", "Try again")
        })?;
        check::finite(
            &vectors,
            &self.input.path().display().to_string(),
            range.start,
        )?;
        Ok(vectors)
    }

    /// All rows as neighbour ids.
    ///
    /// # Errors
    /// The file holds coordinates; a row of other length; memory.
    pub(crate) fn ids(&mut self) -> Result<Ids> {
        let Layout { element, order, .. } = self.layout;
        if !element.is_id() || order == Order::Columns {
            let found = if element.is_id() {
                "holds ids in Fortran order"
            } else {
                "holds coordinates"
            };
            return Err(self.input.wrong(
                found,
                "rows of 32- or 64-bit neighbour ids",
                "A ground truth is an .ibin, .ivecs or .npy of integers",
            ));
        }
        let rows = self.rows();
        let mut ids = self.reserve(rows)?;
        self.blocks(0..rows, &Quiet, |bytes| element.ids(bytes, &mut ids))?;
        Ok(Ids {
            k: self.dimensions(),
            ids,
        })
    }

    /// Space for `rows` rows. The length of the file has justified it, but memory may still be short.
    fn reserve<T>(&self, rows: usize) -> Result<Vec<T>> {
        let mut space = Vec::new();
        space
            .try_reserve_exact(rows.saturating_mul(self.dimensions()))
            .map_err(|error| {
                let need = (rows as u64)
                    .saturating_mul(self.layout.dimensions)
                    .saturating_mul(4)
                    >> 20;
                let message = format!(
                    "{}: {rows} rows need {need} MiB of memory. Take fewer with --limit",
                    self.input.path().display()
                );
                Error::new(ErrorKind::Unavailable, message).because(error)
            })?;
        Ok(space)
    }

    /// Hands the bytes of each row of `range` to `take`, without their prefix.
    fn blocks(
        &mut self,
        range: Range<usize>,
        progress: &dyn Progress,
        mut take: impl FnMut(&[u8]),
    ) -> Result<()> {
        let prefix = self.layout.prefix as usize;
        let stride = self.layout.stride() as usize;
        let at_once = (BLOCK / stride).clamp(1, range.len().max(1));
        let mut block = vec![0; at_once * stride];
        for first in range.clone().step_by(at_once) {
            let block = &mut block[..at_once.min(range.end - first) * stride];
            self.input
                .read(self.layout.offset + first as u64 * stride as u64, block)?;
            for (row, bytes) in (first..).zip(block.chunks_exact(stride)) {
                let (before, values) = bytes.split_at(prefix);
                self.agrees(row, before)?;
                take(values);
            }
            progress.advance((block.len() / stride) as u64);
        }
        Ok(())
    }

    /// Refuses a row that announces other dimensions than the first.
    fn agrees(&self, row: usize, before: &[u8]) -> Result<()> {
        let &[a, b, c, d] = before else {
            return Ok(());
        };
        let found = u32::from_le_bytes([a, b, c, d]);
        if u64::from(found) == self.layout.dimensions {
            return Ok(());
        }
        let expected = format!("{}, as row 0 says", self.layout.dimensions);
        Err(self.input.wrong(
            format_args!("row {row} announces {found} dimensions"),
            expected,
            "The file is damaged: get it again",
        ))
    }
}

impl Layout {
    /// Bytes from row to row.
    fn stride(&self) -> u64 {
        self.prefix + self.dimensions * self.element.size() as u64
    }

    /// Refuses what the file cannot hold, before anything is allocated for it.
    fn hold_against(&self, input: &Input) -> Result<()> {
        let Self {
            rows, dimensions, ..
        } = *self;
        if dimensions == 0 || dimensions > MAX_DIMENSIONS {
            let expected = format!("1 to {MAX_DIMENSIONS}");
            return Err(input.wrong(
                format_args!("announces {dimensions} dimensions"),
                expected,
                "The header is damaged, or the file is of another format",
            ));
        }
        if rows == 0 || rows > u64::from(u32::MAX) {
            let expected = format!("1 to {}", u32::MAX);
            return Err(input.wrong(
                format_args!("announces {rows} rows"),
                expected,
                "Take a file with vectors in it, at most 2³² − 1",
            ));
        }
        let announced = u128::from(self.offset)
            + u128::from(rows) * u128::from(self.stride())
            + u128::from(self.tail);
        let held = u128::from(input.length());
        let expected = format!(
            "{announced} bytes for {rows} rows of {dimensions} {}",
            self.element.name()
        );
        match held.cmp(&announced) {
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Less => {
                let remedy = "The file is truncated or its header damaged: get it again";
                Err(input.wrong(format_args!("holds {held} bytes"), expected, remedy))
            }
            std::cmp::Ordering::Greater => {
                let remedy = "Too long a file is another format, or damaged: get it again";
                Err(input.wrong(format_args!("holds {held} bytes"), expected, remedy))
            }
        }
    }
}
