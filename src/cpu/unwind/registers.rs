//! Registers, as this processor has them.

use framehop::UnwindRegsNative;

use crate::cpu::event::Registers;

/// The registers that unwinding starts with.
#[cfg(target_arch = "x86_64")]
pub(super) fn start(registers: &Registers, _highest_code: u64) -> UnwindRegsNative {
    UnwindRegsNative::new(registers.instruction, registers.stack, registers.frame)
}

/// The registers that unwinding starts with. Return addresses may be signed in the bits that no address of code uses.
#[cfg(target_arch = "aarch64")]
pub(super) fn start(registers: &Registers, highest_code: u64) -> UnwindRegsNative {
    use framehop::aarch64::PtrAuthMask;
    const USER_SPACE: u64 = 1 << 47;
    UnwindRegsNative::new_with_ptr_auth_mask(
        PtrAuthMask::from_max_known_address(highest_code.max(USER_SPACE)),
        registers.link,
        registers.stack,
        registers.frame,
    )
}
