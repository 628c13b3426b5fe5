//! What is live in the process, to the nearest step of each thread, and the most that ever was.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// A thread tells the process when what it holds has changed by this much: the error of the peak for each thread.
pub(super) const STEP: i64 = 256 << 10;

/// On cache lines of its own: every thread writes here, if seldom.
#[repr(align(128))]
struct Held {
    live: AtomicI64,
    peak: AtomicI64,
}

static HELD: Held = Held {
    live: AtomicI64::new(0),
    peak: AtomicI64::new(0),
};

/// A thread holds `bytes` more, or less.
pub(super) fn changed(bytes: i64) {
    let live = HELD.live.fetch_add(bytes, Relaxed).saturating_add(bytes);
    if bytes > 0 && live > HELD.peak.load(Relaxed) {
        HELD.peak.fetch_max(live, Relaxed);
    }
}

/// The peak, given that `live` bytes are live now by the exact sums.
pub(super) fn peak(live: u64) -> u64 {
    let live = i64::try_from(live).unwrap_or(i64::MAX);
    let peak = HELD.peak.fetch_max(live, Relaxed).max(live);
    u64::try_from(peak).unwrap_or(0)
}
