//! Where nothing is sampled: builds without the CPU profiler's unwinder, other systems than Linux, and processors whose
//! registers are not known here.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicU64, Ordering};

#[cold]
pub(super) fn due(_: u64, until: &AtomicU64, most: u64) -> bool {
    until.store(most, Ordering::Relaxed);
    false
}

#[inline(always)]
pub(super) fn may_be(_: *mut u8, _: usize) -> bool {
    false
}

/// # Safety
/// None is needed.
pub(super) unsafe fn keep(_: &impl GlobalAlloc, place: *mut u8, _: Layout, _: usize) -> *mut u8 {
    place
}

/// # Safety
/// None is needed.
pub(super) unsafe fn release(_: *mut u8, _: Layout) -> bool {
    false
}

/// # Safety
/// As `GlobalAlloc::realloc`.
pub(super) unsafe fn reallocate(
    inner: &impl GlobalAlloc,
    place: *mut u8,
    layout: Layout,
    size: usize,
) -> *mut u8 {
    // SAFETY: as the caller says.
    unsafe { inner.realloc(place, layout, size) }
}
