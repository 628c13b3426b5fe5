//! Rust's part of the heaps: what passes through `vecperf::Allocator`, and which allocator's statistics hold it too.

use std::alloc::Layout;
use std::hint::black_box;
use std::sync::OnceLock;

use super::HeapReading;
use crate::allocation;

/// What Rust code holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RustHeap {
    /// Bytes asked for and not freed yet.
    pub(crate) live: u64,
    /// Whose statistics count it too.
    pub(crate) within: Within,
}

/// Which allocator Rust's requests end in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    /// The one of this name.
    Allocator(&'static str),
    /// None of those that tell.
    NoneOfThem,
    /// Other threads allocated too much meanwhile for it to be found out.
    Unknown,
}

/// What Rust code holds now; `None` unless `vecperf::Allocator` is installed, once.
pub(in crate::memory) fn reading() -> Option<RustHeap> {
    let live = allocation::totals()?.live_bytes;
    Some(RustHeap {
        live,
        within: within(),
    })
}

/// Found out once, by a block of 1.25 MiB and more: best early, when the program is small.
pub(in crate::memory) fn within() -> Within {
    static FOUND: OnceLock<Within> = OnceLock::new();
    if let Some(found) = FOUND.get() {
        return *found;
    }
    let found = find(super::readings);
    if found != Within::Unknown {
        let _ = FOUND.set(found);
    }
    found
}

/// Sizes that neither glibc (whole pages) nor jemalloc (four sizes an octave) rounds up by much.
const SIZES: [usize; 5] = [5 << 18, 6 << 18, 7 << 18, 5 << 19, 6 << 19];
/// What an allocator may add to such a block, and what others may allocate meanwhile.
const SLACK: u64 = 64 << 10;

/// The allocator whose statistics grow with a block, and shrink when it is freed, by its size both times.
fn find(readings: impl Fn() -> Vec<HeapReading>) -> Within {
    let mut unmoved = 0;
    for size in SIZES {
        let before = readings();
        let Some(block) = Block::of(size) else {
            return Within::Unknown;
        };
        let with = readings();
        drop(block);
        let after = readings();
        let mut moved = false;
        for ((before, with), after) in before.iter().zip(&with).zip(&after) {
            let (size, grown) = (size as u64, with.in_use.saturating_sub(before.in_use));
            let shrunk = with.in_use.saturating_sub(after.in_use);
            let is_it = |change: u64| change >= size && change <= size + SLACK;
            if is_it(grown) && is_it(shrunk) {
                return Within::Allocator(before.allocator);
            }
            moved |= grown.max(shrunk) >= size / 2;
        }
        unmoved += u32::from(!moved);
    }
    // Once could be a coincidence.
    if unmoved >= 3 {
        Within::NoneOfThem
    } else {
        Within::Unknown
    }
}

/// A block from the program's allocator.
struct Block(*mut u8, Layout);

impl Block {
    fn of(size: usize) -> Option<Self> {
        let layout = Layout::from_size_align(size, 16).ok()?;
        if layout.size() == 0 {
            return None;
        }
        // SAFETY: the size is not zero.
        let block = black_box(unsafe { std::alloc::alloc(layout) });
        (!block.is_null()).then_some(Self(block, layout))
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and freed once.
        unsafe { std::alloc::dealloc(self.0, self.1) };
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// What an allocator says before, with and after each block.
    fn found(said: &[u64]) -> Within {
        let said = RefCell::new(said.iter().cycle());
        find(|| {
            let in_use = *said.borrow_mut().next().unwrap_or(&0);
            vec![HeapReading {
                allocator: "the other one",
                in_use,
                free: 0,
            }]
        })
    }

    #[test]
    fn one_that_does_not_move_is_not_it_and_noise_is_not_taken_for_an_answer() {
        assert_eq!(found(&[100]), Within::NoneOfThem);
        assert_eq!(found(&[100, 5000, 90]), Within::NoneOfThem);
        assert_eq!(found(&[100, 100 << 20, 7]), Within::Unknown);
    }

    #[test]
    fn one_that_moves_with_the_block_is_it() {
        let size = SIZES[0] as u64;
        assert_eq!(
            found(&[100, 100 + size + 4096, 300]),
            Within::Allocator("the other one")
        );
    }

    /// This process's allocator is glibc's, or none that tells. Tests beside this one allocate, too.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[test]
    fn the_allocator_of_this_process_is_found() {
        if super::super::readings().is_empty() {
            return; // glibc before 2.33
        }
        let mut tries = (0..10_000).map(|_| find(super::super::readings));
        assert!(tries.any(|found| found == Within::Allocator("malloc (glibc)")));
    }
}
