//! Exact search: every vector is compared with the query.

mod file;
mod flat;
mod ground_truth;
mod shortlist;

pub use flat::{Exact, ExactSearcher};
pub use ground_truth::{GroundTruth, ground_truth};
