//! Which operations waited for storage, in the report.

use serde::{Deserialize, Serialize};

use crate::snapshot::FaultSnapshot;

/// Major page faults of a sample of the operations: whether they found their pages in memory (warm) or waited for
/// storage (cold). About one operation in 256 µs of each thread is looked at, by chance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FaultReport {
    /// Operations looked at, warm or cold.
    pub sampled: u64,
    /// Of them, with at least one major fault.
    pub cold: u64,
    /// `cold` in percent of `sampled`.
    pub cold_percent: f64,
    /// Major faults of all of them.
    pub major_faults: u64,
    /// `major_faults` ÷ `sampled`.
    pub major_faults_per_operation: f64,
    /// Mean service time of the cold ones; absent when there were none.
    pub cold_mean_seconds: Option<f64>,
    /// Mean service time of the warm ones; absent when there were none.
    pub warm_mean_seconds: Option<f64>,
}

impl FaultReport {
    /// `snapshot` and its means.
    pub fn from_snapshot(snapshot: &FaultSnapshot) -> Self {
        let FaultSnapshot {
            sampled,
            cold,
            major_faults,
            ..
        } = *snapshot;
        let each = |sum: f64| sum / sampled.max(1) as f64;
        let mean = |nanos: u64, count: u64| (count > 0).then(|| nanos as f64 / 1e9 / count as f64);
        Self {
            sampled,
            cold,
            cold_percent: each(100.0 * cold as f64),
            major_faults,
            major_faults_per_operation: each(major_faults as f64),
            cold_mean_seconds: mean(snapshot.cold_nanos, cold),
            warm_mean_seconds: mean(snapshot.warm_nanos, sampled.saturating_sub(cold)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_over_what_they_speak_of() {
        let report = FaultReport::from_snapshot(&FaultSnapshot {
            sampled: 10,
            cold: 2,
            major_faults: 6,
            cold_nanos: 4_000_000,
            warm_nanos: 800_000,
        });
        assert_eq!(
            (report.cold_percent, report.major_faults_per_operation),
            (20.0, 0.6)
        );
        assert_eq!(
            (report.cold_mean_seconds, report.warm_mean_seconds),
            (Some(2e-3), Some(1e-4))
        );
        let none = FaultReport::from_snapshot(&FaultSnapshot::default());
        assert_eq!(
            (
                none.cold_percent,
                none.cold_mean_seconds,
                none.warm_mean_seconds
            ),
            (0.0, None, None)
        );
    }
}
