//! The integration tests, one module a topic.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a panic is how a test fails, a print how one explains a skipped case"
)]

mod api;
mod exposition;
mod files;
mod files_faults;
mod hostile_formats;
mod hostile_names;
mod memory;
mod monitor;
mod page;
mod perf_utils;
#[cfg(feature = "pprof")]
mod pprof;
mod report;
mod report_sample;
#[cfg(feature = "schema")]
mod report_schema;
mod resources;
mod serve;
mod settings;
mod settings_mutations;
mod thresholds;
mod tidy;
