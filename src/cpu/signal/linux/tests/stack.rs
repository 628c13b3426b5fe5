//! What is copied: registers and stack, wherever the stack lies.

use super::*;
use crate::cpu::signal::linux::arm_this_thread;
use crate::cpu::signal::linux::stacks::MAX_STACK;

/// A pattern that is nowhere else.
const MARK: [u8; 16] = *b"vecperf'stack'16";

/// Whether the sample was taken inside of code, and its stack holds the mark.
fn holds_the_mark(sample: &Sampled) -> bool {
    sample.stack.windows(MARK.len()).any(|bytes| bytes == MARK)
}

/// Burns when the stack has grown by so many bytes, at the least.
#[inline(never)]
fn burn_below(top: usize, bytes: usize, millis: u64) -> u32 {
    let frame = std::hint::black_box([0x33_u8; 256]);
    let deep = top - (&raw const frame).addr() >= bytes;
    let thread = if deep {
        burn(millis).0
    } else {
        burn_below(top, bytes, millis)
    };
    std::hint::black_box(frame);
    thread
}

/// Burns with the mark so many bytes further up the stack, or a few hundred more.
#[inline(never)]
fn burn_with_mark(bytes: usize, millis: u64) -> u32 {
    let mut mark = MARK;
    std::hint::black_box(&mut mark);
    let thread = burn_below((&raw const mark).addr(), bytes, millis);
    std::hint::black_box(&mut mark);
    thread
}

/// Most of the samples of `thread`, at least a few, fulfil the condition.
fn assert_most(seen: &Seen, thread: u32, condition: impl Fn(&Sampled) -> bool) {
    let all = seen.of(thread).count();
    let good = seen.of(thread).filter(|sample| condition(sample)).count();
    assert!(good * 10 >= all * 8 && good > 1, "{good} of {all}");
}

alone! {
    fn the_stack_of_a_thread_that_times_operations_is_copied() {
        let (thread, seen) = watched(BackEnd::ThreadTimer, || {
            std::thread::spawn(|| {
                arm_this_thread();
                burn_with_mark(1024, 500)
            }).join().unwrap()
        });
        assert_most(&seen, thread, holds_the_mark);
        let (first, last) = (burn as *const () as u64, burn as *const () as u64 + 4096);
        assert_most(&seen, thread, |sample| sample.registers.stack != 0 && sample.registers.instruction != 0);
        assert!(seen.of(thread).any(|sample| (first..last).contains(&sample.registers.instruction)));
    }

    fn the_stack_of_any_other_thread_is_copied() {
        let (thread, seen) = watched(BackEnd::ThreadTimer, || {
            std::thread::spawn(|| burn_with_mark(1024, 500)).join().unwrap()
        });
        assert_most(&seen, thread, holds_the_mark);
    }

    fn no_more_is_copied_than_asked_for() {
        let mut sampler = start(BackEnd::ThreadTimer);
        assert_eq!(sampler.stack_bytes(), 16 * 1024);
        for bytes in [2 * 1024, MAX_STACK] {
            sampler.set_stack_bytes(bytes).unwrap();
            assert_eq!(sampler.stack_bytes(), bytes);
            let mut seen = Seen::default();
            let thread = std::thread::spawn(|| {
                arm_this_thread();
                burn_with_mark(20 * 1024, 500)
            }).join().unwrap();
            seen.drain(&mut sampler);
            assert!(seen.of(thread).all(|sample| sample.stack.len() <= bytes));
            assert_most(&seen, thread, |sample| holds_the_mark(sample) == (bytes == MAX_STACK));
        }
        assert!(sampler.set_stack_bytes(MAX_STACK + 1).is_err());
        assert_eq!(sampler.stack_bytes(), MAX_STACK);
    }

    /// A few KiB above the guard page of a stack of 64 KiB.
    fn deep_recursion_on_a_small_stack_is_survived() {
        let (thread, seen) = watched(BackEnd::Ticker, || {
            let small = std::thread::Builder::new().stack_size(64 * 1024);
            small.spawn(|| {
                arm_this_thread();
                burn_with_mark(48 * 1024, 300)
            }).unwrap().join().unwrap()
        });
        assert_most(&seen, thread, |sample| sample.stack.len() == 16 * 1024);
    }

    fn code_on_an_alternative_signal_stack_is_sampled() {
        let (thread, seen) = watched(BackEnd::Ticker, || {
            std::thread::spawn(|| {
                arm_this_thread();
                let mut room = vec![0_u8; 64 * 1024];
                on_stack_of(&mut room, 300);
                tasks::this_thread()
            }).join().unwrap()
        });
        assert_most(&seen, thread, holds_the_mark);
    }

    fn without_process_vm_readv_registers_remain() {
        deny(libc::SYS_process_vm_readv);
        let ((own, foreign), seen) = watched(BackEnd::ThreadTimer, || {
            let own = std::thread::spawn(|| {
                arm_this_thread();
                burn_with_mark(1024, 500)
            });
            let foreign = std::thread::spawn(|| burn_with_mark(1024, 500));
            (own.join().unwrap(), foreign.join().unwrap())
        });
        assert_most(&seen, own, holds_the_mark);
        assert_most(&seen, foreign, |sample| sample.stack.is_empty() && sample.registers.instruction != 0);
        assert!(seen.sight.notes.iter().any(|note| note.contains("process_vm_readv")), "{:?}", seen.sight);
    }

    fn without_timers_it_refuses_and_says_why() {
        deny(libc::SYS_timer_create);
        let refusal = Sampling::start(BackEnd::ThreadTimer, &Options::default()).unwrap_err();
        assert!(refusal.reason.contains("timer_create") && refusal.reason.contains("not permitted"), "{refusal:?}");
        drop(start(BackEnd::Ticker)); // needs none
    }
}

/// Burns in a signal handler on `room`.
fn on_stack_of(room: &mut [u8], millis: u64) {
    static MILLIS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    extern "C" fn burning(_: std::ffi::c_int) {
        burn_with_mark(1024, MILLIS.load(Ordering::Relaxed));
    }
    MILLIS.store(millis, Ordering::Relaxed);
    let stack = libc::stack_t {
        ss_sp: room.as_mut_ptr().cast(),
        ss_flags: 0,
        ss_size: room.len(),
    };
    let mut before = stack;
    // SAFETY: the room outlives its use: the old stack is put back below.
    let status = unsafe { libc::sigaltstack(&raw const stack, &raw mut before) };
    assert_eq!(status, 0);
    // SAFETY: all bit patterns are valid for this C structure.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = burning as *const () as usize;
    action.sa_flags = libc::SA_ONSTACK;
    // SAFETY: the action lives through the call.
    unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()) };
    // SAFETY: sends a signal to the calling thread, which handles it before `raise` returns.
    unsafe { libc::raise(libc::SIGUSR1) };
    // SAFETY: what was there before.
    unsafe { libc::sigaltstack(&raw const before, std::ptr::null_mut()) };
}

/// From now on the system call fails with EPERM in this process, as a container's filter would have it.
fn deny(call: libc::c_long) {
    let step = |code: u32, yes: u8, no: u8, value: u32| libc::sock_filter {
        code: code as u16,
        jt: yes,
        jf: no,
        k: value,
    };
    let mut program = [
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        step(
            libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
            0,
            1,
            call as u32,
        ),
        step(
            libc::BPF_RET | libc::BPF_K,
            0,
            0,
            libc::SECCOMP_RET_ERRNO | libc::EPERM as u32,
        ),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: takes numbers.
    let status = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(status, 0);
    // SAFETY: the program lives through the call.
    let status = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const program,
        )
    };
    assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
}
