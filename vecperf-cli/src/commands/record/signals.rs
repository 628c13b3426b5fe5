//! Signals that somebody sends to vecperf alone: the command has not got them, so they are passed on to it. Ctrl-C at a
//! terminal is the kernel's; that reaches the command by itself.

use std::process::Child;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use libc::{c_int, c_void, siginfo_t};

/// Those that ask to end.
const ASKING: [c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// The last one that a process has sent; 0: none.
static SENT: AtomicI32 = AtomicI32::new(0);

/// What was called for each of [`ASKING`] before, and still is.
static BEFORE: [AtomicUsize; 3] = [const { AtomicUsize::new(0) }; 3];

/// Looks out for them from now on, in front of the handlers of [`Interrupt`](crate::interrupt::Interrupt).
pub(super) fn look_out() {
    for (&signal, before) in ASKING.iter().zip(&BEFORE) {
        // SAFETY: all zeroes is a valid `sigaction`: no handler, no flags, an empty mask.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        // SAFETY: the second pointer is null, which changes nothing; the third is to memory of the right type.
        let status = unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut action) };
        let handled = ![libc::SIG_DFL, libc::SIG_IGN].contains(&action.sa_sigaction);
        if status != 0 || !handled || action.sa_flags & libc::SA_SIGINFO != 0 {
            continue; // not the handler we know
        }
        before.store(action.sa_sigaction, Ordering::Relaxed);
        action.sa_sigaction = note as *const () as usize;
        action.sa_flags |= libc::SA_SIGINFO;
        // SAFETY: `note` has the signature that SA_SIGINFO asks for, and does what a signal handler may: it reads and
        // writes atomics, and calls the handler that was there.
        unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) };
    }
}

extern "C" fn note(signal: c_int, origin: *const siginfo_t, _: *mut c_void) {
    // SAFETY: with SA_SIGINFO the kernel hands over a pointer that is valid during the call.
    let code = unsafe { (*origin).si_code };
    if code <= 0 {
        SENT.store(signal, Ordering::Relaxed); // by kill() and its like; the kernel's own are above
    }
    let all = ASKING.iter().zip(&BEFORE);
    for (_, before) in all.filter(|(asking, _)| **asking == signal) {
        let before = before.load(Ordering::Relaxed);
        // SAFETY: `look_out` has put it there before it made this function the handler: a function of one argument, as
        // its flags had no SA_SIGINFO.
        let before = unsafe { std::mem::transmute::<usize, extern "C" fn(c_int)>(before) };
        before(signal);
    }
}

/// Sends `command`, which has not been waited for, what was sent to us alone.
pub(super) fn pass_on(command: &Child) {
    let signal = SENT.swap(0, Ordering::Relaxed);
    if signal != 0 {
        // SAFETY: two plain numbers; as nobody has waited for the process, its number is not another's by now.
        unsafe { libc::kill(command.id() as libc::pid_t, signal) };
    }
}
