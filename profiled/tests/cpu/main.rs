//! The CPU profile tells the truth, and harms nobody: programs that know where their time goes, each in a process of its
//! own, one after the other, with every back end that runs here.
//!
//! ```text
//! cargo test --release -p vecperf-profiled -- --nocapture           # shows each comparison, and whether 3 σ + 2 points hold
//! PROFILED_SCALE=30 cargo test --release -p vecperf-profiled -- --nocapture stress     # ten minutes for each back end
//! ```
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a panic is how a test fails, a print how it shows what it saw"
)]

mod attribution;
mod case;
mod children;
mod refused;
mod seen;
mod shares;
mod stress;
mod stripped;
mod threads;
