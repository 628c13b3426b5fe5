//! Blocks: the judged window cut into stretches of time, so that what varies within a run can be told from what changed
//! between two.

use serde::{Deserialize, Serialize};

use crate::histogram::Histogram;
use crate::snapshot::OperationSnapshot;

/// A stretch of the judged window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Block {
    /// Seconds from the monitor's start.
    pub start_seconds: f64,
    /// Its length.
    pub duration_seconds: f64,
    /// CPU time of the process in it; absent where that is not known.
    pub cpu_seconds: Option<f64>,
    /// Of the first 16 operations of the run, by their first use, those that ended in it.
    pub operations: Vec<BlockOperation>,
}

/// An operation in a block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BlockOperation {
    /// Its name.
    pub name: String,
    /// Operations that ended, timed or not.
    pub count: u64,
    /// The sum of the latencies of those that were timed.
    pub sum_seconds: f64,
    /// Operations whose allocations were counted.
    pub allocating: u64,
    /// Blocks that these allocated.
    pub allocations: u64,
    /// (index, count) of latencies, as in the distribution of the whole window.
    pub buckets: Vec<(i32, u64)>,
}

impl BlockOperation {
    /// What `operation` did in the block.
    pub fn from_snapshot(operation: &OperationSnapshot) -> Self {
        let latency = operation.latency();
        let allocations = operation.allocations.as_ref();
        Self {
            name: operation.name.clone(),
            count: operation.count(),
            sum_seconds: latency.sum().as_secs_f64(),
            allocating: allocations.map_or(0, |it| it.operations),
            allocations: allocations.map_or(0, |it| it.allocations),
            buckets: latency.buckets().to_vec(),
        }
    }

    /// Adds what `later` did.
    fn join(&mut self, later: &Self) {
        let histogram = |buckets: &[(i32, u64)]| {
            let buckets = buckets.iter().copied();
            Histogram::from_buckets(
                buckets,
                std::time::Duration::ZERO,
                std::time::Duration::ZERO,
            )
        };
        let mut all = histogram(&self.buckets);
        all.merge(&histogram(&later.buckets));
        self.buckets = all.buckets().to_vec();
        self.count = self.count.saturating_add(later.count);
        self.sum_seconds += later.sum_seconds;
        self.allocating = self.allocating.saturating_add(later.allocating);
        self.allocations = self.allocations.saturating_add(later.allocations);
    }
}

impl Block {
    /// Blocks of a phase at most.
    pub(crate) const MOST: usize = 32;
    /// Operations in a block at most.
    pub(crate) const OPERATIONS: usize = 16;

    /// Goes on to the end of `later`, which follows this one.
    pub(crate) fn join(&mut self, later: &Self) {
        self.duration_seconds += later.duration_seconds;
        self.cpu_seconds = self.cpu_seconds.zip(later.cpu_seconds).map(|(a, b)| a + b);
        for operation in &later.operations {
            let own = &mut self.operations;
            match own.iter().position(|it| it.name == operation.name) {
                Some(at) => own[at].join(operation),
                None if own.len() < Self::OPERATIONS => own.push(operation.clone()),
                None => {}
            }
        }
    }

    /// The operation called `name`, if one ended in the block.
    pub fn operation(&self, name: &str) -> Option<&BlockOperation> {
        self.operations.iter().find(|it| it.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_joins_is_bounded() {
        let with = |names: std::ops::Range<usize>| {
            let operations = names.map(|at| BlockOperation {
                name: at.to_string(),
                count: 1,
                ..BlockOperation::default()
            });
            Block {
                operations: operations.collect(),
                ..Block::default()
            }
        };
        let mut block = with(0..10);
        block.join(&with(5..30));
        assert_eq!(block.operations.len(), Block::OPERATIONS);
        assert_eq!(block.operation("7").unwrap().count, 2);
        assert_eq!(block.operation("15").unwrap().count, 1);
        assert!(block.operation("16").is_none());
    }
}
