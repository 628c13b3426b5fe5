//! The one reader of all rings: a profile that is under way.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::entry;
use super::{CAPACITY, EXCLUSIVE, ON_FIRST_SEGMENT, RINGS, SESSION, UNATTRIBUTED};
use crate::clock::Timeline;
use crate::record::slots;
use crate::segment::{Drained, Segment};

/// Sessions begun.
static SESSIONS: AtomicU64 = AtomicU64::new(0);
/// The process that began the current one: a forked child inherits a session that nobody there reads.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// Threads leave segments from its making until it is dropped.
#[derive(Debug)]
pub(in crate::record) struct Reader {
    session: u64,
    /// By slot: the next entry to read.
    next: Vec<u64>,
    time: Timeline,
    unattributed: u64,
}

impl Reader {
    /// `None` while there is another one. Each thread calls `hook` at its first segment.
    pub(in crate::record) fn begin(hook: Option<fn()>) -> Option<Self> {
        let current = SESSION.load(Ordering::Acquire);
        if current != 0 && PROCESS.load(Ordering::Relaxed) == std::process::id() {
            return None;
        }
        let session = SESSIONS.fetch_add(1, Ordering::Relaxed) + 1;
        let reader = Self {
            session,
            next: (0..EXCLUSIVE).map(head).collect(),
            time: Timeline::new(),
            unattributed: UNATTRIBUTED.load(Ordering::Relaxed),
        };
        // Before the session is seen: a thread's first segment in it may come at once, and so may another reader.
        PROCESS.store(std::process::id(), Ordering::Relaxed);
        *ON_FIRST_SEGMENT
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = hook;
        let (set, get) = (Ordering::Release, Ordering::Relaxed);
        let begun = SESSION.compare_exchange(current, session, set, get);
        begun.is_ok().then_some(reader)
    }

    /// Hands over what was left since the last call. The heads are read first and the clocks then, so that every
    /// segment lies between two anchors.
    pub(in crate::record) fn drain(&mut self, take: &mut dyn FnMut(Segment)) -> Drained {
        let written: Vec<_> = exclusive().map(|slot| (slot, head(slot))).collect();
        self.time.anchor();
        let mut drained = Drained::default();
        for (slot, until) in written {
            let Some((ring, next)) = RINGS[slot].get().zip(self.next.get_mut(slot)) else {
                continue;
            };
            let full = until.saturating_sub(*next) as f32 / CAPACITY as f32;
            drained.fullest = drained.fullest.max(full.min(1.0));
            drained.overrun += ring.read(next, until, &mut |words| match entry::segment(
                words, &self.time,
            ) {
                Some(segment) => take(segment),
                None => drained.unattributed += 1,
            });
        }
        let unattributed = UNATTRIBUTED.load(Ordering::Relaxed);
        drained.unattributed += unattributed - self.unattributed;
        self.unattributed = unattributed;
        drained
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // Unless a child that was forked has begun one of its own.
        let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
        let _ = SESSION.compare_exchange(self.session, 0, set, get);
    }
}

fn exclusive() -> impl Iterator<Item = usize> {
    slots::used().filter(|slot| *slot < EXCLUSIVE)
}

/// Entries written by the slot's holders.
fn head(slot: usize) -> u64 {
    RINGS[slot].get().map_or(0, super::Ring::head)
}
