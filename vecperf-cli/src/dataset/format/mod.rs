//! Files of vectors and of neighbour ids.
//!
//! Each format only says where the rows lie (a [`Layout`](table::Layout)), and the [`Table`] holds that against the length of the file before
//! anything is allocated: a header cannot ask for more than the file justifies. HDF5 is apart, it brings its own reader.

mod columns;
mod element;
#[cfg(feature = "hdf5")]
mod hdf5;
mod input;
#[cfg(test)]
mod mutations;
mod npy;
mod rows;
mod table;
#[cfg(test)]
mod tests;

use std::path::Path;

use vecperf::{Error, ErrorKind, Result};
use vecperf_engines::{Metric, Vectors};

use element::Element;

use super::Progress;

pub(crate) use table::{Ids, Table};

/// A vector has no more dimensions than this: a larger number is a damaged header.
pub(crate) const MAX_DIMENSIONS: u64 = 65_536;

/// What `vecperf dataset list` says about files.
pub(crate) const ACCEPTED: &[(&str, &str)] = &[
    (
        ".fbin .u8bin .i8bin .ibin",
        "rows and dimensions (32-bit), then the values: big-ann-benchmarks",
    ),
    (
        ".fvecs .bvecs .ivecs",
        "dimensions (32-bit) before each row: TEXMEX, SIFT1M",
    ),
    (
        ".npy",
        "a two-dimensional NumPy array of f2, f4, f8, i1 or u1; C or Fortran order",
    ),
    (
        ".hdf5 .h5",
        "ann-benchmarks: train, test, neighbors; in a build with `--features hdf5`",
    ),
];

/// How a file is laid out, by its extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// `.fbin` and kin.
    Bin(Element),
    /// `.fvecs` and kin.
    Vecs(Element),
    /// `.npy`.
    Npy,
    /// ann-benchmarks' HDF5.
    Hdf5,
}

impl Format {
    /// The format that `path`'s extension names.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        Some(
            match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
                "fbin" => Self::Bin(Element::F32),
                "u8bin" => Self::Bin(Element::U8),
                "i8bin" => Self::Bin(Element::I8),
                "ibin" => Self::Bin(Element::U32),
                "fvecs" => Self::Vecs(Element::F32),
                "bvecs" => Self::Vecs(Element::U8),
                "ivecs" => Self::Vecs(Element::U32),
                "npy" => Self::Npy,
                "hdf5" | "h5" => Self::Hdf5,
                _ => return None,
            },
        )
    }
}

/// Everything an ann-benchmarks file holds.
#[derive(Debug)]
pub(crate) struct Bundle {
    /// `train`, the first rows asked for.
    pub(crate) base: Vectors,
    /// `test`.
    pub(crate) queries: Vectors,
    /// The attribute `distance`.
    pub(crate) metric: Option<Metric>,
    /// Rows of `train`.
    pub(crate) rows: usize,
    /// `neighbors`.
    pub(crate) neighbors: Option<Ids>,
}

/// Reads an ann-benchmarks file: all of it, or the first `limit` rows of `train`.
///
/// # Errors
/// [`ErrorKind::Data`] naming file, what was found, what was expected and what to do; [`ErrorKind::Unavailable`] in a build
/// without the feature `hdf5`.
pub(crate) fn read_hdf5(
    path: &Path,
    limit: Option<usize>,
    progress: &dyn Progress,
) -> Result<Bundle> {
    #[cfg(feature = "hdf5")]
    return hdf5::read(path, limit, progress);
    #[cfg(not(feature = "hdf5"))]
    {
        let _ = (limit, progress);
        let advice = "this vecperf was built without HDF5. Build it with `--features hdf5`, or convert the file to .fbin";
        Err(Error::new(
            ErrorKind::Unavailable,
            format!("{}: {advice}", path.display()),
        ))
    }
}

/// A file whose extension says nothing to us.
pub(crate) fn unknown(path: &Path) -> Error {
    let known: Vec<&str> = ACCEPTED.iter().map(|(extensions, _)| *extensions).collect();
    Error::new(
        ErrorKind::Data,
        format!(
            "{}: unknown format. Expected is a file that ends in {}",
            path.display(),
            known.join(" ")
        ),
    )
}
