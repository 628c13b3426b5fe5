//! Memory for copied stacks: a part for each slot of the ring.

use std::io;

use memmap2::{Advice, MmapMut, MmapOptions, UncheckedAdvice};

/// Bytes of stack that a sample can hold, at most.
pub(super) const MAX_STACK: usize = 32 * 1024;

/// One part of [`MAX_STACK`] bytes a slot: 8 MiB of address space for 256 slots, of which as much is resident as
/// samples use. Never unmapped; a forked child does not get it, so that a fork makes the parent's copies no dearer.
#[derive(Debug)]
pub(super) struct Stacks {
    memory: MmapMut,
    first: *mut u8,
}

// SAFETY: `first` points into `memory`, which belongs to the structure; parts are written and read by who holds the
// ring's slot with the same index.
unsafe impl Send for Stacks {}
// SAFETY: as above.
unsafe impl Sync for Stacks {}

impl Stacks {
    pub(super) fn new(slots: usize) -> io::Result<Self> {
        let mut memory = MmapOptions::new().len(slots * MAX_STACK).map_anon()?;
        // Both only save memory and time: without them it works as well.
        let _ = memory.advise(Advice::DontFork);
        let _ = memory.advise(Advice::NoHugePage);
        let first = memory.as_mut_ptr();
        Ok(Self { memory, first })
    }

    /// The part of a slot, which is less than the number of slots. For signal handlers.
    #[inline(always)]
    pub(super) fn part(&self, slot: usize) -> *mut u8 {
        self.first.wrapping_add(slot.wrapping_mul(MAX_STACK))
    }

    /// Makes the first `bytes` of each part resident, so that no signal handler has to wait for a page. Contents stay.
    /// Where the kernel cannot (before 5.14), they come at first use.
    pub(super) fn populate(&self, bytes: usize) {
        for start in (0..self.memory.len()).step_by(MAX_STACK) {
            let _ = self
                .memory
                .advise_range(Advice::PopulateWrite, start, bytes.min(MAX_STACK));
        }
    }

    /// Gives the memory back; contents become zero.
    pub(super) fn release(&self) {
        // SAFETY: the pages are private and anonymous: they stay mapped and read as zero. Called when the ring's gate is
        // closed; bytes copied by a straggler are lost, which nobody will read.
        let _ = unsafe { self.memory.unchecked_advise(UncheckedAdvice::DontNeed) };
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_apart_and_come_back_empty() {
        let stacks = Stacks::new(4).unwrap();
        stacks.populate(MAX_STACK);
        for slot in 0..4 {
            // SAFETY: the slot exists; nobody else uses this memory.
            unsafe { stacks.part(slot).write_bytes(slot as u8 + 1, MAX_STACK) };
        }
        let byte = |slot: usize, at: usize| {
            let address = stacks.part(slot).wrapping_add(at);
            // SAFETY: within the slot's part, mapped.
            unsafe { address.read() }
        };
        for slot in 0..4 {
            assert_eq!(
                [byte(slot, 0), byte(slot, MAX_STACK - 1)],
                [slot as u8 + 1; 2]
            );
        }
        stacks.populate(4096);
        assert_eq!(byte(3, 0), 4, "populating keeps the contents");
        stacks.release();
        assert_eq!(byte(3, 0), 0);
    }
}
