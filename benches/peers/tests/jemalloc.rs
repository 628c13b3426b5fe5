//! The library's tests of counting, in a program whose allocator is jemalloc.
#![allow(
    clippy::unwrap_used,
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "tests: a panic is how they fail, and every call of an allocator is one"
)]

#[path = "../../../tests/allocations/counts.rs"]
mod counts;
#[path = "../../../tests/allocations/odd.rs"]
mod odd;
#[path = "../../../tests/allocations/operations.rs"]
mod operations;
#[path = "../../../tests/allocations/truth.rs"]
mod truth;

use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: vecperf::Allocator<truth::Truth<Jemalloc>> =
    vecperf::Allocator::new(truth::Truth::of(Jemalloc));
