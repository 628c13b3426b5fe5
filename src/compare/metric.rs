//! What is compared, and which way is worse.

use serde::{Deserialize, Serialize};

/// A metric of an operation, or of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Median latency, seconds.
    LatencyP50,
    /// 99th percentile of latency, seconds.
    LatencyP99,
    /// Mean latency, seconds.
    LatencyMean,
    /// Operations per second.
    Throughput,
    /// Mean recall@k, 0 to 1.
    Recall,
    /// Share of operations that ended in an error, 0 to 1.
    Errors,
    /// CPU seconds of the process an operation.
    CpuPerOperation,
    /// Allocations an operation.
    Allocations,
    /// Peak of anonymous and swapped memory, bytes.
    PeakMemory,
}

impl Metric {
    /// True when more is better.
    pub const fn more_is_better(self) -> bool {
        matches!(self, Self::Throughput | Self::Recall)
    }

    /// True for what the clock on the wall tells: it holds the time that others took, too.
    pub(super) const fn is_of_the_wall(self) -> bool {
        matches!(
            self,
            Self::LatencyP50 | Self::LatencyP99 | Self::LatencyMean | Self::Throughput
        )
    }

    /// True for a share, whose change is a difference and not a ratio.
    pub const fn is_share(self) -> bool {
        matches!(self, Self::Recall | Self::Errors)
    }

    /// What a change is told relative to at least: one allocation more where there was none is no infinite growth.
    pub(super) const fn floor(self) -> f64 {
        match self {
            Self::Allocations => 1.0,
            Self::PeakMemory => (16 << 20) as f64,
            _ => 0.0,
        }
    }
}
