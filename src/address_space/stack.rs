//! The calling thread's stack, and the registers that unwinding starts from.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use std::arch::asm;

/// The registers that unwinding starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Registers {
    pub(crate) instruction: u64,
    pub(crate) stack: u64,
    pub(crate) frame: u64,
    /// The link register; 0 on x86-64.
    pub(crate) link: u64,
}

/// The lowest address of the calling thread's stack and the one after its highest, as the C library knows them; a
/// coroutine may run on another one. Of the main thread it reads `/proc`, and it may allocate by the C library's `malloc`.
pub(crate) fn bounds() -> Option<(usize, usize)> {
    // SAFETY: all bit patterns are valid for this C structure.
    let mut attributes: libc::pthread_attr_t = unsafe { std::mem::zeroed() };
    // SAFETY: takes nothing.
    let this = unsafe { libc::pthread_self() };
    // SAFETY: the thread is the calling one, and lives; `attributes` is written before it is read.
    if unsafe { libc::pthread_getattr_np(this, &raw mut attributes) } != 0 {
        return None;
    }
    let (mut low, mut bytes) = (std::ptr::null_mut(), 0_usize);
    // SAFETY: `attributes` was filled by the call above.
    let status =
        unsafe { libc::pthread_attr_getstack(&raw const attributes, &raw mut low, &raw mut bytes) };
    // SAFETY: as above, and not used afterwards.
    unsafe { libc::pthread_attr_destroy(&raw mut attributes) };
    let high = low.addr().checked_add(bytes)?;
    (status == 0).then_some((low.addr(), high))
}

/// The registers in the function that this is inlined into.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn registers_here() -> Registers {
    let (instruction, stack, frame): (u64, u64, u64);
    // SAFETY: reads registers.
    unsafe {
        asm!(
            "lea {instruction}, [rip]",
            "mov {stack}, rsp",
            "mov {frame}, rbp",
            instruction = out(reg) instruction,
            stack = out(reg) stack,
            frame = out(reg) frame,
            options(nomem, nostack, preserves_flags),
        );
    }
    Registers {
        instruction,
        stack,
        frame,
        link: 0,
    }
}

/// As above.
#[cfg(target_arch = "aarch64")]
#[inline(always)]
pub(crate) fn registers_here() -> Registers {
    let (instruction, stack, frame, link): (u64, u64, u64, u64);
    // SAFETY: reads registers.
    unsafe {
        asm!(
            "adr {instruction}, .",
            "mov {stack}, sp",
            "mov {frame}, x29",
            "mov {link}, x30",
            instruction = out(reg) instruction,
            stack = out(reg) stack,
            frame = out(reg) frame,
            link = out(reg) link,
            options(nomem, nostack, preserves_flags),
        );
    }
    Registers {
        instruction,
        stack,
        frame,
        link,
    }
}
