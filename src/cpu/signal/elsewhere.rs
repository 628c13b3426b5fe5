//! Where there is no sampling by signals: systems other than Linux, and processors whose registers are not known here.

use crate::cpu::options::{BackEnd, Options, Target};
use crate::cpu::sampler::{Refusal, Sampler};

/// Always refuses.
pub(in crate::cpu) fn start(
    back_end: BackEnd,
    _target: Target,
    _options: &Options,
) -> Result<Box<dyn Sampler>, Refusal> {
    Err(Refusal {
        back_end,
        reason: "sampling by signals works on Linux on x86-64 and AArch64".to_owned(),
        remedy: String::new(),
    })
}

/// Nothing to do.
pub(crate) fn arm_this_thread() {}
