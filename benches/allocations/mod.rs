//! Patterns of allocating and freeing, for the benchmarks of allocators, with and without the peers.

use std::alloc::{GlobalAlloc, Layout};
use std::hint::black_box;
use std::ptr;

use crate::rounds::Case;

/// Blocks that are live at once in the mixed pattern.
const LIVE: usize = 1024;
/// Sizes of the mixed pattern, drawn once: 16 B to 8 KiB by powers of two, one in 64 of 32 KiB.
const SIZES: usize = 4096;

/// A pattern, by name.
#[derive(Clone, Copy)]
pub(crate) enum Pattern {
    /// 64 bytes, freed at once.
    Small,
    /// Random sizes, freed at random, 1,024 live.
    Mixed,
}

impl Pattern {
    pub(crate) const ALL: [(Self, &'static str); 2] = [
        (Self::Small, "64 B, freed at once"),
        (Self::Mixed, "16 B to 32 KiB, 1,024 live"),
    ];

    /// `allocator` in this pattern.
    pub(crate) fn case<'a, A: GlobalAlloc + Sync>(
        self,
        name: impl Into<String>,
        allocator: &'a A,
    ) -> Case<'a> {
        // Short, so that on a busy machine most rounds run without being interrupted.
        let repeats = match self {
            Self::Small => 20_000,
            Self::Mixed => 10_000,
        };
        self.case_of(name, allocator, repeats)
    }

    /// The same with so many repeats in a round.
    pub(crate) fn case_of<'a, A: GlobalAlloc + Sync>(
        self,
        name: impl Into<String>,
        allocator: &'a A,
        repeats: u64,
    ) -> Case<'a> {
        match self {
            Self::Small => Case::new(name, repeats, move |n| small(allocator, n)),
            Self::Mixed => {
                let sizes = sizes();
                Case::new(name, repeats, move |n| mixed(allocator, n, &sizes))
            }
        }
    }
}

fn small<A: GlobalAlloc>(allocator: &A, n: u64) {
    let layout = Layout::new::<[u64; 8]>();
    for _ in 0..n {
        let place = allocate(allocator, layout);
        black_box(place);
        free(allocator, place, layout);
    }
}

fn mixed<A: GlobalAlloc>(allocator: &A, n: u64, sizes: &[Layout; SIZES]) {
    let mut live: [(*mut u8, Layout); LIVE] = [(ptr::null_mut(), Layout::new::<u8>()); LIVE];
    let mut random = 0x9e37_79b9_7f4a_7c15;
    for _ in 0..n {
        next(&mut random);
        let slot = &mut live[random as usize % LIVE];
        if !slot.0.is_null() {
            free(allocator, slot.0, slot.1);
        }
        let layout = sizes[(random >> 20) as usize % SIZES];
        *slot = (allocate(allocator, layout), layout);
    }
    for (place, layout) in live {
        if !place.is_null() {
            free(allocator, place, layout);
        }
    }
}

/// Calls, as the compiler's `__rust_alloc` is one.
#[inline(never)]
fn allocate<A: GlobalAlloc>(allocator: &A, layout: Layout) -> *mut u8 {
    // SAFETY: no layout here is of size zero.
    let place = unsafe { allocator.alloc(layout) };
    if !place.is_null() {
        // SAFETY: the block is its caller's, and holds at least a byte.
        unsafe { place.write(1) };
    }
    place
}

#[inline(never)]
fn free<A: GlobalAlloc>(allocator: &A, place: *mut u8, layout: Layout) {
    if !place.is_null() {
        // SAFETY: from `allocate`, with the same layout, and freed once.
        unsafe { allocator.dealloc(place, layout) }
    }
}

fn sizes() -> Box<[Layout; SIZES]> {
    let mut random = 99;
    let layouts = std::array::from_fn(|_| {
        next(&mut random);
        let power = 4 + random % 9;
        let size = if random.is_multiple_of(64) {
            32_768
        } else {
            (1 << power) + (random >> 20) % (1 << power)
        };
        Layout::from_size_align(size as usize, 8).unwrap_or(Layout::new::<u64>())
    });
    Box::new(layouts)
}

fn next(random: &mut u64) {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
}
