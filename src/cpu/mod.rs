//! The CPU profile: where CPU time goes, by call stack and by operation.
//!
//! ```text
//!  options.rs    what to record, and how      refusal.rs, statistics.rs   what came of it
//!  event.rs      what a sampler hands over: samples, switches, faults, mappings
//!  sampler.rs    the trait at the joint, and the choice by trying
//!  perf_event/   back end 1: the kernel samples into rings
//!  signal/       back ends 2 and 3: timers of each thread's CPU time, a ticker; a handler copies the stack
//!  unwind/       modules and call frames, from copied registers and stack
//!  symbol/       frames to function names
//!  stacks.rs     every distinct stack once, by number       stack_size.rs  bytes of stack a sample
//!  places.rs     frames as a profile has them: named, with their files
//!  attribute/    samples and switches joined to operations by thread and time
//!  recording/    the drain thread that joins these, and the profile made of what it counted
//!  elsewhere.rs  no recording on other systems
//! ```
//!
//! The program's own threads run none of this, except the copying handler of the signal back ends.

#[cfg(target_os = "linux")]
mod attribute;
#[cfg(target_os = "linux")]
mod event;
mod options;
#[cfg(target_os = "linux")]
#[cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64")),
    path = "perf_event/elsewhere.rs"
)]
mod perf_event;
#[cfg(target_os = "linux")]
mod places;
#[cfg_attr(not(target_os = "linux"), path = "elsewhere.rs")]
mod recording;
mod refusal;
#[cfg(target_os = "linux")]
mod sampler;
#[cfg(target_os = "linux")]
mod signal;
#[cfg(target_os = "linux")]
mod stack_size;
#[cfg(target_os = "linux")]
mod stacks;
mod statistics;
#[cfg_attr(not(target_os = "linux"), path = "symbol/elsewhere.rs")]
mod symbol;
#[cfg(target_os = "linux")]
mod unwind;

pub use options::{BackEnd, Choice, Options, Target};
pub use recording::Recording;
pub use refusal::Refusal;
pub use statistics::Statistics;
pub use symbol::{NotRestored, symbolize};

#[cfg(all(test, target_os = "linux"))]
pub(crate) use attribute::Waited;
#[cfg(target_os = "linux")]
pub(crate) use attribute::{STACKS, Trace};
#[cfg(target_os = "linux")]
pub(crate) use recording::{Context, Split, SplitPart};
#[cfg(target_os = "linux")]
pub(crate) use signal::arm_this_thread;

/// What the heap profile is made with, too.
#[cfg(target_os = "linux")]
pub(crate) mod stack_walking {
    pub(crate) use super::event::RawSample;
    pub(crate) use super::places::{BROKEN, OTHER, Places, TRUNCATED};
    pub(crate) use super::stack_size::StackSize;
    pub(crate) use super::stacks::{StackId, Stacks};
    pub(crate) use super::symbol::Symbolizer;
    pub(crate) use super::unwind::{End, Frame, Modules, Unwinder, Unwound};
}
