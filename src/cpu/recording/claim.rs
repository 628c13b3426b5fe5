//! One recording of this process at a time.

use std::sync::atomic::{AtomicU32, Ordering};

/// The process that has one under way; a child that was forked sees its parent's number and may have its own.
static CLAIMED_BY: AtomicU32 = AtomicU32::new(0);

/// The right to record this process, until it is dropped.
#[derive(Debug)]
pub(super) struct Claim(());

impl Claim {
    /// The right, unless somebody in this process has it.
    pub(super) fn take() -> Option<Self> {
        let process = std::process::id();
        let free = |holder| (holder != process).then_some(process);
        let taken = CLAIMED_BY.fetch_update(Ordering::AcqRel, Ordering::Acquire, free);
        taken.is_ok().then_some(Self(()))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let process = std::process::id();
        // In a child that was forked it is not ours to give back.
        let _ = CLAIMED_BY.compare_exchange(process, 0, Ordering::AcqRel, Ordering::Acquire);
    }
}
