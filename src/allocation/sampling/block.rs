//! What the allocator does with sampled blocks. All of it is cold but [`may_be`].

use std::alloc::{GlobalAlloc, Layout};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::copies::Copies;
use super::entries::{Entry, NO_STACK};
use super::region::{LARGE, Region, SPAN};
use super::session::{self, Tables};
use super::thread;
use crate::allocation::threads;

/// Where the region lies: the first address of the [`SPAN`] bytes that hold it. A cache line of its own, which every
/// release of a block reads, and one word, so that no thread sees half of it.
#[repr(align(128))]
pub(super) struct Around(AtomicUsize);

pub(super) static AROUND: Around = Around::nothing();

impl Around {
    /// Where no process has addresses.
    const fn nothing() -> Self {
        Self(AtomicUsize::new(1 << (usize::BITS - 1)))
    }

    pub(super) fn set(&self, region: &Region) {
        self.0.store(region.span(), Ordering::Release);
    }

    /// Whether the region may hold the place: false says that it does not.
    #[inline(always)]
    fn is(&self, place: *mut u8) -> bool {
        place.addr() ^ self.0.load(Ordering::Relaxed) < SPAN
    }
}

/// Whether the block may be a sampled one: false says that it is not.
#[inline(always)]
pub(in crate::allocation) fn may_be(place: *mut u8, size: usize) -> bool {
    AROUND.is(place) | (size >= LARGE)
}

/// Samples a block that was just allocated from `inner`, and gives where it is now: small ones move. The first `keep`
/// bytes of its contents stay; the rest of it, if that moves, is not initialised.
///
/// # Safety
/// The block is the caller's, of this layout, from `inner`; nobody else knows it yet.
#[cold]
#[inline(never)]
pub(in crate::allocation) unsafe fn keep(
    inner: &impl GlobalAlloc,
    place: *mut u8,
    layout: Layout,
    keep: usize,
) -> *mut u8 {
    let Some(tables) = Tables::get().filter(|tables| tables.is_ours()) else {
        return place;
    };
    let errno = Errno::save();
    // SAFETY: as the caller says.
    let moved = unsafe { tables.keep(inner, place, layout, keep) };
    if moved.is_none() {
        tables.lost.fetch_add(1, Ordering::Relaxed);
    }
    errno.restore();
    moved.unwrap_or(place)
}

impl Tables {
    /// `None`: there is no room for it.
    ///
    /// # Safety
    /// As [`keep`].
    unsafe fn keep(
        &self,
        inner: &impl GlobalAlloc,
        place: *mut u8,
        layout: Layout,
        keep: usize,
    ) -> Option<*mut u8> {
        let number = self.entries.take()?;
        let kept = if Region::holds(layout) {
            self.region.take(layout, number)
        } else {
            let is_large = layout.size() >= LARGE;
            (is_large && self.large.insert(place, number)).then_some(place)
        };
        let Some(kept) = kept else {
            self.entries.give(number);
            return None;
        };
        if kept != place {
            // SAFETY: both have room for that many bytes and lie apart.
            unsafe { ptr::copy_nonoverlapping(place, kept, keep.min(layout.size())) };
            // SAFETY: the block is the caller's, and is not used any longer.
            unsafe { inner.dealloc(place, layout) };
        }
        self.fill(self.entries.get(number), layout.size());
        self.taken.fetch_add(1, Ordering::Relaxed);
        self.entries.tell_born(number);
        Some(kept)
    }

    fn fill(&self, entry: &Entry, bytes: usize) {
        let copy = Copies::copy(&self.copies);
        if copy.is_none() {
            self.without_stack.fetch_add(1, Ordering::Relaxed);
        }
        entry.bytes.store(bytes, Ordering::Relaxed);
        entry.session.store(session::under_way(), Ordering::Relaxed);
        entry
            .stack
            .store(copy.map_or(NO_STACK, |copy| copy.0), Ordering::Relaxed);
        entry.thread.store(thread::number(), Ordering::Relaxed);
        entry
            .phase
            .store(self.phase.load(Ordering::Relaxed), Ordering::Relaxed);
        entry.temporary.store(false, Ordering::Relaxed);
        let under_way = threads::under_way();
        entry
            .operation
            .store(under_way.operation, Ordering::Relaxed);
        entry.stretch.store(under_way.number, Ordering::Relaxed);
        entry.stretch_at.store(under_way.at, Ordering::Relaxed);
        self.waiting(copy.map_or(0, |copy| copy.1));
    }

    /// The entry's block was freed.
    fn ended(&self, number: u32) {
        let entry = self.entries.get(number);
        let stretch = entry.stretch.load(Ordering::Relaxed);
        let at = entry.stretch_at.load(Ordering::Relaxed);
        let is_same = stretch != 0 && threads::is_under_way(at, stretch);
        entry.temporary.store(is_same, Ordering::Relaxed);
        self.entries.tell_freed(number);
    }
}

/// The block is about to be freed. True: its room was ours, and is given back; the inner allocator does not know it.
///
/// # Safety
/// The block is the caller's, and is not used any longer.
#[cold]
#[inline(never)]
pub(in crate::allocation) unsafe fn release(place: *mut u8, layout: Layout) -> bool {
    let Some(tables) = Tables::get() else {
        return false;
    };
    let is_small = tables.region.contains(place);
    if !tables.is_ours() {
        return is_small;
    }
    if is_small {
        let number = tables.region.word(place);
        tables.region.give(place);
        tables.ended(number);
        return true;
    }
    if layout.size() >= LARGE
        && let Some(number) = tables.large.remove(place)
    {
        tables.ended(number);
    }
    false
}

/// Reallocates a block that may be a sampled one, as a release and an allocation; null: it stays as it is.
///
/// # Safety
/// As `GlobalAlloc::realloc`, where the block is `inner`'s or the region's.
#[cold]
#[inline(never)]
pub(in crate::allocation) unsafe fn reallocate(
    inner: &impl GlobalAlloc,
    place: *mut u8,
    layout: Layout,
    size: usize,
) -> *mut u8 {
    let tables = Tables::get();
    if tables.is_some_and(|tables| tables.region.contains(place)) {
        // SAFETY: the caller's promise: `size` is not too large for this alignment.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: `size` is not zero.
        let moved = unsafe { inner.alloc(new) };
        if !moved.is_null() {
            // SAFETY: both have room for that many bytes; the new one lies apart.
            unsafe { ptr::copy_nonoverlapping(place, moved, layout.size().min(size)) };
            // SAFETY: the block is the caller's and has moved.
            unsafe { release(place, layout) };
        }
        return moved;
    }
    let tables = tables.filter(|tables| tables.is_ours());
    // Before its place can become another block's.
    let number = tables.and_then(|tables| tables.large.remove(place));
    // SAFETY: as the caller says; it is not the region's.
    let moved = unsafe { inner.realloc(place, layout, size) };
    if let (Some(tables), Some(number)) = (tables, number) {
        // A block that stays keeps its entry, for which there was room a moment ago.
        if !moved.is_null() || !tables.large.insert(place, number) {
            tables.ended(number);
        }
    }
    moved
}

/// What a system call may overwrite and the program may look at after an allocation.
struct Errno {
    place: *mut libc::c_int,
    value: libc::c_int,
}

impl Errno {
    fn save() -> Self {
        // SAFETY: takes nothing; gives the address of the calling thread's errno.
        let place = unsafe { libc::__errno_location() };
        // SAFETY: as above.
        let value = unsafe { *place };
        Self { place, value }
    }

    fn restore(self) {
        // SAFETY: the thread is the same one.
        unsafe { *self.place = self.value };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_around_the_region_is_looked_at() {
        let region = Region::reserve(8).unwrap();
        let (around, nothing) = (Around::nothing(), Around::nothing());
        around.set(&region);
        let at = std::ptr::without_provenance_mut;
        let span = region.span();
        let places = [
            span,
            span + SPAN - 1,
            span - 1,
            span + SPAN,
            0x1000,
            usize::MAX >> 17,
        ];
        assert_eq!(
            places.map(|place| around.is(at(place))),
            [true, true, false, false, false, false]
        );
        assert_eq!(places.map(|place| nothing.is(at(place))), [false; 6]);
        let block = region.take(Layout::new::<u64>(), 7).unwrap();
        assert!(around.is(block) && !nothing.is(block));
    }
}
