//! Sampling by signals on Linux: its two entrances.

mod cookie;
mod disposition;
mod gate;
mod handler;
mod loader;
mod notes;
mod process;
mod ring;
mod roster;
mod sampling;
mod shared;
mod stacks;
mod sync;
mod tasks;
#[cfg(all(test, not(loom)))]
mod tests;
mod ticker;
mod timer;

use crate::cpu::options::{BackEnd, Options, Target};
use crate::cpu::sampler::{Refusal, Sampler};

/// Starts sampling this process. About 2 ms; the calling thread is not sampled.
pub(in crate::cpu) fn start(
    back_end: BackEnd,
    target: Target,
    options: &Options,
) -> Result<Box<dyn Sampler>, Refusal> {
    match target {
        Target::ThisProcess => Ok(Box::new(sampling::Sampling::start(back_end, options)?)),
        Target::Process(_) => Err(Refusal {
            back_end,
            reason: "signals sample the process that they are sent in, no other one".to_owned(),
            remedy: String::new(),
        }),
    }
}

/// The calling thread begins its first operation: it gets its timer now instead of at the next discovery, and says where
/// its stack lies. Three loads when there is nothing to do, about 10 µs once a thread and session; called from recording,
/// through the monitor.
#[inline]
pub(crate) fn arm_this_thread() {
    process::join_this_thread();
}
