//! A CPU profile under way: the drain thread, and the profile made of what it counted.
//!
//! ```text
//!  handle.rs      what one holds: start, profile, stop         claim.rs       one at a time
//!  shared.rs      what it shares with …
//!  thread.rs        … the drain thread: waits, drains, ends    pace.rs        how long it sleeps
//!  drain.rs       one round: events and segments to counts
//!  tally.rs       counts by key       windows.rs     of a stretch of time
//!  threads.rs     names by number     phases.rs      by time
//!  splits.rs      where operations' time went                  usage.rs       CPU time by the system's count
//!  reached.rs     what was reached since a moment
//!  build.rs       the profile         cohorts.rs     the slow instances   comments.rs  in words
//!  lengthening.rs what a sample adds to its operation          traced.rs      names for slow operations
//! ```
//!
//! Everything here is bounded, however long the recording lasts; what a bound costs is counted.

mod build;
mod claim;
mod cohorts;
mod comments;
mod drain;
mod handle;
mod lengthening;
mod pace;
mod phases;
mod reached;
mod shared;
mod splits;
mod tally;
#[cfg(test)]
mod tests;
mod thread;
mod threads;
mod traced;
mod usage;
mod windows;

pub use handle::Recording;

pub(crate) use shared::Context;
pub(crate) use splits::{Part as SplitPart, Split};
