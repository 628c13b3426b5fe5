//! What passes through the program's allocator: counted by each thread for itself, summed when asked for.
//!
//! ```text
//!  allocator.rs     the wrapper that a program installs
//!  cells.rs         one thread's counts        process.rs   what is live in the process, and its peak
//!  threads.rs       whose cells are whose: found, handed on, shared by who has none
//!  installation.rs  whether the wrapper is the program's allocator
//!  totals.rs        the sums
//! ```
//!
//! It names no other room, because every room allocates. Nothing in here allocates, locks or panics.

mod allocator;
mod cells;
mod installation;
mod process;
mod threads;
mod totals;

pub use allocator::Allocator;
pub use installation::{Installation, installation};
pub use totals::{Totals, totals};
