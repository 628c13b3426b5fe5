//! Which operations waited for storage because a page was not in memory (major page faults), of a sample of them.
//!
//! The kernel counts a thread's faults and tells them for 330 ns, too much for every operation. So on each thread about one
//! operation in 256 µs is read at its start and at its end, outside of what is timed: 0.3 %. Up to four that were not taken
//! are saved up, so that a thread's first operation is read, and every one that follows a pause. Of those that start when
//! there is one only, a coin decides, so that one inside another has its turn too.

use std::cell::Cell;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use super::shard::{Writer, next_random};
use super::sync::{AtomicU64, Ordering};
use crate::clock::Moment;
use crate::snapshot::FaultSnapshot;

/// From one sampled operation to the next on a thread.
const APART: Duration = Duration::from_micros(256);
/// What may be saved up, samples.
const SAVED: u64 = 4;
/// Polls of a future that are read; one with more is left out.
const MOST_POLLS: u32 = 64;

thread_local! {
    // No destructor and constant initialisation: reading it is one load.
    /// From when on one sample is there to be taken, and one more with each distance; bits of a [`Moment`], which order as
    /// moments do.
    static DUE: Cell<u64> = const { Cell::new(0) };
    /// The thread's number, 0 before its first sample, and the state of a random sequence.
    static THREAD: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
}

/// What was read at the start of a sampled operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Faults {
    /// Of the thread so far; only the difference counts, so it may wrap.
    majors: u32,
    /// The thread that it is about, by number; 0: the operation is not sampled.
    thread: u32,
}

impl Faults {
    /// Not sampled.
    pub(super) const NONE: Self = Self {
        majors: 0,
        thread: 0,
    };

    #[inline(always)]
    pub(super) const fn is_sampled(self) -> bool {
        self.thread != 0
    }

    /// Major faults of the calling thread since; `None`: not sampled, or begun on another thread.
    pub(super) fn end(self) -> Option<u32> {
        let (thread, _) = THREAD.get();
        if self.thread == 0 || self.thread != thread {
            return None;
        }
        let since = majors()?.wrapping_sub(self.majors);
        // After a fork the child counts from 0.
        (since <= u32::MAX / 2).then_some(since)
    }
}

/// Where an operation starts, at `now`: from where its time counts, and what was read when it is sampled.
#[inline(always)]
pub(super) fn begin(now: Moment) -> (Moment, Faults) {
    if cfg!(not(all(target_os = "linux", not(miri)))) || now.to_bits() < DUE.get() {
        (now, Faults::NONE)
    } else {
        begin_due(now)
    }
}

#[cold]
#[inline(never)]
fn begin_due(now: Moment) -> (Moment, Faults) {
    let (number, random) = this_thread();
    let random = next_random(random);
    THREAD.set((number, random));
    let plenty = now.to_bits() >= DUE.get().saturating_add(apart(now));
    let coin = random >> 31;
    if !plenty && coin == 0 {
        return (now, Faults::NONE);
    }
    take_one(now);
    sample(number)
}

/// [`APART`] in the units of `now`.
fn apart(now: Moment) -> u64 {
    (now + APART).to_bits() - now.to_bits()
}

/// Takes a sample from those saved up, or, where there is none, from those to come.
fn take_one(now: Moment) {
    let apart = apart(now);
    let oldest = now.to_bits().saturating_sub((SAVED - 1) * apart);
    DUE.set(DUE.get().max(oldest).saturating_add(apart));
}

/// Reads, and then the clock anew: what reading takes is not the operation's.
fn sample(thread: u32) -> (Moment, Faults) {
    let faults = majors().map_or(Faults::NONE, |majors| Faults { majors, thread });
    (Moment::now(), faults)
}

/// The calling thread's number, which it gets here at first, and the state of its random sequence.
fn this_thread() -> (u32, u32) {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    if THREAD.get().0 == 0 {
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        THREAD.set((number.max(1), number));
    }
    THREAD.get()
}

/// The faults of a future, over its polls, which may be on several threads.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Polls {
    polls: u32,
    majors: u32,
    sampled: bool,
}

impl Polls {
    /// Where a poll begins, at `now`; `first`: of this future.
    #[inline]
    pub(super) fn begin(&mut self, now: Moment, first: bool) -> (Moment, Faults) {
        if first {
            let (begun, faults) = begin(now);
            self.sampled = faults.is_sampled();
            return (begun, faults);
        }
        if self.sampled {
            self.go_on(now)
        } else {
            (now, Faults::NONE)
        }
    }

    #[cold]
    fn go_on(&mut self, now: Moment) -> (Moment, Faults) {
        self.polls += 1;
        if self.polls >= MOST_POLLS {
            self.sampled = false;
            return (now, Faults::NONE);
        }
        take_one(now);
        sample(this_thread().0)
    }

    /// Where a poll ends.
    #[inline]
    pub(super) fn end(&mut self, poll: Faults) {
        if !self.sampled {
            return;
        }
        match poll.end() {
            Some(majors) => self.majors = self.majors.saturating_add(majors),
            None => self.sampled = false,
        }
    }

    /// Of all polls; `None`: not sampled.
    pub(super) fn total(self) -> Option<u32> {
        self.sampled.then_some(self.majors)
    }
}

/// What the sampled operations of one shard waited for. Made at the first of them; aligned like a shard.
#[repr(align(128))]
pub(super) struct Faulted {
    majors: AtomicU64,
    cold: AtomicU64,
    cold_ns: AtomicU64,
    warm_ns: AtomicU64,
    sampled: AtomicU64,
}

impl Faulted {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self {
            majors: AtomicU64::new(0),
            cold: AtomicU64::new(0),
            cold_ns: AtomicU64::new(0),
            warm_ns: AtomicU64::new(0),
            sampled: AtomicU64::new(0),
        })
    }

    /// An operation of `ns` nanoseconds had `majors`.
    pub(super) fn add(&self, writer: Writer, majors: u32, ns: u64) {
        if majors > 0 {
            writer.add(&self.majors, majors.into());
            writer.add(&self.cold, 1);
            writer.add_saturating(&self.cold_ns, ns);
        } else {
            writer.add_saturating(&self.warm_ns, ns);
        }
        writer.count(&self.sampled);
    }

    /// Adds what is here to `sum`.
    pub(super) fn gather(&self, sum: &mut FaultSnapshot) {
        // First, because it is written last.
        sum.sampled += self.sampled.load(Ordering::Acquire);
        let get = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        sum.major_faults = sum.major_faults.wrapping_add(get(&self.majors));
        sum.cold += get(&self.cold);
        sum.cold_nanos = sum.cold_nanos.saturating_add(get(&self.cold_ns));
        sum.warm_nanos = sum.warm_nanos.saturating_add(get(&self.warm_ns));
    }
}

/// Major faults of the calling thread so far, modulo 2^32; `None`: the system does not tell.
#[cfg(target_os = "linux")]
fn majors() -> Option<u32> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is to memory of the right type and size, which the kernel only writes.
    let result = unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) };
    // SAFETY: all fields are integers; they were zeroed, so every one is initialised whatever the call did.
    let usage = unsafe { usage.assume_init() };
    (result == 0).then_some(usage.ru_majflt as u32)
}

#[cfg(not(target_os = "linux"))]
fn majors() -> Option<u32> {
    None
}
