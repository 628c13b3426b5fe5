//! Why a back end does not run.

use super::options::BackEnd;

/// Why a back end does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The back end.
    pub back_end: BackEnd,
    /// What was tried and what the system answered.
    pub reason: String,
    /// What to change to get it; empty when nothing helps.
    pub remedy: String,
}
