//! Every distinct call stack once, by number.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cpu::unwind::Frame;

/// Distinct stacks that are kept; what comes later is one stack, `[other]`. A search has 150 to 400.
const MOST_STACKS: usize = 65_536;
/// Frames of all of them together, 16 bytes each.
const MOST_FRAMES: usize = 1 << 20;

/// A stack's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct StackId(pub(crate) u32);

impl StackId {
    /// All stacks that came when the table was full.
    pub(crate) const OTHER: Self = Self(u32::MAX);
}

/// The table. Bounded; lookups allocate nothing.
#[derive(Debug, Default)]
pub(crate) struct Stacks {
    numbers: HashMap<Arc<[Frame]>, u32>,
    all: Vec<Arc<[Frame]>>,
    frames: usize,
    /// Samples that came when it was full.
    pub(crate) others: u64,
}

impl Stacks {
    /// The number of the stack with these frames.
    pub(crate) fn intern(&mut self, frames: &[Frame]) -> StackId {
        self.intern_within(frames, MOST_STACKS, MOST_FRAMES)
    }

    fn intern_within(&mut self, frames: &[Frame], stacks: usize, all_frames: usize) -> StackId {
        if let Some(&number) = self.numbers.get(frames) {
            return StackId(number);
        }
        if self.all.len() >= stacks || self.frames + frames.len() > all_frames {
            self.others += 1;
            return StackId::OTHER;
        }
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let stack: Arc<[Frame]> = frames.into();
        self.frames += frames.len();
        self.all.push(Arc::clone(&stack));
        self.numbers.insert(stack, number);
        StackId(number)
    }

    /// The stacks by number; shares the frames.
    pub(crate) fn all(&self) -> Vec<Arc<[Frame]>> {
        self.all.clone()
    }

    /// Bytes held, about.
    pub(crate) fn bytes(&self) -> usize {
        self.frames * size_of::<Frame>() + self.all.len() * 64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_stacks_have_one_number_and_a_full_table_knows_those_it_has() {
        let mut stacks = Stacks::default();
        let stack = |n: u64| [Frame::Unknown(n), Frame::Unknown(1)];
        let first = stacks.intern_within(&stack(7), 2, 100);
        assert_eq!(stacks.intern_within(&stack(7), 2, 100), first);
        let second = stacks.intern_within(&stack(8), 2, 100);
        assert_ne!(first, second);
        assert_eq!(stacks.intern_within(&stack(9), 2, 100), StackId::OTHER);
        assert_eq!(stacks.intern_within(&stack(8), 2, 100), second);
        assert_eq!(&*stacks.all()[first.0 as usize], &stack(7));
    }

    #[test]
    fn deep_stacks_fill_the_table_by_their_frames() {
        let mut stacks = Stacks::default();
        let deep = vec![Frame::Unknown(1); 60];
        assert_ne!(stacks.intern_within(&deep, 1000, 100), StackId::OTHER);
        assert_eq!(stacks.intern_within(&deep[1..], 1000, 100), StackId::OTHER);
    }
}
