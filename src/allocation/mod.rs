//! What passes through the program's allocator: counted by each thread for itself, summed when asked for.
//!
//! ```text
//!  allocator.rs     the wrapper that a program installs
//!  cells.rs         one thread's counts        process.rs   what is live in the process, and its peak
//!  threads.rs       whose cells are whose: found, handed on, shared by who has none
//!  stretches.rs     what a thread allocated between two moments     stretch.rs   as operations use it
//!  place.rs         the place of an open one                        spent.rs     what came of it
//!  assertion.rs     the same for tests
//!  installation.rs  whether the wrapper is the program's allocator
//!  totals.rs        the sums
//!  sampling/        one byte in so many, with its stack, followed until it is freed
//! ```
//!
//! It names no other room but `address_space`, because every room allocates. Nothing in here allocates, locks or panics.

mod allocator;
mod assertion;
mod cells;
mod installation;
mod place;
mod process;
#[cfg_attr(
    not(all(
        feature = "cpu",
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64")
    )),
    path = "sampling/elsewhere.rs"
)]
pub(crate) mod sampling;
mod spent;
mod stretch;
mod stretches;
#[cfg(test)]
mod stretches_tests;
mod threads;
mod totals;

pub use allocator::Allocator;
pub use installation::{Installation, installation};
pub use spent::Spent;
pub use stretch::spent;
pub use totals::{Totals, totals};

#[doc(hidden)]
pub use assertion::{Allocating, Bound, assert_allocations};

pub(crate) use assertion::uncounted;
pub(crate) use stretch::{Stretch, apart, enter, exit, exit_poll};
