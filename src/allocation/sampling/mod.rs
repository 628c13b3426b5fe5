//! Sampled allocations: about one in so many bytes, with its stack, and followed until it is freed.
//!
//! ```text
//!  chance.rs   which byte is sampled, and what a sample stands for
//!  thread.rs   a thread's next sampled byte
//!  block.rs    what the allocator does with a sampled block: kept, moved, released
//!  region.rs   where small ones live: address space of its own    large.rs   large ones, by address
//!  entries.rs  each one's entry, and its way to the reader        copies.rs  copies of stacks
//!  numbers.rs  which of them are free, without locks              pages.rs   memory from the kernel
//!  session.rs  on, off, and what the reader gets
//!  elsewhere.rs  systems and builds without it
//! ```
//!
//! Nothing that a thread of the program runs here locks, waits, or allocates through the program's allocator.
//!
//! **Memory.** Tables are address space of the kernel's of which as much is resident as is used: 64 bytes a live sample,
//! 12 to 20 with its place, 16 KiB a stack that waits to be read; nothing before the first session. All are bounded;
//! what came when one was full is counted as lost.
//!
//! **Fork.** A child goes on with its parent's sampled blocks as they are. It samples nothing, and gives no room of
//! theirs back.

mod block;
mod chance;
mod copies;
mod entries;
mod large;
mod numbers;
mod pages;
mod region;
mod session;
mod thread;

pub(super) use block::{keep, may_be, reallocate, release};
pub(super) use thread::due;

pub(crate) use chance::{PARTS, Weight, weight};
pub(crate) use session::{Born, Counts, Session, is_in_a_child};
pub(crate) use thread::Unsampled;
