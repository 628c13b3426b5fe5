//! What the allocator counts against the truth, in a program that has it installed.
#![allow(
    clippy::unwrap_used,
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "tests: a panic is how they fail, and every call of an allocator is one"
)]

mod counts;
#[cfg(target_os = "linux")]
mod fork;
mod memory;
mod odd;
mod operations;
mod truth;

#[global_allocator]
static ALLOCATOR: vecperf::Allocator<truth::Truth> = vecperf::Allocator::new(truth::Truth::new());
