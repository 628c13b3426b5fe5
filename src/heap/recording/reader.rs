//! One round of reading: what was sampled gets its stack and its site, what was freed leaves the ledger.

use super::ledger::{Ending, Ledger, Site};
use crate::address_space::stack::Registers;
use crate::allocation::sampling::{Born, Session};
use crate::clock;
use crate::cpu::Target;
use crate::cpu::stack_walking::{
    End, Frame, Modules, RawSample, StackId, StackSize, Stacks, Unwinder, Unwound,
};

/// Bytes of a stack that are copied at first.
const STACK_BYTES: usize = 16 << 10;

/// What is known of the samples so far.
#[derive(Debug)]
pub(super) struct Reader {
    unwinder: Unwinder,
    frames: Vec<Frame>,
    pub(super) stacks: Stacks,
    pub(super) ledger: Ledger,
    stack_size: StackSize,
    stack_bytes: usize,
    pub(super) truncated: u64,
    pub(super) broken: u64,
}

impl Reader {
    pub(super) fn new(mean: u64) -> Self {
        Self {
            unwinder: Unwinder::new(Target::ThisProcess),
            frames: Vec::new(),
            stacks: Stacks::default(),
            ledger: Ledger::new(mean),
            stack_size: StackSize::default(),
            stack_bytes: STACK_BYTES,
            truncated: 0,
            broken: 0,
        }
    }

    /// Reads what has come. Everything that was freed before the call has left the ledger after it.
    pub(super) fn round(&mut self, session: &Session) {
        let now = clock::monotonic_nanos();
        // Two closures and one ledger: the ends are few and short.
        let mut ended = Vec::new();
        session.drain(
            |born| self.born(&born, now),
            |freed| ended.push((freed.number, freed.temporary)),
        );
        for (number, temporary) in ended {
            self.ledger.freed(number, temporary);
        }
        if let Some(bytes) = self.stack_size.wish(self.stack_bytes) {
            self.stack_bytes = bytes;
            session.set_stack_bytes(bytes);
        }
    }

    fn born(&mut self, born: &Born<'_>, now: u64) {
        let (stack, end) = self.stack(born, now);
        let site = Site {
            stack,
            end,
            phase: born.phase,
            operation: born.operation,
        };
        self.ledger.born(born.number, site, born.bytes as u64);
    }

    fn stack(&mut self, born: &Born<'_>, now: u64) -> (StackId, Ending) {
        let Some((registers, stack)) = born.stack else {
            return (StackId::OTHER, Ending::Unread);
        };
        let unwound = self.unwind(born.thread, now, registers, stack);
        self.stack_size.note(unwound);
        self.truncated += u64::from(unwound.end == End::Truncated);
        self.broken += u64::from(unwound.end == End::Broken);
        (self.stacks.intern(&self.frames), unwound.end.into())
    }

    fn unwind(&mut self, thread: u32, now: u64, at: Registers, stack: &[u8]) -> Unwound {
        let sample = RawSample {
            thread,
            at_ns: now,
            weight_ns: 0,
            registers: Some(at),
            stack,
            kernel: &[],
        };
        self.unwinder.unwind(&sample, &mut self.frames)
    }

    /// Reads the unwind tables of the program and its libraries, which takes so long that samples of a burst would wait
    /// for it in vain.
    pub(super) fn warm_up(&mut self, session: &Session) {
        let now = clock::monotonic_nanos();
        session.here(|registers, stack| {
            self.unwind(0, now, registers, stack);
        });
    }

    pub(super) fn modules(&self) -> Modules {
        self.unwinder.modules().clone()
    }

    /// Bytes held, about.
    pub(super) fn bytes(&self) -> usize {
        self.stacks.bytes() + self.ledger.bytes()
    }
}
