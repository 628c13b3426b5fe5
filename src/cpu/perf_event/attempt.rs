//! How the events are opened: the most that can be had first, then less.

use std::fs;

use super::descriptors::Descriptors;
use super::events::{Events, Plan};
use super::fault::{Call, Fault};
use super::ring::Ring;
use crate::cpu::options::Options;

/// Opens what the plan says, or, where the kernel refuses that, less, and changes the plan accordingly. Beside the
/// events, the error number that code in the kernel was refused with.
pub(super) fn open(plan: &mut Plan, rings: &[Ring]) -> Result<(Events, Option<i32>), Fault> {
    let mut kernel_denied = None;
    loop {
        let fault = match Events::open(plan, rings, Descriptors::beside(rings)) {
            Ok(events) => return Ok((events, kernel_denied)),
            Err(fault) => fault,
        };
        match fault.to(Call::Open) {
            Some(error @ (libc::EACCES | libc::EPERM)) if plan.wish.kernel => {
                plan.wish.kernel = false;
                kernel_denied = Some(error);
            }
            // Before Linux 5.13.
            Some(libc::EINVAL) if plan.wish.threads_only => plan.wish.threads_only = false,
            _ => return Err(fault),
        }
    }
}

/// The options with a rate that the kernel does not throttle, and that rate if it is lower than what was asked for.
pub(super) fn within_the_kernels_rate(options: &Options) -> (Options, Option<u32>) {
    let text = fs::read_to_string("/proc/sys/kernel/perf_event_max_sample_rate");
    let highest = text
        .ok()
        .and_then(|rate| rate.trim().parse().ok())
        .unwrap_or(Options::MOST_SAMPLES)
        .clamp(1, Options::MOST_SAMPLES);
    let mut options = options.clone();
    let lower = options.sample_rate > highest;
    options.sample_rate = options.sample_rate.min(highest);
    (options, lower.then_some(highest))
}
