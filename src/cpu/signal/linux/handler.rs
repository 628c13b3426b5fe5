//! The signal handler. Everything in this file, and what it calls of `cookie`, `gate`, `ring`, `shared`, `stacks` and
//! `clock`, runs in the program's own threads at any instruction: in the allocator, in the loader, while a panic unwinds.
//!
//! So: no allocation, no lock, no thread-local of ours, no panic, no unwinding; it calls `memcpy`, `clock_gettime`,
//! `process_vm_readv` and `__errno_location`, and a test over the built object holds that list. It needs well under
//! 1 KiB of stack beside the kernel's signal frame.

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::cookie::{Cookie, TimerSignal};
use super::shared::{Entry, Record, Shared};
use super::stacks::MAX_STACK;
use super::tasks;
use crate::clock;
use crate::cpu::event::Registers;

/// What the signal handler looks at; null until the first session.
pub(super) static SHARED: AtomicPtr<Shared> = AtomicPtr::new(ptr::null_mut());

/// `si_code` of a POSIX timer's signal (include/uapi/asm-generic/siginfo.h).
pub(super) const SI_TIMER: i32 = -2;

/// The smallest page of x86-64 and AArch64.
const PAGE: u64 = 4096;
/// Pages that `MAX_STACK` bytes can touch.
const PIECES: usize = MAX_STACK / PAGE as usize + 1;

/// Installed for SIGPROF; stays so when sampling has ended.
#[inline(never)]
pub(super) extern "C" fn on_signal(
    _signal: c_int,
    information: *mut libc::siginfo_t,
    context: *mut c_void,
) {
    let shared = SHARED.load(Ordering::Acquire);
    if shared.is_null() {
        return;
    }
    // SAFETY: what `SHARED` points to is never freed.
    let shared = unsafe { &*shared };
    if !shared.gate.enter() {
        return;
    }
    // SAFETY: the C library gives the address of the calling thread's errno.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { *errno };
    // SAFETY: SA_SIGINFO: the kernel gives a `siginfo_t`, whose head this is for a signal of ours; for all others the
    // same bytes are something else, and are readable.
    let signal = unsafe { information.cast::<TimerSignal>().read() };
    sample(shared, &signal, context.cast());
    // SAFETY: as above.
    unsafe { *errno = before };
    shared.gate.leave();
}

/// Takes a sample if the signal is ours and meant for this thread as it is now.
#[inline(always)]
fn sample(shared: &Shared, signal: &TimerSignal, context: *const libc::ucontext_t) {
    if signal.code != SI_TIMER {
        return;
    }
    let Some(cookie) = Cookie::from_bits(signal.value) else {
        return;
    };
    let Some(entry) = shared.entry(cookie.entry) else {
        return;
    };
    if cookie.generation == 0 || entry.generation.load(Ordering::Acquire) != cookie.generation {
        return;
    }
    let period_ns = shared.period_ns.load(Ordering::Relaxed);
    let used_ns = if period_ns == 0 {
        clock::thread_cpu_nanos()
    } else {
        0
    };
    let new_ns = if period_ns == 0 {
        used_ns.saturating_sub(entry.sampled_ns.load(Ordering::Relaxed))
    } else {
        (signal.overrun as u32 as u64)
            .wrapping_add(1)
            .wrapping_mul(period_ns)
    };
    let weight_ns = new_ns.wrapping_add(entry.owed_ns.load(Ordering::Relaxed));
    entry.sampled_ns.store(used_ns, Ordering::Relaxed);
    let registers = registers(context);
    let kept = shared.ring.push(|slot, record| {
        let bytes = shared.stack_bytes.load(Ordering::Relaxed);
        let part = shared.stacks.part(slot);
        let taken = Record {
            thread: entry.thread.load(Ordering::Relaxed),
            at_ns: clock::monotonic_nanos(),
            weight_ns,
            registers,
            stack_len: copy_stack(shared, entry, registers.stack, part, bytes),
        };
        // SAFETY: the ring gives a slot that is this call's alone.
        unsafe { record.write(taken) };
    });
    if kept {
        entry.owed_ns.store(0, Ordering::Relaxed);
    } else {
        entry.owed_ns.store(weight_ns, Ordering::Relaxed);
        shared.lost.fetch_add(1, Ordering::Relaxed);
    }
}

/// Copies the stack from `from` on, at most `bytes`, to `to`; how much it was. Nothing that it does can fault.
#[inline(always)]
fn copy_stack(shared: &Shared, entry: &Entry, from: u64, to: *mut u8, bytes: usize) -> usize {
    let high = entry.stack_high.load(Ordering::Acquire);
    let low = entry.stack_low.load(Ordering::Acquire);
    if low <= from && from < high {
        let above = high.wrapping_sub(from) as usize;
        let bytes = if above < bytes { above } else { bytes };
        // SAFETY: the thread said itself where its stack lies, and it lives: the kernel or the C library keeps it mapped
        // from the stack pointer to its end. The part is the slot's, at least `bytes` long, and no stack.
        unsafe { ptr::copy_nonoverlapping(from as *const u8, to, bytes) };
        return bytes;
    }
    if shared.copies_by_kernel.load(Ordering::Relaxed) {
        return copy_by_kernel(entry.thread.load(Ordering::Relaxed), from, to, bytes);
    }
    0
}

/// As [`copy_stack`] for a stack whose bounds are not known (a foreign thread, a coroutine, an alternative signal
/// stack): the kernel copies what is readable up to the first page that is not. About 0.6 µs more.
#[inline(always)]
fn copy_by_kernel(thread: u32, from: u64, to: *mut u8, bytes: usize) -> usize {
    // A piece a page: the kernel stops at the first piece that it cannot read, and keeps those before.
    let mut pieces = [const { MaybeUninit::<libc::iovec>::uninit() }; PIECES];
    let end = from.saturating_add(bytes as u64);
    let mut at = from;
    let mut count = 0_usize;
    while at < end && count < PIECES {
        let page_end = (at | (PAGE - 1)).saturating_add(1);
        let next = if page_end < end { page_end } else { end };
        let piece = libc::iovec {
            iov_base: at as *mut c_void,
            iov_len: next.wrapping_sub(at) as usize,
        };
        let place = pieces.as_mut_ptr().wrapping_add(count);
        // SAFETY: `count` is less than the array's length.
        unsafe { place.cast::<libc::iovec>().write(piece) };
        count = count.wrapping_add(1);
        at = next;
    }
    let local = libc::iovec {
        iov_base: to.cast(),
        iov_len: bytes,
    };
    // SAFETY: the lists are as long as said; the kernel checks every remote address, and writes at most `bytes` to `to`,
    // which are the slot's. The thread's number names this process, also when its first thread has ended.
    let copied = unsafe {
        libc::process_vm_readv(
            thread as libc::pid_t,
            &raw const local,
            1,
            pieces.as_ptr().cast(),
            count as libc::c_ulong,
            0,
        )
    };
    if copied > 0 { copied as usize } else { 0 }
}

/// Whether the system lets a process copy its own memory. Outside of signal handlers.
pub(super) fn copies_by_kernel() -> bool {
    let (from, mut to) = (0x5a_u8, 0_u8);
    let copied = copy_by_kernel(
        tasks::this_thread(),
        (&raw const from) as u64,
        &raw mut to,
        1,
    );
    copied == 1 && to == from
}

/// The interrupted registers.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn registers(context: *const libc::ucontext_t) -> Registers {
    // SAFETY: SA_SIGINFO: the kernel gives the interrupted context, which nobody else touches meanwhile.
    let general = unsafe { &(*context).uc_mcontext.gregs };
    Registers {
        instruction: general[libc::REG_RIP as usize] as u64,
        stack: general[libc::REG_RSP as usize] as u64,
        frame: general[libc::REG_RBP as usize] as u64,
        link: 0,
    }
}

/// The interrupted registers.
#[cfg(target_arch = "aarch64")]
#[inline(always)]
fn registers(context: *const libc::ucontext_t) -> Registers {
    // SAFETY: SA_SIGINFO: the kernel gives the interrupted context, which nobody else touches meanwhile.
    let machine = unsafe { &(*context).uc_mcontext };
    Registers {
        instruction: machine.pc,
        stack: machine.sp,
        frame: machine.regs[29],
        link: machine.regs[30],
    }
}
