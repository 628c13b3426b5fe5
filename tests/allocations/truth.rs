//! What really passed: an allocator below the one under test, which counts with shared atomics what succeeded.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use vecperf::allocation::{Totals, totals};

/// As the allocator in it, but fails at sizes that no test asks for by chance.
pub(crate) struct Truth<A = System>(A);

/// An allocation of this size fails.
pub(crate) const FAILS: usize = 123_457;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static DEALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static ALLOCATED: AtomicU64 = AtomicU64::new(0);
static FREED: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

impl Truth {
    pub(crate) const fn new() -> Self {
        Self::of(System)
    }
}

impl<A> Truth<A> {
    pub(crate) const fn of(allocator: A) -> Self {
        Self(allocator)
    }

    fn allocated(place: *mut u8, size: usize) -> *mut u8 {
        if !place.is_null() {
            ALLOCATIONS.fetch_add(1, SeqCst);
            ALLOCATED.fetch_add(size as u64, SeqCst);
            let live = LIVE.fetch_add(size as i64, SeqCst) + size as i64;
            PEAK.fetch_max(live, SeqCst);
        }
        place
    }

    fn freed(size: usize) {
        DEALLOCATIONS.fetch_add(1, SeqCst);
        FREED.fetch_add(size as u64, SeqCst);
        LIVE.fetch_sub(size as i64, SeqCst);
    }
}

unsafe impl<A: GlobalAlloc> GlobalAlloc for Truth<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() == FAILS {
            return std::ptr::null_mut();
        }
        Self::allocated(unsafe { self.0.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.size() == FAILS {
            return std::ptr::null_mut();
        }
        Self::allocated(unsafe { self.0.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        Self::freed(layout.size());
        unsafe { self.0.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size == FAILS {
            return std::ptr::null_mut();
        }
        let moved = unsafe { self.0.realloc(place, layout, size) };
        if !moved.is_null() {
            Self::freed(layout.size());
            Self::allocated(moved, size);
        }
        moved
    }
}

/// The truth in the words of the totals, peak included.
pub(crate) fn truth() -> Totals {
    let (allocated, freed) = (ALLOCATED.load(SeqCst), FREED.load(SeqCst));
    Totals {
        allocations: ALLOCATIONS.load(SeqCst),
        deallocations: DEALLOCATIONS.load(SeqCst),
        allocated_bytes: allocated,
        freed_bytes: freed,
        live_bytes: allocated.wrapping_sub(freed),
        peak_bytes: PEAK.load(SeqCst) as u64,
    }
}

/// Waits for a moment at which no other thread is between the two counts. What was lost once stays lost, so a moment
/// of equality says that nothing was.
pub(crate) fn assert_equal_to_the_truth() {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        let before = truth();
        let counted = totals().expect("installed in this binary");
        let same = |truth: Totals| {
            Totals {
                peak_bytes: 0,
                ..truth
            } == Totals {
                peak_bytes: 0,
                ..counted
            }
        };
        if same(before) && same(truth()) {
            return;
        }
        assert!(
            Instant::now() < patience,
            "counted {counted:?}\ntruth   {before:?}"
        );
        std::thread::yield_now();
    }
}
