//! The `vecperf` command.

#[allow(
    dead_code,
    unused_imports,
    reason = "the commands that use it are being written"
)]
mod dataset;

#[allow(dead_code, reason = "to be mounted in the arguments")]
mod commands {
    pub(crate) mod dataset;
}

fn main() {}
