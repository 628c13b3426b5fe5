//! The heap profile: who allocated what, and what of it is still in use. See
//! [`Monitor::heap_profile`](crate::Monitor::heap_profile).
//!
//! ```text
//!  recording/     one under way         statistics.rs  what it reached
//!  mark.rs        a moment to compare with
//!  elsewhere.rs   builds and systems without it
//! ```
//!
//! Samples come from `allocation`; stacks and names are found as those of the CPU profile are. Everything is bounded,
//! however long it runs; what a bound costs is counted.

mod mark;
#[cfg_attr(
    not(all(
        feature = "cpu",
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64")
    )),
    path = "elsewhere.rs"
)]
mod recording;
mod statistics;

pub use mark::HeapMark;
pub(crate) use recording::Recording;
pub(crate) use statistics::Statistics;
