//! The place of an open stretch in its thread's page, and what becomes of it.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};

use super::cells::{Cells, Counted, add};
use super::spent::Spent;

/// The low bits of a stretch's number count the thread's stretches (the highest one is [`UNSURE`]); the others are the
/// page's.
pub(super) const SERIAL_BITS: u32 = 44;

/// The stretch ended on another thread, or while its thread did something else: it was not counted.
pub(super) const LOST: u64 = 0;
/// The stretch ended before what was begun inside it. Its `allocations` is then the place of the first of those.
pub(super) const ENDED: u64 = 1;
/// As [`LOST`], and it was [`UNSURE`]: so is then the one around.
pub(super) const LOST_UNSURE: u64 = 2;
/// Added to the number of a stretch of which it is no longer known what is its own.
pub(super) const UNSURE: u64 = 1 << (SERIAL_BITS - 1);

pub(super) fn is_empty(number: u64) -> bool {
    number <= LOST_UNSURE
}

/// What is left of the stretch when it is lost.
pub(super) fn lost(number: u64) -> u64 {
    if number & UNSURE == 0 {
        LOST
    } else {
        LOST_UNSURE
    }
}

/// An open stretch, or the place of one.
#[repr(C)]
pub(super) struct Place {
    /// The stretch's number, or [`LOST`], or [`ENDED`]. Another thread may make a stretch lost, and nothing else.
    pub(super) number: AtomicU64,
    pub(super) allocations: AtomicU64,
    pub(super) allocated_bytes: AtomicU64,
    pub(super) freed_bytes: AtomicU64,
    /// The highest net between the beginning of the stretch around this one, or of the one before this in it, and the
    /// beginning of this one.
    pub(super) highest_before: AtomicI64,
    /// What was counted by stretches that ended inside.
    pub(super) nested_allocations: AtomicU64,
    pub(super) nested_bytes: AtomicU64,
    /// The number of the operation whose stretch it is; 0: of none.
    pub(super) operation: AtomicU32,
}

impl Place {
    pub(super) const fn new() -> Self {
        Self {
            number: AtomicU64::new(LOST),
            allocations: AtomicU64::new(0),
            allocated_bytes: AtomicU64::new(0),
            freed_bytes: AtomicU64::new(0),
            highest_before: AtomicI64::new(0),
            nested_allocations: AtomicU64::new(0),
            nested_bytes: AtomicU64::new(0),
            operation: AtomicU32::new(0),
        }
    }

    /// A stretch with this number begins here.
    #[inline(always)]
    pub(super) fn begin(&self, number: u64, operation: u32, now: Counted) {
        self.allocations.store(now.allocations, Relaxed);
        self.allocated_bytes.store(now.allocated_bytes, Relaxed);
        self.freed_bytes.store(now.freed_bytes, Relaxed);
        self.nested_allocations.store(0, Relaxed);
        self.nested_bytes.store(0, Relaxed);
        self.operation.store(operation, Relaxed);
        self.number.store(number, Relaxed);
    }

    /// Stretches inside counted so much.
    #[inline(always)]
    pub(super) fn nest(&self, allocations: u64, bytes: u64) {
        add(&self.nested_allocations, allocations);
        add(&self.nested_bytes, bytes);
    }

    /// The stretch ends before `inside`, the places after it from `next` on, of which `first` is the first open one.
    pub(super) fn end_before(
        &self,
        inside: &[Self],
        first: Option<usize>,
        next: usize,
        cells: &Cells,
    ) -> Spent {
        let now = cells.counted();
        let before = |place: &Self| place.highest_before.load(Relaxed);
        let highest = inside.iter().map(before).fold(cells.height(), i64::max);
        // What will come to this place yet: what ended in the empty places, and the first open stretch.
        let empty = &inside[..first.unwrap_or(inside.len())];
        let (mut allocations, mut bytes) = first
            .map(|at| inside[at].spent(now, highest))
            .map_or((0, 0), |open| (open.allocations, open.bytes));
        for place in empty {
            allocations = place
                .nested_allocations
                .load(Relaxed)
                .wrapping_add(allocations);
            bytes = place.nested_bytes.load(Relaxed).wrapping_add(bytes);
        }
        self.nest(allocations, bytes);
        let spent = self.spent(now, highest);
        // All of this stretch is nested in the one around, and has to come to it once.
        let rest = spent.allocations.wrapping_sub(allocations);
        self.nested_allocations.store(rest, Relaxed);
        self.nested_bytes
            .store(spent.bytes.wrapping_sub(bytes), Relaxed);
        let first = first.map_or(0, |at| (next + at) as u64);
        self.allocations.store(first, Relaxed);
        self.number.store(ENDED, Relaxed);
        spent
    }

    /// What was counted from its beginning until `now`, the highest net being `highest`.
    #[inline(always)]
    pub(super) fn spent(&self, now: Counted, highest: i64) -> Spent {
        let allocations = now.allocations.wrapping_sub(self.allocations.load(Relaxed));
        let allocated = self.allocated_bytes.load(Relaxed);
        let bytes = now.allocated_bytes.wrapping_sub(allocated);
        let net_before = allocated.wrapping_sub(self.freed_bytes.load(Relaxed)) as i64;
        Spent {
            allocations,
            bytes,
            net_bytes: now.net().wrapping_sub(net_before),
            peak_bytes: u64::try_from(highest.wrapping_sub(net_before)).unwrap_or(0),
            own_allocations: allocations.wrapping_sub(self.nested_allocations.load(Relaxed)),
            own_bytes: bytes.wrapping_sub(self.nested_bytes.load(Relaxed)),
        }
    }
}
