//! Whether the program's allocator is ours: tried with one allocation.

use std::alloc::Layout;
use std::hint::black_box;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use super::threads;

/// How [`Allocator`](super::Allocator) stands in the way of this program's allocations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Installation {
    /// Not at all: allocations cannot be counted.
    Absent,
    /// As it should: each is counted once.
    Once,
    /// Wrapped around itself: each would be counted more than once, so nothing is told.
    Twice,
}

impl Installation {
    /// Why allocations are not counted, and what to change; `None`: they are.
    pub(crate) const fn lack(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Absent => Some((
                "vecperf::Allocator is not this program's allocator",
                "install vecperf::Allocator: #[global_allocator] static ALLOCATOR: vecperf::Allocator = vecperf::Allocator::system();",
            )),
            Self::Once => None,
            Self::Twice => Some((
                "vecperf::Allocator is wrapped around itself and would count twice",
                "install it once",
            )),
        }
    }
}

/// 0: not tried yet.
static FOUND: AtomicU8 = AtomicU8::new(0);

/// Whether this program's `#[global_allocator]` is an [`Allocator`](super::Allocator). The first call allocates a word to
/// find out; later ones cost a load.
pub fn installation() -> Installation {
    match FOUND.load(Relaxed) {
        0 => find(),
        1 => Installation::Absent,
        2 => Installation::Once,
        _ => Installation::Twice,
    }
}

/// Whether stretches are counted: found out already, and [`Installation::Once`].
#[inline(always)]
pub(super) fn counts() -> bool {
    FOUND.load(Relaxed) == 2
}

#[cold]
fn find() -> Installation {
    let layout = Layout::new::<u64>();
    let before = threads::allocations_here();
    // SAFETY: the size is not zero.
    let place = black_box(unsafe { std::alloc::alloc(layout) });
    let seen = threads::allocations_here().wrapping_sub(before);
    if place.is_null() {
        // Out of memory: told next time.
        return Installation::Absent;
    }
    // SAFETY: allocated above, with this layout.
    unsafe { std::alloc::dealloc(place, layout) };
    let (found, number) = match seen {
        0 => (Installation::Absent, 1),
        1 => (Installation::Once, 2),
        _ => (Installation::Twice, 3),
    };
    FOUND.store(number, Relaxed);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_binary_has_another_allocator() {
        assert_eq!(installation(), Installation::Absent);
        assert_eq!(super::super::totals(), None);
    }
}
