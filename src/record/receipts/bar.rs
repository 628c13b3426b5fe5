//! From when on an operation is slow: what each that ends compares its length with.

use std::time::Duration;

use super::super::sync::{AtomicU64, Ordering};
use crate::clock::Moment;

/// Alone on its lines: every end of an operation reads it, and it changes once a second at most.
#[repr(align(128))]
pub(in crate::record) struct Bar {
    /// In the units of a moment.
    units: AtomicU64,
    nanos: AtomicU64,
}

impl Bar {
    /// At `nanos`; at `u64::MAX` nothing is slow.
    pub(in crate::record) fn new(nanos: u64) -> Self {
        let bar = Self {
            units: AtomicU64::new(u64::MAX),
            nanos: AtomicU64::new(u64::MAX),
        };
        bar.set(nanos);
        bar
    }

    /// Whether an operation from `started` to `now` may be slow, without its length: one comparison. A clock that was set
    /// back makes it so.
    #[inline(always)]
    pub(in crate::record) fn may_be_passed(&self, started: Moment, now: Moment) -> bool {
        now.to_bits().wrapping_sub(started.to_bits()) > self.units.load(Ordering::Relaxed)
    }

    /// Whether one that took so long is slow.
    #[inline(always)]
    pub(in crate::record) fn is_passed(&self, nanos: u64) -> bool {
        nanos > self.nanos.load(Ordering::Relaxed)
    }

    pub(super) fn nanos(&self) -> u64 {
        self.nanos.load(Ordering::Relaxed)
    }

    /// From now on those are slow that take longer.
    pub(super) fn set(&self, nanos: u64) {
        let units = if nanos == u64::MAX {
            u64::MAX
        } else {
            // Of the clock as it is now: it may change its unit once in the life of a process.
            let now = Moment::now();
            (now + Duration::from_nanos(nanos)).to_bits() - now.to_bits()
        };
        self.units.store(units, Ordering::Relaxed);
        self.nanos.store(nanos, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn both_comparisons_agree_and_a_clock_set_back_is_looked_at() {
        let bar = Bar::new(1_000_000);
        let started = Moment::now();
        let after = |nanos| started + Duration::from_nanos(nanos);
        assert!(!bar.may_be_passed(started, after(990_000)) && !bar.is_passed(1_000_000));
        assert!(bar.may_be_passed(started, after(1_010_000)) && bar.is_passed(1_000_001));
        assert!(bar.may_be_passed(after(1), started));
        bar.set(u64::MAX);
        assert!(!bar.may_be_passed(started, after(u64::MAX / 4)) && !bar.is_passed(u64::MAX));
    }
}
