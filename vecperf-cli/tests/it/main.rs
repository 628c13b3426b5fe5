//! The command as its user meets it: the real binary, its exit codes, stdout and stderr.

mod dataset;
