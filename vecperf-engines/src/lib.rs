//! The vector search engines that vecperf watches.

mod engine;
mod vectors;

pub use engine::{EngineError, Index, Metric, Neighbor, SearchParameters, Searcher, Work};
pub use vectors::Vectors;
