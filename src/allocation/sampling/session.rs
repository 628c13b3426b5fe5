//! Sampling on and off, one session at a time, and what its reader gets.

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::block::AROUND;
use super::copies::{Copies, MANY, MAX_STACK};
use super::entries::{Entries, NO_STACK};
use super::large::Large;
use super::pages;
use super::region::{MOST_BITS, Region};
use super::thread;
use crate::address_space::stack::Registers;

/// log2 of the blocks that can be followed at once: 128 GiB of live memory at the usual mean. The second is for systems
/// that give less address space than 32 GiB.
const BITS: [u32; 3] = [MOST_BITS, 15, 12];

/// What sampling is done with; made at the first session, never freed.
#[derive(Debug)]
pub(super) struct Tables {
    /// 1 in the process that made it; the kernel makes it 0 in a child.
    alive: &'static [AtomicU32],
    pub(super) region: Region,
    pub(super) large: Large,
    pub(super) entries: Entries,
    pub(super) copies: Copies,
    busy: AtomicBool,
    pub(super) phase: AtomicU32,
    pub(super) taken: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) without_stack: AtomicU64,
    /// Not 0: the reader should look.
    bell: AtomicU32,
    bell_rung: AtomicBool,
}

/// Null until the first session.
static TABLES: AtomicPtr<Tables> = AtomicPtr::new(ptr::null_mut());
/// The session's number; 0: none.
static SESSION: AtomicU32 = AtomicU32::new(0);
static LAST: AtomicU32 = AtomicU32::new(0);
static MEAN: AtomicU64 = AtomicU64::new(0);

impl Tables {
    /// What there is; `None` before the first session.
    pub(super) fn get() -> Option<&'static Self> {
        // SAFETY: null, or tables that are never freed.
        unsafe { TABLES.load(Ordering::Acquire).as_ref() }
    }

    /// Those of this process; made here if there are none.
    fn make() -> Result<&'static Self, String> {
        if let Some(tables) = Self::get() {
            return Ok(tables);
        }
        let no_memory = |error: io::Error| format!("the system gives no address space: {error}");
        // SAFETY: all zeroes is an atomic number. The mapping is one page at least.
        let alive: &'static [AtomicU32] = unsafe { pages::zeroed(1024) }.map_err(no_memory)?;
        if !pages::advise(alive.as_ptr().cast(), 4096, libc::MADV_WIPEONFORK) {
            return Err(
                "the kernel cannot tell a child that it was forked; it is older than 4.14"
                    .to_owned(),
            );
        }
        alive[0].store(1, Ordering::Relaxed);
        let mut bits = BITS.into_iter();
        let (region, bits) = loop {
            let bits = bits.next().unwrap_or(BITS[2]);
            match Region::reserve(bits) {
                Ok(region) => break (region, bits),
                Err(error) if bits == BITS[2] => return Err(no_memory(error)),
                Err(_) => {}
            }
        };
        let made = Box::new(Self {
            alive,
            region,
            large: Large::new().map_err(no_memory)?,
            entries: Entries::new(1 << bits).map_err(no_memory)?,
            copies: Copies::new().map_err(no_memory)?,
            busy: AtomicBool::new(false),
            phase: AtomicU32::new(0),
            taken: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            without_stack: AtomicU64::new(0),
            bell: AtomicU32::new(0),
            bell_rung: AtomicBool::new(false),
        });
        let made = Box::into_raw(made);
        let (ok, failed) = (Ordering::AcqRel, Ordering::Acquire);
        match TABLES.compare_exchange(ptr::null_mut(), made, ok, failed) {
            Ok(_) => {
                // SAFETY: from now on never freed.
                let tables = unsafe { &*made };
                AROUND.set(&tables.region);
                Ok(tables)
            }
            Err(first) => {
                // SAFETY: made above, and nobody else has seen it. Its address space stays reserved.
                drop(unsafe { Box::from_raw(made) });
                // SAFETY: what is in `TABLES` is never freed.
                Ok(unsafe { &*first })
            }
        }
    }

    /// False in a child of the process that made them.
    pub(super) fn is_ours(&self) -> bool {
        self.alive[0].load(Ordering::Relaxed) != 0
    }

    /// Wakes the reader when many copies of stacks wait for it.
    pub(super) fn waiting(&self, copies: u32) {
        if copies >= MANY && !self.bell_rung.swap(true, Ordering::AcqRel) {
            self.bell.store(1, Ordering::Release);
            // SAFETY: the word is never unmapped; waking touches nothing else.
            unsafe {
                libc::syscall(
                    libc::SYS_futex,
                    self.bell.as_ptr(),
                    libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
                    1,
                )
            };
        }
    }
}

/// The session under way; 0: none.
pub(super) fn under_way() -> u32 {
    SESSION.load(Ordering::Acquire)
}

/// Bytes between samples, on average.
pub(super) fn mean() -> u64 {
    MEAN.load(Ordering::Relaxed)
}

/// A block was sampled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Born<'a> {
    /// Its number until the reader has heard of its end.
    pub(crate) number: u32,
    pub(crate) bytes: usize,
    /// The thread, as the kernel numbers it.
    pub(crate) thread: u32,
    /// What [`Session::set_phase`] said then.
    pub(crate) phase: u32,
    /// The operation under way on the thread; 0: none is known.
    pub(crate) operation: u32,
    /// Where its allocation was called, if there was room for that.
    pub(crate) stack: Option<(Registers, &'a [u8])>,
}

/// A sampled block was freed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Freed {
    pub(crate) number: u32,
    /// Within the operation that allocated it.
    pub(crate) temporary: bool,
}

/// What came of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Blocks sampled.
    pub(crate) taken: u64,
    /// Blocks that should have been, for which there was no room.
    pub(crate) lost: u64,
    /// Of those taken, without a stack.
    pub(crate) without_stack: u64,
}

/// Sampling is on while this lives.
#[derive(Debug)]
pub(crate) struct Session {
    tables: &'static Tables,
    number: u32,
    before: Counts,
}

impl Session {
    /// Samples a byte in `mean`, on average, on every thread.
    ///
    /// # Errors
    /// Why it cannot.
    pub(crate) fn start(mean: u64) -> Result<Self, String> {
        let tables = Tables::make()?;
        if !tables.is_ours() {
            return Err("this process was forked from one whose heap was sampled".to_owned());
        }
        if tables.busy.swap(true, Ordering::AcqRel) {
            return Err("another heap profile of this process is under way".to_owned());
        }
        let number = LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1).max(1);
        let session = Self {
            tables,
            number,
            before: tables.counts(),
        };
        session.drain(|_| (), |_| ()); // what ended after the last session
        tables.phase.store(0, Ordering::Relaxed);
        MEAN.store(mean.max(1), Ordering::Relaxed);
        SESSION.store(number, Ordering::SeqCst);
        thread::wake_all();
        Ok(session)
    }

    /// What one can wait with, while others use the session.
    pub(crate) fn waiter(&self) -> Waiter {
        Waiter(self.tables)
    }

    /// Ends a wait.
    pub(crate) fn wake(&self) {
        self.tables.bell_rung.store(false, Ordering::Release);
        self.tables.waiting(MANY);
    }

    /// Hands over what happened since the last call: first what was sampled, then what was freed. On one thread at a
    /// time.
    pub(crate) fn drain(&self, mut born: impl FnMut(Born<'_>), mut freed: impl FnMut(Freed)) {
        let tables = self.tables;
        tables.bell.store(0, Ordering::Release);
        tables.bell_rung.store(false, Ordering::Release);
        let (ended, begun) = tables.entries.heard();
        for number in begun {
            let entry = tables.entries.get(number);
            let is_this = entry.session.load(Ordering::Relaxed) == self.number;
            let mut take = |stack: Option<(Registers, &[u8])>| {
                if is_this {
                    born(Born {
                        number,
                        bytes: entry.bytes.load(Ordering::Relaxed),
                        thread: entry.thread.load(Ordering::Relaxed),
                        phase: entry.phase.load(Ordering::Relaxed),
                        operation: entry.operation.load(Ordering::Relaxed),
                        stack,
                    });
                }
            };
            match entry.stack.load(Ordering::Relaxed) {
                NO_STACK => take(None),
                copy => {
                    (tables.copies).read(copy, |registers, bytes| take(Some((registers, bytes))))
                }
            }
        }
        for number in ended {
            let entry = tables.entries.get(number);
            if entry.session.load(Ordering::Relaxed) == self.number {
                freed(Freed {
                    number,
                    temporary: entry.temporary.load(Ordering::Relaxed),
                });
            }
            tables.entries.give(number);
        }
    }

    /// Hands over where this call stands, as that of a sample.
    pub(crate) fn here(&self, read: impl FnOnce(Registers, &[u8])) {
        if let Some((copy, _)) = self.tables.copies.copy() {
            self.tables.copies.read(copy, read);
        }
    }

    /// What is sampled from now on belongs to this phase.
    pub(crate) fn set_phase(&self, phase: u32) {
        self.tables.phase.store(phase, Ordering::Relaxed);
    }

    /// Copies so many bytes of each stack from now on.
    pub(crate) fn set_stack_bytes(&self, bytes: usize) {
        self.tables
            .copies
            .wanted
            .store(bytes.min(MAX_STACK), Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> Counts {
        let (now, before) = (self.tables.counts(), self.before);
        Counts {
            taken: now.taken.wrapping_sub(before.taken),
            lost: now.lost.wrapping_sub(before.lost),
            without_stack: now.without_stack.wrapping_sub(before.without_stack),
        }
    }
}

/// Waits for samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiter(&'static Tables);

impl Waiter {
    /// Waits until many samples wait to be read, or this long.
    pub(crate) fn wait(self, at_most: Duration) {
        let timeout = libc::timespec {
            tv_sec: at_most.as_secs().min(3600) as libc::time_t,
            tv_nsec: at_most.subsec_nanos() as _,
        };
        // SAFETY: the word and the timeout outlive the call.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                self.0.bell.as_ptr(),
                libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
                0,
                &raw const timeout,
            )
        };
    }
}

/// Whether this process was forked from one whose heap was sampled: there is no reader here, and nothing may be asked.
pub(crate) fn is_in_a_child() -> bool {
    Tables::get().is_some_and(|tables| !tables.is_ours())
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.tables.is_ours() {
            SESSION.store(0, Ordering::SeqCst);
            self.tables.busy.store(false, Ordering::Release);
        }
    }
}

impl Tables {
    fn counts(&self) -> Counts {
        Counts {
            taken: self.taken.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
            without_stack: self.without_stack.load(Ordering::Relaxed),
        }
    }
}
