//! SIGPROF: whose it is, whom it reaches, and what it interrupts.

use std::ffi::c_int;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::Duration;

use super::*;
use crate::cpu::signal::linux::disposition::{self, Disposition};

static FOREIGN: AtomicUsize = AtomicUsize::new(0);

extern "C" fn foreign(_: c_int) {
    FOREIGN.fetch_add(1, Ordering::Relaxed);
}

/// Gives SIGPROF to `action`.
fn take_sigprof(action: usize) {
    // SAFETY: plain C; the action is a signal handler that only counts, or a constant.
    unsafe { libc::signal(libc::SIGPROF, action) };
}

fn raise_sigprof() {
    // SAFETY: sends a signal to the calling thread.
    unsafe { libc::raise(libc::SIGPROF) };
}

alone! {
    fn a_foreign_signal_handler_is_left_alone_and_named() {
        take_sigprof(foreign as *const () as usize);
        for back_end in [BackEnd::ThreadTimer, BackEnd::Ticker] {
            let refusal = Sampling::start(back_end, &Options::default()).unwrap_err();
            let program = std::env::current_exe().unwrap();
            let program = program.file_name().unwrap().to_str().unwrap();
            assert!(refusal.reason.contains("another signal handler"), "{refusal:?}");
            assert!(refusal.reason.contains(program), "{refusal:?}");
            assert!(refusal.remedy.contains("stop the other profiler"), "{refusal:?}");
        }
        raise_sigprof();
        assert_eq!(FOREIGN.load(Ordering::Relaxed), 1);
        take_sigprof(libc::SIG_IGN);
        let refusal = Sampling::start(BackEnd::ThreadTimer, &Options::default()).unwrap_err();
        assert!(refusal.reason.contains("SIG_IGN"), "{refusal:?}");
        take_sigprof(libc::SIG_DFL);
        drop(start(BackEnd::ThreadTimer));
    }

    fn a_signal_after_the_end_does_no_harm() {
        for back_end in [BackEnd::ThreadTimer, BackEnd::Ticker] {
            drop(start(back_end));
            raise_sigprof();
            burn(10);
        }
        assert_eq!(disposition::current().unwrap(), Disposition::Ours);
    }

    fn signals_of_others_are_no_samples() {
        let ((), seen) = watched(BackEnd::ThreadTimer, || (0..500).for_each(|_| raise_sigprof()));
        let raised = tasks::this_thread();
        // 500 signals take a millisecond or two of CPU time: a few of ours, not hundreds.
        assert!(seen.of(raised).count() < 50, "{}", seen.of(raised).count());
    }

    fn who_takes_sigprof_meanwhile_keeps_it_and_gets_none_of_ours() {
        let ((), seen) = watched(BackEnd::ThreadTimer, || {
            std::thread::scope(|scope| {
                scope.spawn(|| burn(600));
                take_sigprof(foreign as *const () as usize);
                while timers() > 0 {
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
        });
        assert!(seen.sight.notes.iter().any(|note| note.contains("taken over")), "{:?}", seen.sight);
        let now = disposition::current().unwrap();
        assert_eq!(now, Disposition::Foreign(foreign as *const () as usize));
        assert!(Sampling::start(BackEnd::ThreadTimer, &Options::default()).is_err());
    }

    fn waiting_threads_are_not_woken_by_timers() {
        idle(BackEnd::ThreadTimer);
    }

    fn waiting_threads_are_not_woken_by_the_ticker() {
        idle(BackEnd::Ticker);
    }

    fn one_session_at_a_time() {
        let first = start(BackEnd::ThreadTimer);
        let refusal = Sampling::start(BackEnd::Ticker, &Options::default()).unwrap_err();
        assert!(refusal.reason.contains("another recording"), "{refusal:?}");
        drop(first);
        drop(start(BackEnd::Ticker));
    }

    fn errno_survives_a_sample() {
        let (wrong, seen) = watched(BackEnd::Ticker, || {
            let mut wrong = 0;
            // SAFETY: the C library gives the address of the calling thread's errno.
            let errno = unsafe { libc::__errno_location() };
            for _ in 0..300 {
                // SAFETY: this thread's own.
                unsafe { errno.write_volatile(4711) };
                burn_in_user_mode();
                // SAFETY: as above.
                wrong += u32::from(unsafe { errno.read_volatile() } != 4711);
            }
            wrong
        });
        assert!(seen.of(tasks::this_thread()).count() > 0);
        assert_eq!(wrong, 0);
    }
}

/// About a millisecond without a system call.
fn burn_in_user_mode() {
    let mut work = 1_u64;
    for _ in 0..200_000 {
        work = std::hint::black_box(work.wrapping_mul(6_364_136_223_846_793_005) + 1);
    }
}

/// 64 threads that wait, each 40 times: next to no signals, next to no interrupted calls.
fn idle(back_end: BackEnd) {
    const THREADS: usize = 64;
    const WAITS: usize = 40;
    let interrupted = AtomicU64::new(0);
    let ((), seen) = watched(back_end, || {
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for _ in 0..WAITS {
                        // SAFETY: no descriptors; waits 10 ms.
                        let status = unsafe { libc::poll(std::ptr::null_mut(), 0, 10) };
                        interrupted.fetch_add(u64::from(status != 0), Ordering::Relaxed);
                    }
                });
            }
        });
    });
    // A thread that has used a period's CPU time may be found waiting: with timers not at all, with the ticker now and
    // then, and more often on a busy machine. Were they woken as running ones are, each wait would be interrupted ten times.
    let (interrupted, samples) = (interrupted.load(Ordering::Relaxed), seen.samples.len());
    let waits = THREADS * WAITS;
    assert!(
        (interrupted as usize) < waits / 4,
        "{interrupted} of {waits} interrupted"
    );
    assert!(samples < waits / 2, "{samples} samples");
}
