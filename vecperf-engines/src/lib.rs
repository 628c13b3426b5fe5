//! The vector search engines that vecperf watches.

mod distance;
mod engine;
mod exact;
mod hnsw;
mod insert;
mod kind;
mod monitored;
mod ranking;
#[cfg(feature = "usearch")]
mod usearch;
mod vectors;

pub use distance::{InstructionSet, Kernel};
pub use engine::{EngineError, Index, Metric, Neighbor, SearchParameters, Searcher, Work};
pub use exact::{Exact, ExactSearcher, GroundTruth, ground_truth};
pub use hnsw::{Hnsw, HnswParameters, HnswSearcher};
pub use kind::{BuildParameters, EngineKind, Quantization, build, open};
pub use monitored::Monitored;
#[cfg(feature = "usearch")]
pub use usearch::Usearch;
pub use vectors::Vectors;
