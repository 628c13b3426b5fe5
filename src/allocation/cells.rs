//! One thread's counts. Its thread alone writes them, with plain loads and stores; anybody reads them.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use super::process::{self, STEP};
use super::sampling;

/// What was counted; all of it only ever grows.
#[derive(Clone, Copy, Default)]
pub(super) struct Counted {
    pub(super) allocations: u64,
    pub(super) deallocations: u64,
    pub(super) allocated_bytes: u64,
    pub(super) freed_bytes: u64,
}

impl Counted {
    /// Bytes allocated less bytes freed, negative where a thread frees what others allocated.
    #[inline(always)]
    pub(super) fn net(self) -> i64 {
        self.allocated_bytes.wrapping_sub(self.freed_bytes) as i64
    }
}

/// The counts, and how far they may go before something has to be done: one compare an allocation, one a release.
///
/// How high the net was is looked at where it turns down, on a release: an allocation only adds, and what has to be done
/// at some net cannot come before so many more bytes are allocated, or freed, as lie in between.
///
/// What every event touches fills one cache line; two lines a thread, because x86 fetches them in pairs.
#[repr(C, align(128))]
pub(super) struct Cells {
    allocations: AtomicU64,
    deallocations: AtomicU64,
    allocated_bytes: AtomicU64,
    freed_bytes: AtomicU64,
    /// The count of allocated bytes at which there may be something to do: a block to sample, or the process to be told.
    /// Other threads write a 0 here when sampling starts.
    pub(super) attend_at: AtomicU64,
    /// The count of freed bytes at which the process may have to be told.
    settle_at: AtomicU64,
    /// The highest net that was seen at a release since it was last lowered to where the net is: where a stretch begins.
    highest: AtomicI64,
    /// The net that the process knows.
    told: AtomicI64,
    /// The highest net of the innermost stretch before that.
    highest_before: AtomicI64,
}

impl Cells {
    pub(super) const fn new() -> Self {
        Self {
            allocations: AtomicU64::new(0),
            deallocations: AtomicU64::new(0),
            allocated_bytes: AtomicU64::new(0),
            freed_bytes: AtomicU64::new(0),
            attend_at: AtomicU64::new(0),
            settle_at: AtomicU64::new(0),
            highest: AtomicI64::new(0),
            told: AtomicI64::new(0),
            highest_before: AtomicI64::new(0),
        }
    }

    /// Whether there is more to do: [`Cells::attend`]. What is rare is left to the caller, so that it can be called last
    /// and the common way saves no register for it.
    #[inline(always)]
    #[must_use]
    pub(super) fn allocated(&self, bytes: u64) -> bool {
        let allocated = add(&self.allocated_bytes, bytes);
        add(&self.allocations, 1);
        allocated >= self.attend_at.load(Relaxed)
    }

    /// What an allocation gave cause to; whether its block is to be sampled.
    #[cold]
    pub(super) fn attend(&self) -> bool {
        let counted = self.counted();
        if counted.net().wrapping_sub(self.told.load(Relaxed)) >= STEP {
            self.tell();
        }
        let risen = counted.net().wrapping_sub(self.told.load(Relaxed));
        let until_told = STEP.saturating_sub(risen);
        let allocated = counted.allocated_bytes;
        let tell_at = allocated.saturating_add_signed(until_told);
        sampling::due(allocated, &self.attend_at, tell_at)
    }

    /// Whether there is more to do: [`Cells::settle`]. Left to the caller as with [`Cells::allocated`].
    #[inline(always)]
    #[must_use]
    pub(super) fn freed(&self, bytes: u64) -> bool {
        let before = self.freed_bytes.load(Relaxed);
        let net = self.allocated_bytes.load(Relaxed).wrapping_sub(before) as i64;
        if net > self.highest.load(Relaxed) {
            self.highest.store(net, Relaxed);
        }
        let freed = before.wrapping_add(bytes);
        self.freed_bytes.store(freed, Relaxed);
        add(&self.deallocations, 1);
        freed >= self.settle_at.load(Relaxed)
    }

    /// What a release gave cause to.
    #[cold]
    pub(super) fn settle(&self) {
        let counted = self.counted();
        let fallen = self.told.load(Relaxed).wrapping_sub(counted.net());
        if fallen >= STEP {
            return self.tell();
        }
        let until_told = STEP.saturating_sub(fallen);
        let at = counted.freed_bytes.saturating_add_signed(until_told);
        self.settle_at.store(at, Relaxed);
    }

    /// Frees before it allocates, so that a block that grew in its place leaves no peak of both sizes. Whether the new
    /// block is to be sampled.
    #[inline(always)]
    pub(super) fn reallocated(&self, old: u64, new: u64) -> bool {
        if self.freed(old) {
            self.settle();
        }
        self.allocated(new) && self.attend()
    }

    /// Tells the process what this thread holds.
    #[cold]
    #[inline(never)]
    pub(super) fn tell(&self) {
        let counted = self.counted();
        let before = self.told.load(Relaxed);
        self.told.store(counted.net(), Relaxed);
        let step = STEP.unsigned_abs();
        let settle_at = counted.freed_bytes.saturating_add(step);
        self.settle_at.store(settle_at, Relaxed);
        // Another thread may have written a 0, which stays.
        let attend_at = counted.allocated_bytes.saturating_add(step);
        self.attend_at.fetch_min(attend_at, Relaxed);
        process::changed(counted.net().wrapping_sub(before));
    }

    /// The highest net since the innermost open stretch began, or the last one inside it ended.
    #[inline(always)]
    pub(super) fn height(&self) -> i64 {
        let before = self.highest_before.load(Relaxed);
        let seen = self.highest.load(Relaxed).max(before);
        seen.max(self.counted().net())
    }

    /// A stretch begins where the net is.
    #[inline(always)]
    pub(super) fn set_height_here(&self) {
        let net = self.counted().net();
        self.set_height(net, net);
    }

    /// The net has been at `height`, and is looked at again from where it is.
    #[inline(always)]
    pub(super) fn set_height(&self, net: i64, height: i64) {
        self.highest.store(net, Relaxed);
        self.highest_before.store(height, Relaxed);
    }

    /// The net has been at `height`.
    #[inline(always)]
    pub(super) fn keep_height(&self, height: i64) {
        self.highest_before.store(height, Relaxed);
    }

    #[inline(always)]
    pub(super) fn counted(&self) -> Counted {
        Counted {
            allocations: self.allocations.load(Relaxed),
            deallocations: self.deallocations.load(Relaxed),
            allocated_bytes: self.allocated_bytes.load(Relaxed),
            freed_bytes: self.freed_bytes.load(Relaxed),
        }
    }
}

/// The only writer's addition; the sum.
#[inline(always)]
pub(super) fn add(cell: &AtomicU64, n: u64) -> u64 {
    let sum = cell.load(Relaxed).wrapping_add(n);
    cell.store(sum, Relaxed);
    sum
}

/// The cells of all threads that have none of their own: any thread writes them, by read-modify-write.
pub(super) struct SharedCells(Cells);

impl SharedCells {
    pub(super) const fn new() -> Self {
        Self(Cells::new())
    }

    pub(super) fn allocated(&self, bytes: u64) {
        self.0.allocated_bytes.fetch_add(bytes, Relaxed);
        self.0.allocations.fetch_add(1, Relaxed);
        process::changed(bytes as i64);
    }

    pub(super) fn freed(&self, bytes: u64) {
        self.0.freed_bytes.fetch_add(bytes, Relaxed);
        self.0.deallocations.fetch_add(1, Relaxed);
        process::changed((bytes as i64).wrapping_neg());
    }

    pub(super) fn counted(&self) -> Counted {
        self.0.counted()
    }
}
