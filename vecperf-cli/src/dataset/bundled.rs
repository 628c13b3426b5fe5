//! The data inside the command: an installed `vecperf` needs nothing else for its first run.

use vecperf::{Error, ErrorKind, Result};
use vecperf_engines::{GroundTruth, Metric, Vectors};

/// A data set that is part of the command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bundled {
    /// As given to `--dataset`.
    pub(crate) name: &'static str,
    /// What it is, its licence.
    pub(crate) description: &'static str,
    /// The metric of its ground truth.
    pub(crate) metric: Metric,
    base: &'static [u8],
    queries: &'static [u8],
    neighbors: &'static [u8],
    distances: &'static [u8],
}

/// All of them; the first is what `vecperf bench` uses when nothing is said.
pub(crate) const ALL: &[Bundled] = &[Bundled {
    name: "glove-50",
    description: "25,000 GloVe 6B word vectors of 50 dimensions, unit length; 1,000 queries; exact top 100 by inner product. \
                  Public domain (PDDL 1.0)",
    metric: Metric::InnerProduct,
    base: include_bytes!("../../data/glove-50/base.fbin"),
    queries: include_bytes!("../../data/glove-50/queries.fbin"),
    neighbors: include_bytes!("../../data/glove-50/groundtruth.ibin"),
    distances: include_bytes!("../../data/glove-50/groundtruth_distances.fbin"),
}];

/// The bundled data set called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Bundled> {
    ALL.iter().find(|bundled| bundled.name == name)
}

impl Bundled {
    /// Its base vectors.
    pub(crate) fn base(&self) -> Result<Vectors> {
        self.vectors(self.base)
    }

    /// Its queries.
    pub(crate) fn queries(&self) -> Result<Vectors> {
        self.vectors(self.queries)
    }

    /// The exact neighbours of its queries in all of its base.
    pub(crate) fn truth(&self) -> Result<GroundTruth> {
        let (k, ids) = words(self.neighbors).ok_or_else(|| self.damaged())?;
        let (_, distances) = words(self.distances).ok_or_else(|| self.damaged())?;
        Ok(GroundTruth {
            k,
            ids: ids.map(u32::from_le_bytes).collect(),
            distances: distances.map(f32::from_le_bytes).collect(),
        })
    }

    fn vectors(&self, file: &'static [u8]) -> Result<Vectors> {
        words(file)
            .and_then(|(dimensions, values)| {
                Vectors::new(dimensions, values.map(f32::from_le_bytes).collect())
            })
            .ok_or_else(|| self.damaged())
    }

    fn damaged(&self) -> Error {
        Error::new(
            ErrorKind::Data,
            format!(
                "the bundled data set {} is damaged: build the command again",
                self.name
            ),
        )
    }
}

/// The row length of a `.fbin` or `.ibin` file (rows, row length, values; all 32-bit little-endian) and its values.
fn words(file: &'static [u8]) -> Option<(usize, impl Iterator<Item = [u8; 4]>)> {
    let (words, []) = file.as_chunks::<4>() else {
        return None;
    };
    let ([rows, columns], values) = words.split_first_chunk()?;
    let (rows, columns) = (
        u32::from_le_bytes(*rows) as usize,
        u32::from_le_bytes(*columns) as usize,
    );
    (rows * columns == values.len()).then(|| (columns, values.iter().copied()))
}
