//! What signal handlers and the sampler share, and nothing else: atomics, the ring, and the memory for stacks.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use super::gate::Gate;
use super::handler;
use super::ring::Ring;
use super::stacks::{self, Stacks};
use crate::cpu::event::{RawSample, Registers};

/// Samples that wait to be drained, at most. A drain every 20 ms empties it 50 times a second.
pub(super) const SLOTS: usize = 256;
/// Threads that are sampled at the same time, at most.
pub(super) const THREADS: usize = 4096;

/// Made once a process and never freed: a late signal finds it whole. 160 KiB, and the stacks.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) gate: Gate,
    pub(super) ring: Ring<Record, SLOTS>,
    pub(super) stacks: Stacks,
    threads: Box<[Entry; THREADS]>,
    /// Entries that ever had a holder: no signal is meant for others.
    pub(super) used: AtomicUsize,
    /// Nanoseconds of CPU time for one expiration of a timer; 0: weigh by the thread's CPU clock.
    pub(super) period_ns: AtomicU64,
    /// Bytes of stack to copy.
    pub(super) stack_bytes: AtomicUsize,
    /// The system lets a process copy its own memory by `process_vm_readv`.
    pub(super) copies_by_kernel: AtomicBool,
    /// Samples turned away by a full ring.
    pub(super) lost: AtomicU64,
}

/// One sample, beside its stack, which lies in the slot's part of [`Stacks`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Record {
    pub(super) thread: u32,
    pub(super) at_ns: u64,
    pub(super) weight_ns: u64,
    pub(super) registers: Registers,
    pub(super) stack_len: usize,
}

/// A thread that is sampled. Its signal handler reads it and keeps its account; the roster writes the rest, and gives
/// it to another thread only when this one has ended or no signal handler is inside the gate.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// Who holds the entry; 0: nobody.
    pub(super) generation: AtomicU32,
    pub(super) thread: AtomicU32,
    /// The stack's lowest address and the one after its highest; 0 and 0: not known.
    pub(super) stack_low: AtomicU64,
    pub(super) stack_high: AtomicU64,
    /// CPU time that no sample stands for yet: of before the timer was armed, and of samples that a full ring turned
    /// away. The next sample takes it over, so that totals stay true.
    pub(super) owed_ns: AtomicU64,
    /// The thread's CPU clock at its last sample; only without timers.
    pub(super) sampled_ns: AtomicU64,
}

impl Shared {
    pub(super) fn new() -> io::Result<Self> {
        let threads: Box<[Entry]> = (0..THREADS).map(|_| Entry::default()).collect();
        Ok(Self {
            gate: Gate::new(),
            ring: Ring::new(),
            stacks: Stacks::new(SLOTS)?,
            threads: threads
                .try_into()
                .map_err(|_| io::Error::other("the thread table has another length"))?,
            used: AtomicUsize::new(0),
            period_ns: AtomicU64::new(0),
            stack_bytes: AtomicUsize::new(0),
            copies_by_kernel: AtomicBool::new(false),
            lost: AtomicU64::new(0),
        })
    }

    /// A session begins.
    pub(super) fn begin(&self, period_ns: u64) {
        self.period_ns.store(period_ns, Ordering::Relaxed);
        self.copies_by_kernel
            .store(handler::copies_by_kernel(), Ordering::Relaxed);
    }

    /// Samples turned away by a full ring, ever.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Whether a stack can be copied whose bounds are not known.
    pub(super) fn copies_by_kernel(&self) -> bool {
        self.copies_by_kernel.load(Ordering::Relaxed)
    }

    /// How much of a stack is copied, at most [`stacks::MAX_STACK`] bytes.
    pub(super) fn set_stack_bytes(&self, bytes: usize) {
        let bytes = bytes.min(stacks::MAX_STACK);
        self.stacks.populate(bytes);
        self.stack_bytes.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn stack_bytes(&self) -> usize {
        self.stack_bytes.load(Ordering::Relaxed)
    }

    /// The thread that holds the entry at `index`.
    pub(super) fn holder(&self, index: usize) -> Option<u32> {
        let entry = self.threads.get(index)?;
        let held = entry.generation.load(Ordering::Acquire) != 0;
        held.then(|| entry.thread.load(Ordering::Relaxed))
    }

    /// The entry at `index`; `None` past the end. For signal handlers.
    #[inline(always)]
    pub(super) fn entry(&self, index: u16) -> Option<&Entry> {
        let index = index as usize;
        if index >= THREADS {
            return None;
        }
        let first: *const Entry = (&raw const *self.threads).cast();
        // SAFETY: `index` is less than the array's length.
        let entry = unsafe { first.add(index) };
        // SAFETY: an element of `self.threads`, borrowed as long as `self`; its fields are atomics.
        Some(unsafe { &*entry })
    }

    /// The entries that ever had a holder, with their indices.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u16, &Entry)> {
        (0_u16..).zip(self.threads.iter().take(self.used.load(Ordering::Acquire)))
    }
}

impl Record {
    pub(super) fn with<'a>(&self, stack: &'a [u8]) -> RawSample<'a> {
        RawSample {
            thread: self.thread,
            at_ns: self.at_ns,
            weight_ns: self.weight_ns,
            registers: Some(self.registers),
            stack,
            kernel: &[],
        }
    }
}

impl Entry {
    /// A thread's first account: CPU time `owed_ns` without a sample, its CPU clock at `sampled_ns`.
    pub(super) fn take(&self, thread: u32, generation: u32, owed_ns: u64, sampled_ns: u64) {
        self.thread.store(thread, Ordering::Relaxed);
        self.set_stack(0, 0);
        self.owed_ns.store(owed_ns, Ordering::Relaxed);
        self.sampled_ns.store(sampled_ns, Ordering::Relaxed);
        self.generation.store(generation, Ordering::Release);
    }

    /// Signals to the holder are no longer heeded.
    pub(super) fn leave(&self) {
        self.generation.store(0, Ordering::Release);
    }

    /// The bounds of the calling thread's stack. A signal between the stores sees an empty stack, never a wrong one.
    pub(super) fn set_stack(&self, low: u64, high: u64) {
        self.stack_high.store(0, Ordering::Release);
        self.stack_low.store(low, Ordering::Release);
        self.stack_high.store(high, Ordering::Release);
    }
}
