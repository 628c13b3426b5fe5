//! Where operations' time went, for the whole recording and for each phase.

use std::collections::HashMap;

pub(super) use crate::cpu::attribute::Sums;
use crate::cpu::attribute::{Waited, Waits};

/// Phases that may be open at once and still get a split of their own.
const MOST_OPEN: usize = 16;

/// Where the time of one operation's instances went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) operation: u32,
    pub(crate) all: Part,
    /// Of the instances slower than the operation's p99.
    pub(crate) above_p99: Part,
}

/// Sums over some instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) waited: Waited,
    /// Latencies, to the middle of their bucket.
    pub(crate) latency_ns: u64,
}

impl Part {
    fn add(&mut self, bucket: u16, waited: &Waited) {
        let middle = crate::histogram::middle_ns(bucket.into());
        self.latency_ns = self
            .latency_ns
            .saturating_add(middle.saturating_mul(waited.instances));
        self.waited.add(waited);
    }
}

/// The waits, cut at the phases' edges.
#[derive(Debug, Default)]
pub(super) struct Splits {
    pub(super) waits: Waits,
    open: Vec<(u16, Sums)>,
    ended: Vec<(u16, Vec<Split>)>,
}

impl Splits {
    /// All segments that ended before a phase's start or end have come, and none after it.
    pub(super) fn edge(&mut self, phase: u16, starts: bool) {
        if starts {
            if self.open.len() < MOST_OPEN {
                self.open.push((phase, self.waits.sums().clone()));
            }
            return;
        }
        if let Some(at) = self.open.iter().position(|open| open.0 == phase) {
            let (_, start) = self.open.swap_remove(at);
            let during = since(self.waits.sums(), &start);
            self.ended.push((phase, summary(&during)));
        }
    }

    /// Of the whole recording so far.
    pub(super) fn all(&self) -> Vec<Split> {
        summary(self.waits.sums())
    }

    /// By phase; one that is still open ends now.
    pub(super) fn by_phase(&self) -> Vec<(u16, Vec<Split>)> {
        let open = self.open.iter().map(|(phase, start)| {
            let during = since(self.waits.sums(), start);
            (*phase, summary(&during))
        });
        self.ended.iter().cloned().chain(open).collect()
    }
}

/// What was added since `earlier`.
pub(super) fn since(now: &Sums, earlier: &Sums) -> Sums {
    let rest = now.iter().filter_map(|(key, waited)| {
        let before = earlier.get(key).copied().unwrap_or_default();
        let rest = waited.since(&before);
        (rest != Waited::default()).then_some((*key, rest))
    });
    rest.collect()
}

/// Each operation's buckets with their sums, ascending.
pub(super) fn by_operation(sums: &Sums) -> HashMap<u32, Vec<(u16, Waited)>> {
    let mut operations: HashMap<u32, Vec<(u16, Waited)>> = HashMap::new();
    for (&(operation, bucket), waited) in sums {
        operations
            .entry(operation)
            .or_default()
            .push((bucket, *waited));
    }
    for buckets in operations.values_mut() {
        buckets.sort_unstable_by_key(|bucket| bucket.0);
    }
    operations
}

/// The bucket that holds the quantile `q` of the instances in `buckets`, by the nearest rank; `None` when empty.
pub(super) fn quantile(buckets: &[(u16, Waited)], q: f64) -> Option<u16> {
    let all: u64 = buckets.iter().map(|bucket| bucket.1.instances).sum();
    let rank = ((q * all as f64 * (1.0 - 1e-12)).ceil() as u64).max(1);
    let mut seen = 0;
    let found = buckets.iter().find(|bucket| {
        seen += bucket.1.instances;
        seen >= rank
    });
    found.map(|bucket| bucket.0)
}

fn summary(sums: &Sums) -> Vec<Split> {
    let mut splits: Vec<_> = by_operation(sums)
        .into_iter()
        .map(|(operation, buckets)| {
            let p99 = quantile(&buckets, 0.99);
            let mut split = Split {
                operation,
                ..Split::default()
            };
            for (bucket, waited) in &buckets {
                split.all.add(*bucket, waited);
                if Some(*bucket) > p99 {
                    split.above_p99.add(*bucket, waited);
                }
            }
            split
        })
        .collect();
    splits.sort_unstable_by_key(|split| split.operation);
    splits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waited(instances: u64, blocked_ns: u64) -> Waited {
        Waited {
            instances,
            wall_ns: instances * 100,
            blocked_ns,
            ..Waited::default()
        }
    }

    #[test]
    fn the_slow_ones_are_those_above_p99() {
        let sums: Sums = [
            ((1, 700), waited(950, 5)),
            ((1, 900), waited(45, 7)),
            ((1, 1300), waited(5, 4000)),
            ((2, 700), waited(1, 0)),
        ]
        .into_iter()
        .collect();
        let splits = summary(&sums);
        assert_eq!(splits.len(), 2);
        assert_eq!(splits[0].all.waited.instances, 1000);
        assert_eq!(splits[0].all.waited.blocked_ns, 4012);
        assert_eq!(splits[0].above_p99.waited, waited(5, 4000));
        assert_eq!(splits[1].above_p99, Part::default());
        // 5 × the middle of the bucket.
        let each = splits[0].above_p99.latency_ns / 5;
        assert_eq!(crate::histogram::index(each), 1300);
    }

    #[test]
    fn a_quantile_is_that_of_the_nearest_rank() {
        let buckets = [(3, waited(50, 0)), (5, waited(49, 0)), (9, waited(1, 0))];
        assert_eq!(
            [0.5, 0.51, 0.99, 1.0].map(|q| quantile(&buckets, q)),
            [Some(3), Some(5), Some(5), Some(9)]
        );
        assert_eq!(quantile(&[], 0.5), None);
    }
}
