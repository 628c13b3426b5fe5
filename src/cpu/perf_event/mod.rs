//! Back end 1: `perf_event_open`. The kernel samples each thread by its task clock into one ring a CPU.
//!
//! ```text
//!  sampling.rs     the sampler, made of:
//!  attempt.rs      the most that can be had first, then less
//!  attr.rs         what the kernel is asked for
//!  call.rs         the system calls on events
//!  threads.rs      the threads that are there, and their CPUs
//!  events.rs       one event for each thread and CPU, inherited by the threads to come
//!  owners.rs       threads that came meanwhile, and have two
//!  ring.rs         the shared memory that the kernel writes records into
//!  rings.rs        one for each CPU, as large as may be locked
//!  merge.rs        the records of all rings in the order of time
//!  record.rs       a record as plain data
//!  watched.rs      the process: whether it has ended
//!  clock_offset.rs the kernel's clock against the process's
//!  descriptors.rs  how many files may be taken from the program
//!  limits.rs       what a sampler that runs cannot do here
//!  fault.rs        what stood in the way, in words, and what to change
//! ```
//!
//! The attribute asks for no count of overflows (`PERF_EVENT_IOC_REFRESH`): that stopped whole machines on Linux 6.16.

mod attempt;
mod attr;
mod call;
mod clock_offset;
mod descriptors;
mod events;
mod fault;
mod limits;
#[cfg(test)]
mod measure;
mod merge;
mod owners;
mod record;
mod ring;
mod rings;
mod sampling;
#[cfg(test)]
mod tests;
mod threads;
mod watched;

use super::options::{Options, Target};
use super::sampler::{Refusal, Sampler};

/// Starts sampling all threads but the calling one, and those that they will make. Costs about 50 µs for each thread
/// and CPU, and a file descriptor or two.
pub(super) fn start(target: Target, options: &Options) -> Result<Box<dyn Sampler>, Refusal> {
    match sampling::PerfEvent::start(target, options) {
        Ok(sampler) => Ok(Box::new(sampler)),
        Err(fault) => Err(fault.refusal(target)),
    }
}
