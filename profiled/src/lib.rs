//! Programs that know where their CPU time goes. Each runs under the CPU profile, measures the truth by the CPU clocks,
//! and prints it; `tests/cpu` compares, `benches` measures what profiling costs.
//!
//! ```text
//!  arguments.rs   what a run is asked for
//!  limits.rs      what the process may not do: system calls refused, small limits
//!  clock.rs       the CPU clocks; spin.rs  work of a known name and size
//!  truth.rs       what the program knows about itself
//!  profiling.rs   the CPU profile, started and stopped as users do it
//!  programs/      the programs; stress/  the hostile one
//! ```
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "programs of a test: a panic is how one fails"
)]

pub mod arguments;
pub mod clock;
pub mod limits;
pub mod native;
pub mod profiling;
pub mod programs;
pub mod spin;
pub mod stress;
pub mod truth;

pub use arguments::Arguments;
pub use truth::{Ledger, Truth};
