//! Back end 1: `perf_event_open`. The kernel samples each thread by its task clock into one ring a CPU.

use super::options::{BackEnd, Options, Target};
use super::sampler::{Refusal, Sampler};

/// Starts sampling.
pub(super) fn start(_target: Target, _options: &Options) -> Result<Box<dyn Sampler>, Refusal> {
    Err(Refusal {
        back_end: BackEnd::PerfEvent,
        reason: "not built yet".to_owned(),
        remedy: String::new(),
    })
}
