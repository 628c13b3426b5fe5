//! The vectors of an exact index in a file, laid out to be mapped and compared in place: a page that says what they are,
//! then the rows, padded as in memory. A file of this machine for this machine, not for exchange.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use memmap2::Mmap;

use super::Exact;
use crate::distance::{Kernel, Rows};
use crate::{EngineError, Metric};

/// What such a file begins with.
const MAGIC: &[u8; 16] = b"vecperf exact 1\n";

/// Where the rows start: a page, so that they keep their cache lines.
const START: usize = 4096;

/// As the machine that wrote it stores a number: a machine that stores them otherwise does not find its own.
const ORDER: f32 = 1.5;

impl Exact {
    pub(super) fn write(&self, path: &Path) -> Result<(), EngineError> {
        self.write_to(path)
            .map_err(|error| EngineError::File(path.to_owned(), "cannot be written", error))
    }

    fn write_to(&self, path: &Path) -> io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        let mut header = Vec::with_capacity(START);
        header.extend_from_slice(MAGIC);
        let metric = METRICS.iter().position(|it| *it == self.metric);
        let numbers = [self.rows.dimensions(), self.rows.len(), metric.unwrap_or(0)];
        for number in numbers {
            header.extend_from_slice(&(number as u64).to_ne_bytes());
        }
        header.extend_from_slice(&ORDER.to_ne_bytes());
        header.resize(START, 0);
        file.write_all(&header)?;
        self.rows.write(&mut file)?;
        file.flush()
    }

    /// The index that [`Index::save`](crate::Index::save) wrote to this file, served from there: a vector takes memory once
    /// it is compared, and the system may take it back. The file must not be changed or cut off meanwhile; to delete it is
    /// fine. Costs no time by the vector.
    ///
    /// # Errors
    /// The file cannot be read or mapped, or is none of those.
    pub fn open(path: &Path) -> Result<Self, EngineError> {
        let unreadable = |error| EngineError::File(path.to_owned(), "cannot be read", error);
        let file = File::open(path).map_err(unreadable)?;
        // SAFETY: nothing but its bytes, any of which are valid, is taken from it; that nobody cuts it off is asked of the
        // caller.
        let file = unsafe { Mmap::map(&file) }.map_err(unreadable)?;
        Self::of_file(file).ok_or_else(|| {
            unreadable(io::Error::new(
                io::ErrorKind::InvalidData,
                "no index of the engine exact, or one of another machine",
            ))
        })
    }

    fn of_file(file: Mmap) -> Option<Self> {
        let header = file.get(..START)?.strip_prefix(MAGIC)?;
        let (dimensions, header) = number(header)?;
        let (count, header) = number(header)?;
        let (metric, header) = number(header)?;
        let order = header.get(..size_of::<f32>())? == ORDER.to_ne_bytes();
        let metric = *METRICS.get(metric)?;
        let rows = Rows::mapped(file, START, dimensions).filter(|rows| rows.len() == count)?;
        order.then(|| Self {
            rows,
            metric,
            kernel: Kernel::new(metric),
        })
    }
}

/// By their numbers in a file.
const METRICS: [Metric; 3] = [Metric::L2, Metric::Cosine, Metric::InnerProduct];

fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    Some((usize::try_from(u64::from_ne_bytes(*number)).ok()?, rest))
}
