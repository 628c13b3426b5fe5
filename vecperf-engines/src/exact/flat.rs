//! The index without an index: a scan of all vectors for each query.

use std::collections::BinaryHeap;
use std::path::Path;

use crate::distance::{Kernel, Rows};
use crate::{
    EngineError, Index, Metric, Neighbor, SearchParameters, Searcher, Vectors, Work, ranking,
};

/// Rows compared between two looks at the heap: their distances stay in the nearest cache.
const BLOCK: u32 = 256;

/// All vectors, to be compared with each query one by one. Exact up to the rounding of 32-bit sums.
#[derive(Debug)]
pub struct Exact {
    pub(super) rows: Rows,
    pub(super) metric: Metric,
    pub(super) kernel: Kernel,
}

impl Exact {
    /// Copies `vectors`.
    ///
    /// # Errors
    /// A row that `metric` cannot compare: not finite, or zero under [`Metric::Cosine`].
    pub fn new(vectors: &Vectors, metric: Metric) -> Result<Self, EngineError> {
        let count = u32::try_from(vectors.len()).map_err(|_| {
            EngineError::Parameter(
                "vectors",
                vectors.len().to_string(),
                "fewer than 4294967296",
            )
        })?;
        let rows = Rows::copy(vectors, metric, 0..count)?;
        Ok(Self {
            rows,
            metric,
            kernel: Kernel::new(metric),
        })
    }
}

impl Index for Exact {
    fn engine(&self) -> &'static str {
        "exact"
    }
    fn len(&self) -> usize {
        self.rows.len()
    }
    fn dimensions(&self) -> usize {
        self.rows.dimensions()
    }
    fn metric(&self) -> Metric {
        self.metric
    }
    fn memory(&self) -> Vec<(&'static str, u64)> {
        vec![("vectors", self.rows.bytes())]
    }
    fn save(&self, file: &Path) -> Result<(), EngineError> {
        self.write(file)
    }
    fn mapped(&self) -> Option<&[u8]> {
        self.rows.file()
    }
    fn searcher(&self) -> Box<dyn Searcher + '_> {
        Box::new(ExactSearcher {
            index: self,
            query: Rows::query(self.rows.dimensions()),
            ids: Vec::new(),
            distances: Vec::new(),
            nearest: BinaryHeap::new(),
            found: Vec::new(),
        })
    }
}

/// Scans an [`Exact`] index from one thread.
#[derive(Debug)]
pub struct ExactSearcher<'a> {
    index: &'a Exact,
    query: Rows,
    ids: Vec<u32>,
    distances: Vec<f32>,
    /// The `k` nearest so far, the farthest on top: distance above, row below.
    nearest: BinaryHeap<u64>,
    found: Vec<Neighbor>,
}

impl Searcher for ExactSearcher<'_> {
    fn search(
        &mut self,
        query: &[f32],
        parameters: SearchParameters,
    ) -> Result<&[Neighbor], EngineError> {
        let Self {
            index,
            query: prepared,
            ids,
            distances,
            nearest,
            found,
        } = self;
        let Exact {
            rows,
            metric,
            kernel,
        } = index;
        prepared.set_query(query, *metric)?;
        nearest.clear();
        let count = rows.len() as u32;
        for start in (0..count).step_by(BLOCK as usize) {
            ids.clear();
            ids.extend(start..start.saturating_add(BLOCK).min(count));
            kernel.distances(prepared.row(0), rows, ids, distances);
            for (&id, &distance) in ids.iter().zip(&*distances) {
                keep(
                    nearest,
                    parameters.k,
                    u64::from(ranking::ordered(distance)) << 32 | u64::from(id),
                );
            }
        }
        found.clear();
        found.extend(nearest.drain().map(|entry| Neighbor {
            id: entry as u32,
            distance: ranking::distance((entry >> 32) as u32),
        }));
        found.sort_unstable_by_key(|neighbor| (ranking::ordered(neighbor.distance), neighbor.id));
        Ok(found)
    }

    fn work(&self) -> Work {
        let all = self.index.rows.len() as u64;
        Work {
            distance_computations: Some(all),
            hops: Some(0),
            visited: Some(all),
            layers: Some(0),
        }
    }
}

/// Keeps the `k` smallest entries in `nearest`.
#[inline(always)]
fn keep(nearest: &mut BinaryHeap<u64>, k: usize, entry: u64) {
    if nearest.len() < k {
        nearest.push(entry);
    } else if let Some(mut farthest) = nearest.peek_mut().filter(|farthest| entry < **farthest) {
        *farthest = entry;
    }
}
