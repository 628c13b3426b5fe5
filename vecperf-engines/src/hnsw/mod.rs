//! Our white-box HNSW: a graph index that tells what each query did.
//!
//! Hierarchical navigable small worlds (Malkov & Yashunin, 2016, <https://arxiv.org/abs/1603.09320>) in flat memory. It is
//! here to be watched: work counters per query, memory by component, deterministic by seed on one thread. It holds what it
//! was built of: there are no deletes, no updates and no files.

mod build;
mod candidates;
mod graph;
mod parameters;
mod search;
mod select;
mod twins;
mod visited;
mod walk;

use vecperf::Monitor;

use crate::distance::{Kernel, Rows};
use crate::{EngineError, Index, Metric, Searcher, Vectors};
use build::Builder;
use graph::Graph;
use twins::Twins;

pub use parameters::HnswParameters;
pub use search::HnswSearcher;

/// A built HNSW graph with its vectors; immutable, so any number of threads may search it.
#[derive(Debug)]
pub struct Hnsw {
    rows: Rows,
    metric: Metric,
    kernel: Kernel,
    graph: Graph<u32>,
    /// The row of each node in the vectors it was built of.
    order: Vec<u32>,
    twins: Twins,
    /// Vectors it was built of.
    vectors: usize,
}

impl Hnsw {
    /// Builds the graph of `vectors`. Each insert is an operation `insert` of `monitor`, with its
    /// `distance_computations`; `progress` is called with the number of vectors inserted since its last call.
    ///
    /// # Errors
    /// A parameter out of range, or a row that `metric` cannot compare: not finite, or zero under [`Metric::Cosine`].
    pub fn build(
        vectors: &Vectors,
        metric: Metric,
        parameters: &HnswParameters,
        monitor: &Monitor,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<Self, EngineError> {
        let builder = Builder::new(vectors, metric, parameters)?;
        builder.run(monitor, progress)?;
        Ok(builder.finish())
    }

    /// A searcher that counts its work (`COUNTED`) or does not; there to measure what counting costs.
    pub fn searcher_counting<const COUNTED: bool>(&self) -> HnswSearcher<'_, COUNTED> {
        HnswSearcher::new(self)
    }
}

impl Index for Hnsw {
    fn engine(&self) -> &'static str {
        "hnsw"
    }
    fn len(&self) -> usize {
        self.vectors
    }
    fn dimensions(&self) -> usize {
        self.rows.dimensions()
    }
    fn metric(&self) -> Metric {
        self.metric
    }
    fn memory(&self) -> Vec<(&'static str, u64)> {
        let upper = self
            .graph
            .layers
            .iter()
            .skip(1)
            .map(graph::Layer::bytes)
            .sum();
        vec![
            ("vectors", self.rows.bytes()),
            (
                "links_layer_0",
                self.graph.layers.first().map_or(0, graph::Layer::bytes),
            ),
            ("links_upper_layers", upper),
            ("row_numbers", size_of_val(self.order.as_slice()) as u64),
        ]
    }
    fn searcher(&self) -> Box<dyn Searcher + '_> {
        Box::new(self.searcher_counting::<true>())
    }
}
