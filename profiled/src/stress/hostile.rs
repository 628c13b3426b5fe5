//! What programs do that profilers trip over.

use std::backtrace::Backtrace;
use std::hint::black_box;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::native;
use crate::programs::Plugin;
use crate::spin::{self, units};

/// Each for a thread of its own, again and again.
pub(super) const ALL: &[(&str, fn())] = &[
    ("libraries", libraries),
    ("panics", panics),
    ("exceptions", exceptions),
    ("allocations", allocations),
    ("thread_churn", thread_churn),
    ("deep_recursion", deep_recursion),
    ("signal_stacks", signal_stacks),
    ("forks", forks),
];

/// Load a library, run it, unload it.
fn libraries() {
    let plugin = Plugin::any();
    black_box(plugin.call(units(Duration::from_micros(300))));
}

/// Panics unwind through the same tables that a profiler reads.
fn panics() {
    let caught = std::panic::catch_unwind(|| {
        if black_box(true) {
            panic!("on purpose");
        }
    });
    assert!(caught.is_err());
}

fn exceptions() {
    black_box(native::catch(20));
}

/// Holds the allocator's locks as often as one can.
fn allocations() {
    let blocks: Vec<Vec<u8>> = (0..200).map(|at| vec![0; 16 + at * 40]).collect();
    black_box(&blocks);
}

/// Some 200 threads a second, which look at their own stack.
fn thread_churn() {
    let thread = thread::spawn(|| {
        let _ = black_box(Backtrace::force_capture());
        black_box(spin::compute(units(Duration::from_micros(500))));
    });
    let joined = thread.join();
    assert!(joined.is_ok());
    thread::sleep(Duration::from_millis(4));
}

/// A stack far larger than what is copied of it.
fn deep_recursion() {
    #[inline(never)]
    fn descend(depth: u32) -> u64 {
        let frame = black_box([u64::from(depth); 16]);
        if depth == 0 {
            return spin::compute(units(Duration::from_micros(200)));
        }
        black_box(descend(depth - 1)) + black_box(frame)[3]
    }
    const DEPTH: u32 = 5_000;
    black_box(descend(DEPTH));
}

static SIGNALS: AtomicU64 = AtomicU64::new(0);

/// A signal whose handler works on the alternate stack that the standard library gives each thread.
fn signal_stacks() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(install);
    let before = SIGNALS.load(Ordering::Relaxed);
    // SAFETY: raises a signal whose handler is installed above.
    unsafe { libc::raise(libc::SIGUSR2) };
    assert!(SIGNALS.load(Ordering::Relaxed) > before);
}

fn install() {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    let handler: extern "C" fn(libc::c_int) = on_signal;
    // SAFETY: all zeroes is a sigaction: no flags, an empty mask.
    let action = unsafe { action.assume_init_mut() };
    action.sa_sigaction = handler as libc::sighandler_t;
    action.sa_flags = libc::SA_ONSTACK;
    // SAFETY: a whole sigaction, whose handler computes and touches an atomic.
    unsafe { libc::sigaction(libc::SIGUSR2, action, std::ptr::null_mut()) };
}

extern "C" fn on_signal(_: libc::c_int) {
    // 100 µs by its size; the calibration is done, and no lock is taken.
    black_box(spin::one(50_000));
    SIGNALS.fetch_add(1, Ordering::Relaxed);
}

/// A child that computes and ends.
fn forks() {
    let units = units(Duration::from_micros(500));
    // SAFETY: the child takes no lock: it computes and ends.
    match unsafe { libc::fork() } {
        0 => {
            black_box(spin::in_the_child(units));
            // SAFETY: ends the child.
            unsafe { libc::_exit(0) }
        }
        child => {
            let mut status = -1;
            // SAFETY: our child; `status` is an int to write to.
            let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
            assert!(waited == child && status == 0, "{waited} {status:#x}");
        }
    }
    thread::sleep(Duration::from_millis(5));
}
