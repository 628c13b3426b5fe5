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

/// The counts, and between which nets nothing has to be done: one compare an allocation, one a release.
///
/// What every event touches fills one cache line; two lines a thread, because x86 fetches them in pairs.
#[repr(C, align(128))]
pub(super) struct Cells {
    allocations: AtomicU64,
    deallocations: AtomicU64,
    allocated_bytes: AtomicU64,
    freed_bytes: AtomicU64,
    /// The highest net since it was last lowered to where the net is: whenever the process is told, and where a stretch
    /// begins.
    highest: AtomicI64,
    /// The process is told when the net gets up to `tell_above`, or below `tell_below`.
    tell_above: AtomicI64,
    tell_below: AtomicI64,
    /// The count of allocated bytes at which a block is sampled, or it has to be found out anew when. Other threads write
    /// a 0 here when sampling starts.
    pub(super) sample_at: AtomicU64,
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
            highest: AtomicI64::new(0),
            tell_above: AtomicI64::new(STEP),
            tell_below: AtomicI64::new(-STEP),
            sample_at: AtomicU64::new(0),
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
        let net = allocated.wrapping_sub(self.freed_bytes.load(Relaxed)) as i64;
        let mut more = allocated >= self.sample_at.load(Relaxed);
        // Often, while a thread builds something: each of its allocations is a new height.
        if net > self.highest.load(Relaxed) {
            self.highest.store(net, Relaxed);
            more |= net >= self.tell_above.load(Relaxed);
        }
        more
    }

    /// What an allocation gave cause to; whether its block is to be sampled.
    #[cold]
    pub(super) fn attend(&self) -> bool {
        let counted = self.counted();
        if counted.net() >= self.tell_above.load(Relaxed) {
            self.tell();
        }
        let allocated = counted.allocated_bytes;
        allocated >= self.sample_at.load(Relaxed) && sampling::due(allocated, &self.sample_at)
    }

    #[inline(always)]
    pub(super) fn freed(&self, bytes: u64) {
        let freed = add(&self.freed_bytes, bytes);
        add(&self.deallocations, 1);
        let net = self.allocated_bytes.load(Relaxed).wrapping_sub(freed) as i64;
        if net < self.tell_below.load(Relaxed) {
            self.tell();
        }
    }

    /// Frees before it allocates, so that a block that grew in its place leaves no peak of both sizes. Whether the new
    /// block is to be sampled.
    #[inline(always)]
    pub(super) fn reallocated(&self, old: u64, new: u64) -> bool {
        self.freed(old);
        self.allocated(new) && self.attend()
    }

    /// Tells the process what this thread holds.
    #[cold]
    #[inline(never)]
    pub(super) fn tell(&self) {
        let net = self.counted().net();
        let before = self.told.load(Relaxed);
        self.told.store(net, Relaxed);
        self.tell_above.store(net.saturating_add(STEP), Relaxed);
        self.tell_below.store(net.saturating_sub(STEP), Relaxed);
        // From here on a rise is looked at again, however high the net once was.
        self.set_height(net, self.height());
        process::changed(net.wrapping_sub(before));
    }

    /// The highest net since the innermost open stretch began, or the last one inside it ended.
    #[inline(always)]
    pub(super) fn height(&self) -> i64 {
        let before = self.highest_before.load(Relaxed);
        self.highest.load(Relaxed).max(before)
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
fn add(cell: &AtomicU64, n: u64) -> u64 {
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
