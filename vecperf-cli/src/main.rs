//! The `vecperf` command.

fn main() {}
