//! Registers, as this processor has them, and what a signal leaves of them on the stack.

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use framehop::UnwindRegsNative;
use gimli::Register;

#[cfg(target_arch = "aarch64")]
pub(super) use aarch64::{CODE, FRAME, RETURN, interrupted_at, is_plain};
#[cfg(target_arch = "aarch64")]
use aarch64::{STACK, STARTS};
#[cfg(target_arch = "x86_64")]
pub(super) use x86_64::{CODE, FRAME, RETURN, interrupted_at, is_plain};
#[cfg(target_arch = "x86_64")]
use x86_64::{STACK, STARTS};

/// The registers at one frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    /// In the shape that `framehop` wants.
    pub(super) native: UnwindRegsNative,
}

/// Whether the register's value is known at every frame.
pub(super) fn is_known(register: Register) -> bool {
    [STACK, FRAME, RETURN].contains(&register)
}

/// Whether the code around an address returns from a signal: `window` is [`CODE`]'s length before it and after it. For C
/// libraries without unwind tables here.
pub(super) fn returns_from_signal(window: &[u8; 2 * CODE.len()]) -> bool {
    (STARTS.iter()).any(|into| window[CODE.len() - into..].starts_with(&CODE))
}
