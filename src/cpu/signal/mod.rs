//! Back ends 2 and 3: a signal on the running thread, whose handler copies registers and stack into a ring.

use super::options::{BackEnd, Options, Target};
use super::sampler::{Refusal, Sampler};

/// Starts sampling.
pub(super) fn start(
    back_end: BackEnd,
    _target: Target,
    _options: &Options,
) -> Result<Box<dyn Sampler>, Refusal> {
    Err(Refusal {
        back_end,
        reason: "not built yet".to_owned(),
        remedy: String::new(),
    })
}

/// The calling thread has begun its first operation: it gets its timer now instead of at the next discovery. Does
/// nothing while no timers are in use; called from recording, through the monitor.
pub(crate) fn arm_this_thread() {}
