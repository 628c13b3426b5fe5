//! The registers of x86-64.

use std::mem::offset_of;

use framehop::UnwindRegsNative;
use gimli::{CfaRule, Register, RegisterRule, X86_64};

use super::Walk;
use crate::cpu::event::Registers;
use crate::cpu::unwind::stack::CopiedStack;

pub(super) const STACK: Register = X86_64::RSP;
pub(in crate::cpu::unwind) const FRAME: Register = X86_64::RBP;
/// Where the tables keep the return address.
pub(in crate::cpu::unwind) const RETURN: Register = X86_64::RA;
/// `mov $15, %rax; syscall`
pub(in crate::cpu::unwind) const CODE: [u8; 9] = [0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05];
/// Where its instructions start, and where it ends: a sample in the system call is there.
pub(in crate::cpu::unwind) const STARTS: [usize; 3] = [0, 7, 9];

impl Walk {
    pub(in crate::cpu::unwind) fn start(registers: &Registers, _highest_code: u64) -> Self {
        Self {
            native: UnwindRegsNative::new(registers.instruction, registers.stack, registers.frame),
        }
    }

    pub(in crate::cpu::unwind) fn stack_pointer(&self) -> u64 {
        self.native.sp()
    }

    pub(in crate::cpu::unwind) fn frame_pointer(&self) -> u64 {
        self.native.bp()
    }

    /// Where the tables keep the return address.
    pub(in crate::cpu::unwind) fn return_address(&self) -> u64 {
        self.native.ip()
    }

    pub(in crate::cpu::unwind) fn get(&self, register: Register) -> Option<u64> {
        match register {
            STACK => Some(self.native.sp()),
            FRAME => Some(self.native.bp()),
            RETURN => Some(self.native.ip()),
            _ => None,
        }
    }

    pub(in crate::cpu::unwind) fn go(&mut self, return_address: u64, stack: u64, frame: u64) {
        self.native.set_ip(return_address);
        self.native.set_sp(stack);
        self.native.set_bp(frame);
    }
}

/// What `framehop` makes a rule of: the frame counted from the stack pointer, or a plain frame pointer.
pub(in crate::cpu::unwind) fn is_plain(
    frame: &CfaRule<usize>,
    frame_pointer: Option<&RegisterRule<usize>>,
    return_address: Option<&RegisterRule<usize>>,
) -> bool {
    match return_address {
        // The thread's first function.
        None | Some(RegisterRule::Undefined) => return true,
        Some(RegisterRule::Offset(-8)) => {}
        Some(_) => return false,
    }
    match (frame, frame_pointer) {
        (
            CfaRule::RegisterAndOffset { register, offset },
            None | Some(RegisterRule::Undefined | RegisterRule::SameValue),
        ) => *register == STACK && (0..0x8_0000).contains(offset) && offset % 8 == 0,
        (CfaRule::RegisterAndOffset { register, offset }, Some(RegisterRule::Offset(saved))) => {
            let by_stack = *register == STACK && (0..0x8_0000).contains(offset);
            let near = (-0x4_0000..0).contains(saved) && offset % 8 == 0 && saved % 8 == 0;
            (by_stack && near) || (*register == FRAME && *offset == 16 && *saved == -16)
        }
        _ => false,
    }
}

/// The registers that the system saved when a signal came; `stack` points to what it wrote.
pub(in crate::cpu::unwind) fn interrupted_at(
    walk: &Walk,
    stack: &mut CopiedStack<'_>,
) -> Option<(u64, Walk)> {
    let saved = offset_of!(libc::ucontext_t, uc_mcontext) + offset_of!(libc::mcontext_t, gregs);
    let mut register = |index: libc::c_int| {
        let into = saved as u64 + 8 * index.cast_unsigned() as u64;
        stack.read(walk.stack_pointer().wrapping_add(into)).ok()
    };
    let instruction = register(libc::REG_RIP)?;
    let mut interrupted = *walk;
    interrupted.go(
        instruction,
        register(libc::REG_RSP)?,
        register(libc::REG_RBP)?,
    );
    Some((instruction, interrupted))
}
