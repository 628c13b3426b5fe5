//! How many bytes of stack a sample should carry: as few as the program's stacks need, for copying them is most of
//! what a sample costs.

use crate::cpu::unwind::{End, Unwound};

const KIB: usize = 1024;
/// The smallest, the first and the largest size.
const SIZES: [usize; 3] = [8 * KIB, 16 * KIB, 32 * KIB];
/// Samples that a decision rests on.
const SAMPLES: usize = 500;
/// Smaller stacks are enough when all but one in so many need less than so much.
const DEEP: usize = 100;
const SMALL: usize = 7 * KIB;
/// Larger ones are needed when more than one in this many is cut off.
const CUT_OFF: usize = 50;

/// Watches what samples need.
#[derive(Debug, Default)]
pub(crate) struct StackSize {
    /// Samples since the last decision.
    samples: usize,
    /// Of them, those that needed more than a small stack.
    deep: usize,
    truncated: usize,
    /// Too small was seen: it does not go down again.
    grown: bool,
}

impl StackSize {
    pub(crate) fn note(&mut self, unwound: Unwound) {
        self.samples += 1;
        self.deep += usize::from(unwound.depth_bytes >= SMALL);
        self.truncated += usize::from(unwound.end == End::Truncated);
    }

    /// The size to ask for instead of `bytes`, when it is time and there is a better one.
    pub(crate) fn wish(&mut self, bytes: usize) -> Option<usize> {
        if self.samples < SAMPLES {
            return None;
        }
        let cut_off = self.truncated > self.samples / CUT_OFF;
        let grown = self.grown || cut_off;
        let wish = if cut_off {
            SIZES.into_iter().find(|&size| size > bytes)
        } else if !grown && self.deep < self.samples / DEEP {
            SIZES.into_iter().find(|&size| size < bytes)
        } else {
            None
        };
        *self = Self {
            grown,
            ..Self::default()
        };
        wish
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(
        size: &mut StackSize,
        now: usize,
        depth_bytes: usize,
        truncated: usize,
    ) -> Option<usize> {
        for n in 0..SAMPLES {
            assert_eq!(size.wish(now), None, "too early");
            let end = if n < truncated {
                End::Truncated
            } else {
                End::Root
            };
            size.note(Unwound { end, depth_bytes });
        }
        size.wish(now)
    }

    #[test]
    fn flat_programs_get_small_stacks() {
        let mut size = StackSize::default();
        assert_eq!(after(&mut size, SIZES[1], 5000, 0), Some(SIZES[0]));
        assert_eq!(after(&mut size, SIZES[0], 5000, 0), None, "it is smallest");
        assert_eq!(after(&mut size, SIZES[1], SMALL, 0), None, "not that flat");
    }

    #[test]
    fn deep_programs_get_large_ones_and_keep_them() {
        let mut size = StackSize::default();
        assert_eq!(after(&mut size, SIZES[1], 9000, 10), None, "2 % is allowed");
        assert_eq!(after(&mut size, SIZES[1], 9000, 11), Some(SIZES[2]));
        assert_eq!(after(&mut size, SIZES[2], 9000, 400), None, "it is largest");
        assert_eq!(after(&mut size, SIZES[2], 100, 0), None, "no flapping");
    }
}
