//! ann-benchmarks' HDF5 files: `train`, `test`, `neighbors`, and the attribute `distance`.

use std::path::Path;

use hdf5_pure::{AttrValue, DType, Dataset, File};
use vecperf::{Error, ErrorKind, Result};
use vecperf_engines::{Metric, Vectors};

use super::input::Input;
use super::{Bundle, Ids, MAX_DIMENSIONS};
use crate::dataset::{Progress, Quiet, check};

/// Values decoded at once, about.
const AT_ONCE: u64 = 1 << 20;

/// The most that deflate can compress: 258 bytes to two bits.
const MAX_RATIO: u64 = 1032;

/// See [`super::read_hdf5`].
pub(super) fn read(path: &Path, limit: Option<usize>, progress: &dyn Progress) -> Result<Bundle> {
    let input = Input::open(path)?;
    let file = File::open_streaming(path).map_err(|error| {
        let expected = "an HDF5 file with train, test and neighbors, as ann-benchmarks makes";
        input
            .wrong(
                "cannot be opened as HDF5",
                expected,
                "It is truncated, damaged or another format: get it again",
            )
            .because(error)
    })?;
    let part = |name| Part::open(&file, &input, name);
    let limit = limit.map_or(u64::MAX, |limit| limit as u64);
    let neighbors = match file.dataset("neighbors") {
        Ok(_) => Some(part("neighbors")?.ids()?),
        Err(_) => None,
    };
    let train = part("train")?;
    Ok(Bundle {
        base: train.vectors(limit, progress)?,
        rows: train.rows as usize,
        queries: part("test")?.vectors(u64::MAX, &Quiet)?,
        metric: metric(&file, &input)?,
        neighbors,
    })
}

/// The metric that the attribute `distance` names; `None` without the attribute.
fn metric(file: &File, input: &Input) -> Result<Option<Metric>> {
    let attributes = file.root().attrs().unwrap_or_default();
    let name = match attributes.get("distance") {
        Some(AttrValue::String(name) | AttrValue::AsciiString(name)) => name,
        _ => return Ok(None),
    };
    match name.trim_end_matches('\0') {
        "angular" | "cosine" => Ok(Some(Metric::Cosine)),
        "euclidean" | "l2" => Ok(Some(Metric::L2)),
        "dot" | "ip" => Ok(Some(Metric::InnerProduct)),
        other => {
            let found = format!("holds vectors to be compared by the distance {other:?}");
            Err(input.wrong(
                found,
                "angular, euclidean or dot",
                "Other distances are not supported",
            ))
        }
    }
}

/// One two-dimensional data set of the file.
struct Part<'a> {
    input: &'a Input,
    name: &'static str,
    data: Dataset,
    rows: u64,
    columns: u64,
}

impl<'a> Part<'a> {
    /// Opens it and holds its shape against the length of the file.
    fn open(file: &File, input: &'a Input, name: &'static str) -> Result<Self> {
        let missing = |error| {
            let found = format!("has no readable data set {name:?}");
            input
                .wrong(
                    found,
                    "train, test and neighbors",
                    "ann-benchmarks' dense data sets have them",
                )
                .because(error)
        };
        let data = file.dataset(name).map_err(missing)?;
        let shape = data.shape().map_err(missing)?;
        let size = data.element_size().map_err(missing)?;
        let &[rows, columns] = shape.as_slice() else {
            return Err(input.wrong(
                format_args!("{name} has the shape {shape:?}"),
                "rows and columns",
                "Sparse data are not supported",
            ));
        };
        if rows == 0 || rows > u64::from(u32::MAX) || columns == 0 || columns > MAX_DIMENSIONS {
            let found = format!("{name} has {rows} rows of {columns} values");
            let expected = format!("1 to {} rows of 1 to {MAX_DIMENSIONS} values", u32::MAX);
            return Err(input.wrong(found, expected, "The file is damaged: get it again"));
        }
        let ratio = if data.is_chunked() { MAX_RATIO } else { 1 };
        let (need, most) = (
            u128::from(rows) * u128::from(columns * size),
            u128::from(input.length()) * u128::from(ratio),
        );
        if need > most {
            let found = format!("{name} announces {need} bytes");
            return Err(input.wrong(
                found,
                format_args!("at most {most} in a file of this length"),
                "The file is truncated or damaged: get it again",
            ));
        }
        Ok(Self {
            input,
            name,
            data,
            rows,
            columns,
        })
    }

    fn vectors(&self, limit: u64, progress: &dyn Progress) -> Result<Vectors> {
        if !matches!(
            self.data.dtype(),
            Ok(DType::F32 | DType::F64 | DType::I8 | DType::U8)
        ) {
            return Err(self.wrong_type("floats or bytes"));
        }
        let rows = limit.min(self.rows);
        progress.begin("load", rows);
        let values = self.collect(rows, progress, |first, count| {
            self.data.read_f32_rows(first, count)
        })?;
        let vectors = Vectors::new(self.columns as usize, values)
            .ok_or_else(|| self.wrong_type("whole rows"))?;
        check::finite(
            &vectors,
            &format!("{} ({})", self.input.path().display(), self.name),
            0,
        )?;
        Ok(vectors)
    }

    fn ids(&self) -> Result<Ids> {
        if !matches!(
            self.data.dtype(),
            Ok(DType::I32 | DType::U32 | DType::I64 | DType::U64)
        ) {
            return Err(self.wrong_type("32- or 64-bit integers"));
        }
        let wide = self.collect(self.rows, &Quiet, |first, count| {
            self.data.read_i64_rows(first, count)
        })?;
        let ids = wide
            .into_iter()
            .map(|id| u32::try_from(id).unwrap_or(u32::MAX))
            .collect();
        Ok(Ids {
            k: self.columns as usize,
            ids,
        })
    }

    /// The first `rows` rows, a block at a time, so that memory grows with what was really there.
    fn collect<T>(
        &self,
        rows: u64,
        progress: &dyn Progress,
        read: impl Fn(u64, u64) -> Result<Vec<T>, hdf5_pure::Error>,
    ) -> Result<Vec<T>> {
        let at_once = (AT_ONCE / self.columns).max(1);
        let mut all = Vec::new();
        let mut first = 0;
        while first < rows {
            let count = at_once.min(rows - first);
            let block = read(first, count).map_err(|error| {
                let found = format!(
                    "{}: rows {first} to {} cannot be read",
                    self.name,
                    first + count - 1
                );
                self.input
                    .wrong(
                        found,
                        "the rows its header announces",
                        "The file is truncated or damaged: get it again",
                    )
                    .because(error)
            })?;
            if block.len() as u64 != count * self.columns {
                return Err(self.wrong_type("whole rows"));
            }
            all.try_reserve(block.len()).map_err(|error| {
                let message = format!(
                    "{}: no memory for {rows} rows. Take fewer with --limit",
                    self.input.path().display()
                );
                Error::new(ErrorKind::Unavailable, message).because(error)
            })?;
            all.extend(block);
            progress.advance(count);
            first += count;
        }
        Ok(all)
    }

    fn wrong_type(&self, expected: &str) -> Error {
        let found = match self.data.dtype() {
            Ok(found) => format!("{} holds {found}", self.name),
            Err(error) => format!("{}: {error}", self.name),
        };
        self.input
            .wrong(found, expected, "Convert the file, or get it again")
    }
}

#[cfg(test)]
mod tests;
