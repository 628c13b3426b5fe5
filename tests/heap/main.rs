//! The heap profile against what the program really holds, in a program that has the allocator installed.
#![cfg(all(
    feature = "cpu",
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
#![allow(
    clippy::unwrap_used,
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "tests: a panic is how they fail, and every call of an allocator is one"
)]

mod estimates;
mod files;
mod fork;
mod growth;
mod model;
mod seen;
mod storm;
mod temporary;

#[global_allocator]
static ALLOCATOR: vecperf::Allocator = vecperf::Allocator::system();
