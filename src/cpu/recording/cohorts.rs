//! Cohorts: which instances of an operation are the slow ones. Decided when the profile is made.

use std::collections::HashMap;
use std::time::Duration;

use super::lengthening::Lengthening;
use super::splits::{Sums, by_operation, quantile};
use super::tally::Coarseness;
use crate::cpu::attribute::Waited;
use crate::histogram;
use crate::profile::{OperationCounts, names};

/// The cohorts in the order of [`Cohorts::NAMES`], one bit each.
pub(super) type Set = u8;

/// The latency bucket above which an instance belongs to a cohort; `None`: none does.
#[derive(Clone, Copy, Debug, Default)]
struct Bounds([Option<u16>; 4]);

/// The cohorts of all operations.
#[derive(Debug)]
pub(super) struct Cohorts {
    operations: HashMap<u32, Bounds>,
    coarseness: Coarseness,
    lengthening: Lengthening,
    pub(super) counts: OperationCounts,
}

impl Cohorts {
    pub(super) const NAMES: [&str; 4] = [
        names::ABOVE_P50,
        names::ABOVE_P90,
        names::ABOVE_P99,
        names::OVER_MAX_RESPONSE_TIME,
    ];
    const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];

    /// By the instances that were seen, as if none had been sampled; `about` tells an operation's name and its limit.
    pub(super) fn new(
        sums: &Sums,
        coarseness: Coarseness,
        lengthening: Lengthening,
        about: impl Fn(u32) -> Option<(String, Option<Duration>)>,
    ) -> Self {
        let mut cohorts = Self {
            operations: HashMap::new(),
            coarseness,
            lengthening,
            counts: OperationCounts::default(),
        };
        for (operation, buckets) in by_operation(sums) {
            let Some((name, limit)) = about(operation) else {
                continue;
            };
            let buckets = cohorts.lengthening.undone(operation, &buckets);
            let [p50, p90, p99] = Self::QUANTILES.map(|q| quantile(&buckets, q));
            let bounds = Bounds([p50, p90, p99, limit.map(bucket)]);
            cohorts.count(&name, bounds, &buckets);
            cohorts.operations.insert(operation, bounds);
        }
        cohorts
    }

    fn count(&mut self, name: &str, bounds: Bounds, buckets: &[(u16, Waited)]) {
        let above = |bound: Option<u16>| -> u64 {
            let inside = buckets
                .iter()
                .filter(|bucket| bound.is_none_or(|bound| bucket.0 > bound));
            inside.map(|bucket| bucket.1.instances).sum()
        };
        self.counts.set(name, names::ALL, above(None));
        for (cohort, bound) in Self::NAMES.into_iter().zip(bounds.0) {
            if bound.is_some() {
                self.counts.set(name, cohort, above(bound));
            }
        }
    }

    /// The cohorts of a sampled instance with this latency. Where buckets had to be joined, only those wholly above the bound
    /// are slow.
    pub(super) fn of(&self, operation: u32, bucket: u16) -> Set {
        let Some(bounds) = self.operations.get(&operation) else {
            return 0;
        };
        let bucket = self.lengthening.without(bucket);
        let above = |bound: u16| self.coarseness.of(bucket) > self.coarseness.of(bound);
        let bits = (0..).zip(bounds.0);
        bits.filter(|(_, bound)| bound.is_some_and(above))
            .fold(0, |set, (bit, _)| set | 1 << bit)
    }

    /// What a sample was seen to add to its operation.
    pub(super) fn of_a_sample(&self) -> Duration {
        Duration::from_nanos(self.lengthening.of_a_sample)
    }

    /// The names in a set.
    pub(super) fn names(set: Set) -> impl Iterator<Item = &'static str> {
        let named = (0..).zip(Self::NAMES);
        named
            .filter(move |(bit, _)| set & (1 << bit) != 0)
            .map(|(_, name)| name)
    }
}

fn bucket(latency: Duration) -> u16 {
    u16::try_from(histogram::index(histogram::nanos_of(latency))).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(instances: u64) -> Waited {
        Waited {
            instances,
            ..Waited::default()
        }
    }

    #[test]
    fn slow_instances_are_above_their_operations_own_quantiles() {
        let sums: Sums = [
            ((1, 100), seen(500)),
            ((1, 110), seen(400)),
            ((1, 120), seen(90)),
            ((1, 130), seen(10)),
            ((2, 500), seen(7)),
        ]
        .into_iter()
        .collect();
        let limit = |operation: u32| (operation == 2).then(|| Duration::from_nanos(1));
        let cohorts = Cohorts::new(
            &sums,
            Coarseness::default(),
            Lengthening::default(),
            |operation| Some((format!("op{operation}"), limit(operation))),
        );
        let of =
            |operation, bucket| Cohorts::names(cohorts.of(operation, bucket)).collect::<Vec<_>>();
        assert!(of(1, 100).is_empty());
        assert_eq!(of(1, 110), ["above_p50"]);
        assert_eq!(of(1, 120), ["above_p50", "above_p90"]);
        assert_eq!(of(1, 130), ["above_p50", "above_p90", "above_p99"]);
        assert_eq!(of(2, 500), ["over_max_response_time"]);
        assert!(of(3, 500).is_empty());

        let count = |operation, cohort| cohorts.counts.of(Some(operation), cohort);
        assert_eq!(count("op1", names::ALL), Some(1000));
        assert_eq!(count("op1", names::ABOVE_P99), Some(10));
        assert_eq!(count("op1", names::OVER_MAX_RESPONSE_TIME), None);
        assert_eq!(count("op2", names::OVER_MAX_RESPONSE_TIME), Some(7));
    }
}
