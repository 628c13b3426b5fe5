//! The command as its user meets it: the real binary, its exit codes, stdout and stderr.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod dataset;
