//! The `vecperf` command.

#[allow(
    dead_code,
    unused_imports,
    reason = "the commands that use it are being written"
)]
mod dataset;

fn main() {}
