//! Segments on their way to attribution: while somebody profiles, each thread leaves one in its slot's ring when an
//! operation, or a poll of a future, has ended.
//!
//! ```text
//!  mod.rs       the thread's side: what an ending operation calls
//!  entry.rs     a segment in four words
//!  reader.rs    who profiles, and what it reads
//! ```
//!
//! While nobody profiles, an operation looks at one word that nobody writes. Rings are made at a thread's first segment,
//! and stay for the slot's next holder: at most 255 of 256 KiB, of which the pages written to are in memory.

mod entry;
mod reader;

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::published::Published;
use super::slots::{self, EXCLUSIVE};
use crate::allocation::apart;
use entry::{Mark, WORDS};

pub(super) use entry::{Entry, LABELS, OPERATIONS};
pub(super) use reader::Reader;

/// Entries in a ring: 256 KiB, of which only what is written is touched.
#[cfg(not(all(test, loom)))]
const CAPACITY: usize = 8192;
#[cfg(all(test, loom))]
const CAPACITY: usize = 2;

type Ring = super::ring::Ring<WORDS, CAPACITY>;

/// Who profiles: a number never used before, or 0 for nobody.
static SESSION: AtomicU64 = AtomicU64::new(0);
/// Segments of threads without a ring.
static UNATTRIBUTED: AtomicU64 = AtomicU64::new(0);
/// What a thread calls at its first segment in a session.
static ON_FIRST_SEGMENT: Mutex<Option<fn()>> = Mutex::new(None);

#[cfg(not(all(test, loom)))]
static RINGS: [Published<Ring>; EXCLUSIVE] = [const { Published::empty() }; EXCLUSIVE];
#[cfg(all(test, loom))]
loom::lazy_static! {
    static ref RINGS: [Published<Ring>; EXCLUSIVE] = std::array::from_fn(|_| Published::empty());
}

/// What a thread knows of itself.
#[derive(Clone, Copy)]
struct Leaver {
    /// The session that it last left a segment in.
    session: u64,
    mark: Mark,
    /// Numbers for futures, from the first one to before the second.
    futures: (u32, u32),
}

thread_local! {
    // No destructor and constant initialisation: reading it is one load.
    static LEAVER: Cell<Leaver> = const {
        Cell::new(Leaver {
            session: 0,
            mark: Mark::NONE,
            futures: (0, 0),
        })
    };
}

/// The session that segments are left for; 0: none.
#[inline(always)]
pub(super) fn session() -> u64 {
    SESSION.load(Ordering::Relaxed)
}

/// Leaves a segment.
#[inline(always)]
pub(super) fn leave(session: u64, entry: Entry) {
    if leave_in_place(session, entry).is_none() {
        leave_with_care(session, entry);
    }
}

/// Where everything is there already; `None`: nothing was left.
#[inline(always)]
pub(super) fn leave_in_place(session: u64, entry: Entry) -> Option<()> {
    let leaver = LEAVER.get();
    if leaver.session != session {
        return None;
    }
    let ring = RINGS[slots::exclusive()? % EXCLUSIVE].get()?;
    ring.push(entry.words(leaver.mark));
    Some(())
}

/// The first segment of a thread in a session, or one of a thread without a ring.
#[cold]
#[inline(never)]
fn leave_with_care(session: u64, entry: Entry) {
    let mut leaver = LEAVER.get();
    if leaver.session != session {
        leaver.session = session;
        leaver.mark = leaver.mark.with_thread(thread_number());
        LEAVER.set(leaver);
        let hook = *ON_FIRST_SEGMENT
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(hook) = hook {
            apart(hook);
        }
    }
    // A poll may be the first that a thread records.
    match Some(slots::current()).filter(|slot| *slot < EXCLUSIVE) {
        Some(slot) => RINGS[slot].get_or(Ring::new).push(entry.words(leaver.mark)),
        None => {
            UNATTRIBUTED.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Puts a label on what the calling thread leaves; returns the one before. 0: none.
pub(super) fn set_label(label: u16) -> u16 {
    let mut leaver = LEAVER.get();
    let before = leaver.mark.label();
    leaver.mark = leaver.mark.with_label(label);
    LEAVER.set(leaver);
    before
}

/// Numbers that a thread takes at once: futures shall not make threads share a line for each.
const FUTURES: u32 = 1 << 10;

/// A number for a future, unlike that of any other among the last four thousand million; never 0.
pub(super) fn next_future() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let mut leaver = LEAVER.get();
    if leaver.futures.0 == leaver.futures.1 {
        let first = NEXT.fetch_add(FUTURES, Ordering::Relaxed);
        leaver.futures = (first, first.wrapping_add(FUTURES - 1));
    }
    let number = leaver.futures.0;
    leaver.futures.0 = number.wrapping_add(1);
    LEAVER.set(leaver);
    number
}

/// The label in force on the calling thread; 0: none.
pub(super) fn label() -> u16 {
    LEAVER.get().mark.label()
}

/// The calling thread, as the kernel numbers it; 0 where nobody asks.
pub(super) fn thread_number() -> u32 {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: takes no argument, and cannot fail.
        let number = unsafe { libc::gettid() };
        number.cast_unsigned()
    }
    #[cfg(not(target_os = "linux"))]
    0
}
