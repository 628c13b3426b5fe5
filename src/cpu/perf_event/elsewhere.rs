//! Back end 1 on systems other than 64-bit Linux: unavailable, and why.

use super::options::{BackEnd, Options, Target};
use super::sampler::{Refusal, Sampler};

/// Says that there is none.
pub(super) fn start(_target: Target, _options: &Options) -> Result<Box<dyn Sampler>, Refusal> {
    Err(Refusal {
        back_end: BackEnd::PerfEvent,
        reason: "perf_event_open is read on Linux on x86-64 and aarch64 only".to_owned(),
        remedy: String::new(),
    })
}
