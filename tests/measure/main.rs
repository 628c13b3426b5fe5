//! `#[vecperf::measure]`: on every shape of function, with every outcome. A process of its own, because the installed
//! monitor is the process's.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic is how a test fails, and one of the outcomes"
)]

mod futures;
mod results;
mod shapes;
mod watch;
