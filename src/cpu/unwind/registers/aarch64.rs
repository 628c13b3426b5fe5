//! The registers of aarch64.

use std::mem::offset_of;

use framehop::UnwindRegsNative;
use framehop::aarch64::PtrAuthMask;
use gimli::{AArch64, CfaRule, Register, RegisterRule};

use super::Walk;
use crate::cpu::event::Registers;
use crate::cpu::unwind::stack::CopiedStack;

pub(super) const STACK: Register = AArch64::SP;
pub(in crate::cpu::unwind) const FRAME: Register = AArch64::X29;
/// Where the tables keep the return address.
pub(in crate::cpu::unwind) const RETURN: Register = AArch64::X30;
/// `mov x8, #139; svc #0`
pub(in crate::cpu::unwind) const CODE: [u8; 8] = [0x68, 0x11, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4];
/// Where its instructions start, and where it ends: a sample in the system call is there.
pub(in crate::cpu::unwind) const STARTS: [usize; 3] = [0, 4, 8];
/// Addresses of code are below this; the bits above may hold a return address's signature.
const USER_SPACE: u64 = 1 << 47;
/// What the system writes before the context.
const SIGNAL_DESCRIPTION_BYTES: u64 = 128;

impl Walk {
    pub(in crate::cpu::unwind) fn start(registers: &Registers, highest_code: u64) -> Self {
        let mask = PtrAuthMask::from_max_known_address(highest_code.max(USER_SPACE));
        let (link, stack, frame) = (registers.link, registers.stack, registers.frame);
        Self {
            native: UnwindRegsNative::new_with_ptr_auth_mask(mask, link, stack, frame),
        }
    }

    pub(in crate::cpu::unwind) fn stack_pointer(&self) -> u64 {
        self.native.sp()
    }

    pub(in crate::cpu::unwind) fn frame_pointer(&self) -> u64 {
        self.native.fp()
    }

    /// Where the tables keep the return address.
    pub(in crate::cpu::unwind) fn return_address(&self) -> u64 {
        self.native.lr()
    }

    pub(in crate::cpu::unwind) fn get(&self, register: Register) -> Option<u64> {
        match register {
            STACK => Some(self.native.sp()),
            FRAME => Some(self.native.fp()),
            RETURN => Some(self.native.lr()),
            _ => None,
        }
    }

    pub(in crate::cpu::unwind) fn go(&mut self, return_address: u64, stack: u64, frame: u64) {
        self.native.set_lr(return_address);
        self.native.set_sp(stack);
        self.native.set_fp(frame);
    }
}

/// What `framehop` makes a rule of: the frame counted from the stack or the frame pointer.
pub(in crate::cpu::unwind) fn is_plain(
    frame: &CfaRule<usize>,
    frame_pointer: Option<&RegisterRule<usize>>,
    return_address: Option<&RegisterRule<usize>>,
) -> bool {
    let simple = |rule: Option<&RegisterRule<usize>>| {
        matches!(
            rule,
            None | Some(
                RegisterRule::Undefined | RegisterRule::SameValue | RegisterRule::Offset(_)
            )
        )
    };
    let known = match frame {
        CfaRule::RegisterAndOffset { register, offset } => {
            [STACK, FRAME].contains(register) && (0..0x8_0000).contains(offset)
        }
        CfaRule::Expression(_) => false,
    };
    known && simple(frame_pointer) && simple(return_address)
}

/// The registers that the system saved when a signal came; `stack` points to what it wrote.
pub(in crate::cpu::unwind) fn interrupted_at(
    walk: &Walk,
    stack: &mut CopiedStack<'_>,
) -> Option<(u64, Walk)> {
    let context = walk
        .stack_pointer()
        .wrapping_add(SIGNAL_DESCRIPTION_BYTES + offset_of!(libc::ucontext_t, uc_mcontext) as u64);
    let mut word = |into: usize| stack.read(context.wrapping_add(into as u64)).ok();
    let general = offset_of!(libc::mcontext_t, regs);
    let (frame, link) = (word(general + 8 * 29)?, word(general + 8 * 30)?);
    let pointer = word(offset_of!(libc::mcontext_t, sp))?;
    let instruction = word(offset_of!(libc::mcontext_t, pc))?;
    let mut interrupted = *walk;
    interrupted.go(link, pointer, frame);
    Some((instruction, interrupted))
}
