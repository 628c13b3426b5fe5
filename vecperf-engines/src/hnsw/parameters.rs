//! How a graph is built.

use crate::EngineError;

/// How an [`Hnsw`](super::Hnsw) graph is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HnswParameters {
    /// Links per node on the upper layers, 2 to 128; the lowest layer has room for twice as many. More links: better recall
    /// at the same `ef_search`, more memory, slower hops.
    pub m: usize,
    /// Candidates kept while a new node looks for its neighbours, 1 to 4096: recall against build time.
    pub ef_construction: usize,
    /// Seeds the highest layer of each node. On one thread the same seed and vectors give the same graph.
    pub seed: u64,
    /// Threads that build, 1 to 1024.
    pub threads: usize,
}

impl Default for HnswParameters {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            m: 16,
            ef_construction: 200,
            seed: 42,
            threads,
        }
    }
}

impl HnswParameters {
    /// # Errors
    /// The first parameter out of its range, with the range.
    pub(crate) fn validate(&self) -> Result<(), EngineError> {
        let within = |name, value: usize, range: std::ops::RangeInclusive<usize>, allowed| {
            if range.contains(&value) {
                Ok(())
            } else {
                Err(EngineError::Parameter(name, value.to_string(), allowed))
            }
        };
        within("m", self.m, 2..=128, "2 to 128 links; 16 suits most data")?;
        within(
            "ef_construction",
            self.ef_construction,
            1..=4096,
            "1 to 4096 candidates; 200 suits most data",
        )?;
        within(
            "threads",
            self.threads,
            1..=1024,
            "1 to 1024 building threads",
        )
    }
}
