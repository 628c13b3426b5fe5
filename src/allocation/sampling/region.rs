//! Where sampled blocks live: address space of its own, so that "was this one sampled?" is one comparison on free.
//!
//! Eight classes of slots, 256 bytes to 32 KiB; a block takes the smallest slot that holds it. Each class has room for
//! as many slots as there can be sampled blocks, and memory only for those that were in use at once. A slot is used
//! again while its pages are warm. At a mean of 512 KiB about 1 block in 8,000 of 64 bytes lives here.

use std::alloc::Layout;
use std::io;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::numbers::Numbers;
use super::pages;

/// Blocks of this size and larger stay where the program's allocator puts them.
pub(super) const LARGE: usize = 32 * 1024;
const SMALLEST: usize = 256;
const CLASSES: usize = (LARGE / SMALLEST).ilog2() as usize + 1;
/// log2 of the slots of a class of the largest region.
pub(super) const MOST_BITS: u32 = 18;
/// A power of two. A region lies between two multiples of it.
pub(super) const SPAN: usize = SMALLEST << MOST_BITS << CLASSES;
/// Memory is opened in steps of this many bytes.
const STEP: usize = 64 * 1024;

/// Reserved address space for `2^bits` slots of each class: at least 2^8, so that each class begins with a step, and
/// at most 2^[`MOST_BITS`].
#[derive(Debug)]
pub(super) struct Region {
    start: *mut u8,
    /// log2 of the slots of a class.
    bits: u32,
    classes: [Class; CLASSES],
}

#[derive(Debug)]
struct Class {
    numbers: Numbers,
    /// Of each slot: its owner's word while it is taken, its link while it is free.
    words: &'static [AtomicU32],
    /// Bytes from the class's start that are memory.
    opened: AtomicUsize,
}

// SAFETY: the address space is never unmapped; a slot is reached only by who took its number.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

/// A slot of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    class: usize,
    number: u32,
}

impl Region {
    /// # Errors
    /// The system has no such address space to give.
    pub(super) fn reserve(bits: u32) -> io::Result<Self> {
        debug_assert!(SMALLEST << bits >= STEP && bits <= MOST_BITS);
        // Aligned to more than its size, it lies between two multiples of any larger power of two.
        let start = pages::reserve(Self::bytes_of(bits), SMALLEST << bits << CLASSES)?;
        // A huge page for one slot would be 512 times the memory.
        let _ = pages::advise(start, Self::bytes_of(bits), libc::MADV_NOHUGEPAGE);
        let class = |_| {
            // SAFETY: all zeroes is an atomic number.
            let words = unsafe { pages::zeroed(1 << bits) }?;
            Ok(Class {
                numbers: Numbers::new(1 << bits),
                words,
                opened: AtomicUsize::new(0),
            })
        };
        let classes: io::Result<Vec<Class>> = (0..CLASSES).map(class).collect();
        let classes = classes?.try_into();
        Ok(Self {
            start,
            bits,
            classes: classes.map_err(|_| io::ErrorKind::OutOfMemory)?,
        })
    }

    /// The multiple of [`SPAN`] that it lies behind.
    pub(super) fn span(&self) -> usize {
        self.start.addr() & !(SPAN - 1)
    }

    pub(super) fn contains(&self, place: *mut u8) -> bool {
        place.addr().wrapping_sub(self.start.addr()) < Self::bytes_of(self.bits)
    }

    /// All classes lie one behind the other, each twice the one before.
    fn bytes_of(bits: u32) -> usize {
        (SMALLEST << bits) * ((1 << CLASSES) - 1)
    }

    /// Whether a block of this layout has a class.
    pub(super) fn holds(layout: Layout) -> bool {
        layout.size() < LARGE && layout.align() <= LARGE
    }

    /// Room for a block whose owner's word is `word`; `None`: there is none, or no memory. The layout has a class.
    pub(super) fn take(&self, layout: Layout, word: u32) -> Option<*mut u8> {
        let wanted = layout.size().max(layout.align()).max(SMALLEST);
        let index = wanted.next_power_of_two().trailing_zeros() - SMALLEST.trailing_zeros();
        let class = self.classes.get(index as usize)?;
        let link = |number: u32| &class.words[number as usize];
        let number = class.numbers.take(link)?;
        let slot = Slot {
            class: index as usize,
            number,
        };
        if !self.is_open(slot) {
            class.numbers.give(number, link);
            return None;
        }
        link(number).store(word, Ordering::Relaxed);
        Some(self.address(slot))
    }

    /// The word of the block at `address`, which lies in the region.
    pub(super) fn word(&self, address: *mut u8) -> u32 {
        let slot = self.slot(address);
        self.classes[slot.class].words[slot.number as usize].load(Ordering::Relaxed)
    }

    /// Takes back the room of the block at `address`.
    pub(super) fn give(&self, address: *mut u8) {
        let slot = self.slot(address);
        let class = &self.classes[slot.class];
        class
            .numbers
            .give(slot.number, |number| &class.words[number as usize]);
    }

    /// Whether the slot has memory; it gets some if it has none.
    fn is_open(&self, slot: Slot) -> bool {
        let class = &self.classes[slot.class];
        let size = SMALLEST << slot.class;
        let end = (slot.number as usize + 1) * size;
        let opened = class.opened.load(Ordering::Acquire);
        if end <= opened {
            return true;
        }
        let most = size << self.bits;
        let until = end.next_multiple_of(STEP).min(most);
        let first = self.address(Slot { number: 0, ..slot });
        let is_open = pages::open(first.wrapping_add(opened), until - opened);
        if is_open {
            class.opened.fetch_max(until, Ordering::Release);
        }
        is_open
    }

    fn address(&self, slot: Slot) -> *mut u8 {
        let before = (SMALLEST << self.bits) * ((1 << slot.class) - 1);
        let into = slot.number as usize * (SMALLEST << slot.class);
        self.start.wrapping_add(before + into)
    }

    fn slot(&self, address: *mut u8) -> Slot {
        let into = address.addr().wrapping_sub(self.start.addr());
        let shift = SMALLEST.trailing_zeros() + self.bits;
        let class = (((into >> shift) + 1).ilog2() as usize).min(CLASSES - 1);
        let before = ((1 << class) - 1) << shift;
        let number = (into - before) / (SMALLEST << class);
        Slot {
            class,
            number: number as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn blocks_lie_apart_aligned_and_keep_their_word() {
        let region = Region::reserve(8).unwrap();
        let mut blocks = Vec::new();
        for (n, (size, align)) in [
            (1, 1),
            (256, 8),
            (257, 1),
            (64, 4096),
            (32_767, 16),
            (9, 32_768),
        ]
        .into_iter()
        .cycle()
        .take(60)
        .enumerate()
        {
            let layout = layout(size, align);
            assert!(Region::holds(layout));
            let block = region.take(layout, n as u32).unwrap();
            assert_eq!(block.addr() % align, 0, "{size} {align}");
            assert!(region.contains(block) && region.contains(block.wrapping_add(size - 1)));
            // SAFETY: the region says that so many bytes are there, and they are this test's.
            unsafe { block.write_bytes(n as u8, size) };
            blocks.push((block, size, n));
        }
        for (block, size, n) in blocks {
            // SAFETY: as above.
            let bytes = unsafe { std::slice::from_raw_parts(block, size) };
            assert!(bytes.iter().all(|byte| *byte == n as u8), "{n}");
            assert_eq!(region.word(block), n as u32);
            region.give(block);
        }
    }

    #[test]
    fn a_full_class_says_so_and_room_comes_back() {
        let region = Region::reserve(8).unwrap();
        let layout = layout(2000, 8);
        let mut blocks: Vec<_> = std::iter::from_fn(|| region.take(layout, 7)).collect();
        assert_eq!(blocks.len(), 256);
        let last = blocks.pop().unwrap();
        region.give(last);
        assert_eq!(region.take(layout, 7), Some(last));
        assert!(region.take(self::layout(100, 8), 7).is_some(), "others are");
    }

    #[test]
    fn every_slot_is_found_again() {
        let region = Region::reserve(8).unwrap();
        for class in 0..CLASSES {
            for number in 0..1 << 8 {
                let slot = Slot { class, number };
                assert_eq!(region.slot(region.address(slot)), slot);
            }
        }
        assert!(!Region::holds(layout(LARGE, 1)));
        assert!(!Region::holds(layout(1, 2 * LARGE)));
    }
}
