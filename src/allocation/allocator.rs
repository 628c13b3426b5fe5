//! The wrapper around any allocator, for `#[global_allocator]`.

use std::alloc::{GlobalAlloc, Layout, System};

use super::{sampling, threads};

/// Counts what passes through the allocator that it wraps.
///
/// ```standalone_crate
/// #[global_allocator]
/// static ALLOCATOR: vecperf::Allocator = vecperf::Allocator::system();
///
/// let before = vecperf::allocation::totals().expect("installed above");
/// let vector = vec![0_u8; 1 << 20];
/// let after = vecperf::allocation::totals().expect("installed above");
/// assert!(after.allocated_bytes - before.allocated_bytes >= 1 << 20);
/// # drop(vector);
/// ```
///
/// Any other allocator goes in as it is: `Allocator::new(mimalloc::MiMalloc)`.
///
/// Each thread counts into cells that it alone writes, so an allocation and its release together cost a few ns more
/// than without, on any number of threads (docs/measuring/memory.md in vecperf's repository has the figures). What one thread
/// allocates and another frees is counted by each where it happened; the sums are right. The wrapper itself allocates
/// nothing: a thread's cells are a page from the kernel, and go to another thread when it ends.
///
/// - A reallocation counts as one allocation of the new size and one deallocation of the old size.
/// - An allocation that failed is not counted.
/// - Sizes are those that the program asked for, without what the wrapped allocator adds.
/// - C and C++ code does not allocate through it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allocator<A = System> {
    inner: A,
}

impl Allocator {
    /// Counts what passes through the system's allocator.
    pub const fn system() -> Self {
        Self::new(System)
    }
}

impl<A> Allocator<A> {
    /// Counts what passes through `inner`.
    pub const fn new(inner: A) -> Self {
        Self { inner }
    }

    /// The wrapped allocator, e.g. to ask it for its own statistics.
    pub const fn inner(&self) -> &A {
        &self.inner
    }
}

// SAFETY: every call goes on to `inner` as it came, and its answer comes back as it is; but for sampled blocks, whose
// memory is another of at least that size and alignment, and comes back here when they are freed. Counting neither
// unwinds nor allocates.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Allocator<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`.
        let place = unsafe { self.inner.alloc(layout) };
        if !place.is_null() && threads::allocated(layout.size()) {
            // SAFETY: just allocated from `inner`, and nobody else knows it.
            return unsafe { attend(&self.inner, place, layout, 0) };
        }
        place
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        let place = unsafe { self.inner.alloc_zeroed(layout) };
        if !place.is_null() && threads::allocated(layout.size()) {
            // SAFETY: just allocated from `inner`, and nobody else knows it.
            return unsafe { attend(&self.inner, place, layout, layout.size()) };
        }
        place
    }

    #[inline]
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        if threads::freed(layout.size()) | sampling::may_be(place, layout.size()) {
            // SAFETY: the block is the caller's to free.
            return unsafe { settle(&self.inner, place, layout) };
        }
        // SAFETY: the caller keeps the contract of `dealloc`; `place` came from `inner`.
        unsafe { self.inner.dealloc(place, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let moved = if sampling::may_be(place, layout.size()) {
            // SAFETY: the caller keeps the contract of `realloc`; `place` came from `inner` or is a sampled block's.
            unsafe { sampling::reallocate(&self.inner, place, layout, size) }
        } else {
            // SAFETY: the caller keeps the contract of `realloc`; `place` came from `inner`.
            unsafe { self.inner.realloc(place, layout, size) }
        };
        if !moved.is_null() && threads::reallocated(layout.size(), size) {
            // SAFETY: the caller's promise: the size is not too large for this alignment.
            let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
            // SAFETY: just allocated from `inner`, and nobody else knows it.
            return unsafe { sampling::keep(&self.inner, moved, new, size) };
        }
        moved
    }
}

/// What is rarely to be done for a block; the block that the caller gets, of which `filled` bytes are kept.
///
/// # Safety
/// `place` was just allocated from `inner` with `layout`, and nobody else knows it.
#[cold]
#[inline(never)]
unsafe fn attend<A: GlobalAlloc>(
    inner: &A,
    place: *mut u8,
    layout: Layout,
    filled: usize,
) -> *mut u8 {
    if threads::attend(layout.size()) {
        // SAFETY: the caller's promise.
        unsafe { sampling::keep(inner, place, layout, filled) }
    } else {
        place
    }
}

/// What is rarely to be done for a block that is freed, and its release.
///
/// # Safety
/// The block is the caller's to free, of this layout, from `inner` or a sampled one's.
#[cold]
#[inline(never)]
unsafe fn settle<A: GlobalAlloc>(inner: &A, place: *mut u8, layout: Layout) {
    threads::settle(layout.size());
    // SAFETY: the caller's promise; without a look it is not a sampled one.
    let was_ours =
        sampling::may_be(place, layout.size()) && unsafe { sampling::release(place, layout) };
    if !was_ours {
        // SAFETY: the caller's promise; it came from `inner`.
        unsafe { inner.dealloc(place, layout) }
    }
}
