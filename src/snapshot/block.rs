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
    /// The operations that ended in it, at most 16.
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
    /// Goes on to the end of `later`, which follows this one.
    pub(crate) fn join(&mut self, later: &Self) {
        self.duration_seconds += later.duration_seconds;
        self.cpu_seconds = self.cpu_seconds.zip(later.cpu_seconds).map(|(a, b)| a + b);
        for operation in &later.operations {
            match self
                .operations
                .iter_mut()
                .find(|it| it.name == operation.name)
            {
                Some(same) => same.join(operation),
                None => self.operations.push(operation.clone()),
            }
        }
    }

    /// The operation called `name`, if one ended in the block.
    pub fn operation(&self, name: &str) -> Option<&BlockOperation> {
        self.operations.iter().find(|it| it.name == name)
    }
}
