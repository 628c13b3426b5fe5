//! The vector search engines that vecperf watches.

mod distance;
mod engine;
mod exact;
mod hnsw;
mod kind;
mod monitored;
mod ranking;
mod vectors;

pub use distance::{InstructionSet, Kernel};
pub use engine::{EngineError, Index, Metric, Neighbor, SearchParameters, Searcher, Work};
pub use exact::{Exact, ExactSearcher, GroundTruth, ground_truth};
pub use hnsw::{Hnsw, HnswParameters, HnswSearcher};
pub use kind::{BuildParameters, EngineKind, Quantization, build};
pub use monitored::Monitored;
pub use vectors::Vectors;
