//! The vector search engines that vecperf watches.

mod engine;
mod exact;
mod kind;
mod vectors;

pub use engine::{EngineError, Index, Metric, Neighbor, SearchParameters, Searcher, Work};
pub use exact::{GroundTruth, ground_truth};
pub use kind::{BuildParameters, EngineKind, Quantization, build};
pub use vectors::Vectors;
