//! Exact search: every vector is compared with the query.

mod ground_truth;

pub use ground_truth::{GroundTruth, ground_truth};
