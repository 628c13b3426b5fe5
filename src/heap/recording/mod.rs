//! A heap profile under way.
//!
//! ```text
//!  handle.rs   what one holds: start, profile, marks, stop; and the thread that reads samples
//!  reader.rs   one round: samples to stacks and sites
//!  ledger.rs   the sampled blocks in use, and the sums of each site
//!  phases.rs   the program's phases, by number
//!  build.rs    the profile, and what grew between two marks
//! ```

mod build;
mod handle;
mod ledger;
mod phases;
mod reader;

pub(crate) use handle::Recording;
pub(super) use handle::Taken;
