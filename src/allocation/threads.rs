//! Whose cells are whose. A thread takes cells at its first event; when it ends they go, as they are, to the next one:
//! counts are cumulative, so nothing has to be folded and nothing can be lost. Memory follows the threads alive at once.
//!
//! Threads that have none share cells: those that are past their end, all where the kernel gives no page or the C
//! library no key, and all on systems where nobody tells that a thread ended.

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

use super::cells::{Cells, Counted, SharedCells};
use super::spent::Spent;
use super::stretches::Stretches;
#[cfg(all(
    feature = "cpu",
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
use super::stretches::UnderWay;

/// One thread's page.
#[repr(C)]
pub(super) struct Own {
    pub(super) cells: Cells,
    /// A thread has it.
    taken: AtomicBool,
    /// The one made before it; never changed once it is in the list.
    next: AtomicPtr<Own>,
    stretches: Stretches,
}

/// All that were ever made, the newest first. None is ever unmade.
static ALL: AtomicPtr<Own> = AtomicPtr::new(ptr::null_mut());
static MADE: AtomicU32 = AtomicU32::new(0);
static SHARED: SharedCells = SharedCells::new();

thread_local! {
    // No destructor and constant initialisation: finding the cells is one load, allocates nothing and works until the
    // thread's very end.
    static OWN: Cell<*const Own> = const { Cell::new(ptr::null()) };
    static ENDED: Cell<bool> = const { Cell::new(false) };
    /// Allocations that this thread counted into the shared cells.
    static SHARED_ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// Counts a block; whether [`attend`] has to be called.
#[inline(always)]
#[must_use]
pub(super) fn allocated(size: usize) -> bool {
    own().is_none_or(|own| own.cells.allocated(size as u64))
}

/// What is left to do for a block of this size; whether it is to be sampled.
pub(super) fn attend(size: usize) -> bool {
    match own() {
        Some(own) => own.cells.attend(),
        // It was not counted, either.
        None => allocated_without(size),
    }
}

/// Counts the release of a block; whether [`settle`] has to be called.
#[inline(always)]
#[must_use]
pub(super) fn freed(size: usize) -> bool {
    own().is_none_or(|own| own.cells.freed(size as u64))
}

/// What is left to do for the release of a block of this size.
pub(super) fn settle(size: usize) {
    match own() {
        Some(own) => own.cells.settle(),
        // It was not counted, either.
        None => freed_without(size),
    }
}

/// Whether the new block is to be sampled.
#[inline(always)]
pub(super) fn reallocated(old: usize, new: usize) -> bool {
    match own() {
        Some(own) => own.cells.reallocated(old as u64, new as u64),
        None => {
            freed_without(old);
            allocated_without(new)
        }
    }
}

/// The calling thread's page, if it has one already.
#[inline(always)]
fn own() -> Option<&'static Own> {
    // SAFETY: null, or a page in the list, which stays for as long as the process does.
    unsafe { OWN.get().as_ref() }
}

#[cold]
#[inline(never)]
fn allocated_without(size: usize) -> bool {
    match take() {
        Some(own) => own.cells.allocated(size as u64) && own.cells.attend(),
        None => {
            SHARED_ALLOCATIONS.set(SHARED_ALLOCATIONS.get().wrapping_add(1));
            SHARED.allocated(size as u64);
            false
        }
    }
}

#[cold]
#[inline(never)]
fn freed_without(size: usize) {
    match take() {
        Some(own) if own.cells.freed(size as u64) => own.cells.settle(),
        Some(_) => {}
        None => SHARED.freed(size as u64),
    }
}

/// Every thread finds out anew, at its next allocation, when it is sampled.
#[cfg(all(
    feature = "cpu",
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
pub(super) fn sample_anew() {
    all().for_each(|own| own.cells.attend_at.store(0, Ordering::Release));
}

/// Begins a stretch of the calling thread, of the operation with this number; the stretch's own, or 0: not counted.
#[inline]
pub(super) fn begin(operation: u32) -> u64 {
    let own = own().or_else(take);
    own.map_or(0, |own| own.stretches.begin(&own.cells, operation))
}

/// The calling thread's innermost stretch; one with the number 0 where there is none.
#[cfg(all(
    feature = "cpu",
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
pub(super) fn under_way() -> UnderWay {
    let under_way = own().and_then(|own| own.stretches.under_way());
    under_way.unwrap_or_default()
}

/// Whether a stretch of the calling thread is at this place still.
#[cfg(all(
    feature = "cpu",
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
pub(super) fn is_under_way(at: u32, number: u64) -> bool {
    own().is_some_and(|own| own.stretches.is_under_way(at, number))
}

#[inline]
pub(super) fn end(number: u64) -> Option<Spent> {
    let spent = own().and_then(|own| own.stretches.end(&own.cells, number));
    spent.or_else(|| lose(number))
}

#[inline]
pub(super) fn end_poll(number: u64) -> Option<Spent> {
    let spent = own().and_then(|own| own.stretches.end_poll(&own.cells, number));
    spent.or_else(|| lose(number))
}

/// The stretch with this number ended on the calling thread, and may be another one's.
#[cold]
#[inline(never)]
fn lose(number: u64) -> Option<Spent> {
    let page = Stretches::page_of(number);
    if let Some(own) = all().find(|own| own.stretches.page() == page) {
        own.stretches.ended_elsewhere(number);
    }
    None
}

/// Where the calling thread's counts are, and how high they were.
pub(super) fn mark() -> Option<(Counted, i64)> {
    let own = own().or_else(take)?;
    Some((own.cells.counted(), own.cells.height()))
}

/// What the calling thread did since `mark` belongs to no stretch.
pub(super) fn leave_out(mark: (Counted, i64)) {
    if let Some(own) = own() {
        own.stretches.leave_out(&own.cells, mark.0, mark.1);
    }
}

/// Allocations that the calling thread counted.
pub(super) fn allocations_here() -> u64 {
    let own = own().map_or(0, |own| own.cells.counted().allocations);
    own.wrapping_add(SHARED_ALLOCATIONS.get())
}

/// What all threads counted, those that ended included.
pub(super) fn counted() -> impl Iterator<Item = Counted> {
    let own = all().map(|own| own.cells.counted());
    own.chain([SHARED.counted()])
}

fn all() -> impl Iterator<Item = &'static Own> {
    // SAFETY: null, or a page in the list, which stays for as long as the process does.
    let listed = |place: &AtomicPtr<Own>| unsafe { place.load(Ordering::Acquire).as_ref() };
    std::iter::successors(listed(&ALL), move |own: &&Own| listed(&own.next))
}

/// A page for the calling thread: its own, one that nobody has, or a new one.
#[cold]
fn take() -> Option<&'static Own> {
    if let Some(own) = own() {
        return Some(own);
    }
    if ENDED.get() {
        return None;
    }
    let own = all().find(|own| own.claim()).or_else(make)?;
    if !end::announce(own) {
        own.give_back();
        return None;
    }
    own.cells.attend_at.store(0, Ordering::Relaxed); // the one before was another thread's
    OWN.set(own);
    Some(own)
}

/// A new page, in the list and taken.
fn make() -> Option<&'static Own> {
    let place = end::page()?.cast::<Own>();
    let made = Own {
        cells: Cells::new(),
        taken: AtomicBool::new(true),
        next: AtomicPtr::new(ptr::null_mut()),
        stretches: Stretches::new(MADE.fetch_add(1, Ordering::Relaxed).wrapping_add(1)),
    };
    // SAFETY: a fresh page of the kernel's, large and aligned enough, which nobody else knows.
    unsafe { place.write(made) };
    // SAFETY: written above; nothing takes it back.
    let own = unsafe { &*place };
    let mut first = ALL.load(Ordering::Relaxed);
    loop {
        own.next.store(first, Ordering::Relaxed);
        let order = (Ordering::Release, Ordering::Relaxed);
        match ALL.compare_exchange_weak(first, place, order.0, order.1) {
            Ok(_) => return Some(own),
            Err(newer) => first = newer,
        }
    }
}

impl Own {
    fn claim(&self) -> bool {
        let order = (Ordering::Acquire, Ordering::Relaxed);
        !self.taken.load(Ordering::Relaxed)
            && self
                .taken
                .compare_exchange(false, true, order.0, order.1)
                .is_ok()
    }

    /// To be had by another thread, whose claim orders what this one wrote before what it writes.
    fn give_back(&self) {
        self.taken.store(false, Ordering::Release);
    }
}

/// The thread is at its end: what still comes from it is counted into the shared cells.
#[cfg(target_os = "linux")]
fn leave(own: &Own) {
    OWN.set(ptr::null());
    ENDED.set(true);
    own.cells.tell();
    own.stretches.close();
    own.give_back();
}

/// Pages, and being told of a thread's end: by a key of the C library, whose destructor runs after those of Rust's
/// thread-locals, so that what they free is still the thread's own.
#[cfg(target_os = "linux")]
mod end {
    use std::ffi::c_void;
    use std::ptr;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::Own;

    const PAGE: usize = 4096;
    const _: () = assert!(size_of::<Own>() <= PAGE);

    const UNMADE: u64 = u64::MAX;
    static KEY: AtomicU64 = AtomicU64::new(UNMADE);

    /// Zeroed memory for an [`Own`].
    pub(super) fn page() -> Option<*mut u8> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping, at a place that the kernel chooses.
        let place = unsafe { libc::mmap(ptr::null_mut(), PAGE, protection, kind, -1, 0) };
        (place != libc::MAP_FAILED).then_some(place.cast())
    }

    /// From now on `own` is given back when the calling thread ends. False: nobody would tell.
    pub(super) fn announce(own: &'static Own) -> bool {
        let Some(key) = key() else { return false };
        // SAFETY: the key was made and is never deleted.
        unsafe { libc::pthread_setspecific(key, ptr::from_ref(own).cast()) == 0 }
    }

    /// The process's key. Of two threads that make one at once, the first one's is kept.
    fn key() -> Option<libc::pthread_key_t> {
        let known = KEY.load(Ordering::Acquire);
        if known != UNMADE {
            return libc::pthread_key_t::try_from(known).ok();
        }
        let mut made: libc::pthread_key_t = 0;
        // SAFETY: `made` outlives the call.
        if unsafe { libc::pthread_key_create(&mut made, Some(ended)) } != 0 {
            return None;
        }
        let order = (Ordering::AcqRel, Ordering::Acquire);
        match KEY.compare_exchange(UNMADE, u64::from(made), order.0, order.1) {
            Ok(_) => Some(made),
            Err(first) => {
                // SAFETY: made above, and no thread has set it.
                unsafe { libc::pthread_key_delete(made) };
                libc::pthread_key_t::try_from(first).ok()
            }
        }
    }

    unsafe extern "C" fn ended(own: *mut c_void) {
        // SAFETY: the C library passes what `announce` set, and never null.
        super::leave(unsafe { &*own.cast::<Own>() });
    }
}

/// Nobody tells of a thread's end, so that all threads share the cells.
#[cfg(not(target_os = "linux"))]
mod end {
    use super::Own;

    pub(super) fn page() -> Option<*mut u8> {
        None
    }

    pub(super) fn announce(_: &'static Own) -> bool {
        false
    }
}
