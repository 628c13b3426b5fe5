//! The heap profile in the report: how far it can be trusted, and who holds most.

use serde::{Deserialize, Serialize};

/// The heap profile of the run. The profile itself is the file. Objects and bytes are estimates from samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HeapProfileReport {
    /// Bytes from one sample to the next, on average.
    pub mean_bytes: u64,
    /// Blocks sampled.
    pub samples: u64,
    /// Of them, in use.
    pub live_samples: u64,
    /// Blocks that should have been sampled, for which there was no room: estimates are too low by them.
    pub lost: u64,
    /// Samples whose stack was not kept: too many waited to be read. They count, as `[no stack]`.
    pub without_stack: u64,
    /// Share of samples, 0 to 1, whose stack was longer than what was copied of it: their callers are `[truncated]`.
    pub truncated_share: f64,
    /// Share of samples whose stack could not be followed to its root: their callers are `[broken]`.
    pub broken_share: f64,
    /// Share of samples that stand as `[other]`, because there were too many stacks or sites.
    pub in_other_share: f64,
    /// Blocks allocated since the start.
    pub allocated_objects: u64,
    /// Bytes allocated since the start.
    pub allocated_bytes: u64,
    /// Of the blocks allocated since the start, those in use.
    pub in_use_objects: u64,
    /// Their bytes.
    pub in_use_bytes: u64,
    /// CPU seconds of the thread that reads samples.
    pub reader_cpu_seconds: f64,
    /// The profile's file; absent when none was written.
    pub file: Option<String>,
    /// What the reader should know beyond the figures.
    pub notes: Vec<String>,
    /// The functions that hold the most bytes, at most 20; empty before the run's end.
    pub sites: Vec<HeapSiteReport>,
}

/// A function that allocates: the innermost of a stack that is not the standard library's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HeapSiteReport {
    /// Its name.
    pub function: String,
    /// Blocks it allocated.
    pub allocated_objects: u64,
    /// Bytes it allocated.
    pub allocated_bytes: u64,
    /// Of the blocks, those in use.
    pub in_use_objects: u64,
    /// Their bytes.
    pub in_use_bytes: u64,
}
