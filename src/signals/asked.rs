//! SIGUSR2, when the settings want it: notes that it came, and lets the program's own handler do what it did.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use libc::{c_int, c_void, siginfo_t};

static CAME: AtomicBool = AtomicBool::new(false);
/// What was called before, and still is; 0: nothing.
static BEFORE: AtomicUsize = AtomicUsize::new(0);
/// Whether that takes three arguments.
static BEFORE_TAKES_INFO: AtomicBool = AtomicBool::new(false);
static INSTALLED: AtomicBool = AtomicBool::new(false);

/// Looks out for SIGUSR2 from now on; once for the process. False: the system refuses.
pub(crate) fn look_out() -> bool {
    // One that came after the end of a monitor before this one was for that.
    CAME.store(false, Ordering::Relaxed);
    if INSTALLED.swap(true, Ordering::AcqRel) {
        return true;
    }
    let installed = install();
    if !installed {
        INSTALLED.store(false, Ordering::Release);
    }
    installed
}

fn install() -> bool {
    // SAFETY: all zeroes is a valid `sigaction`: no handler, no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: the second pointer is null, which changes nothing; the third is to memory of the right type.
    let asked = unsafe { libc::sigaction(libc::SIGUSR2, std::ptr::null(), &raw mut action) };
    if asked != 0 {
        return false;
    }
    if ![libc::SIG_DFL, libc::SIG_IGN].contains(&action.sa_sigaction) {
        BEFORE_TAKES_INFO.store(action.sa_flags & libc::SA_SIGINFO != 0, Ordering::Relaxed);
        BEFORE.store(action.sa_sigaction, Ordering::Release);
    }
    action.sa_sigaction = note as *const () as usize;
    // The program's calls go on where they can, as if nothing had come.
    action.sa_flags |= libc::SA_SIGINFO | libc::SA_RESTART;
    // SAFETY: `note` has the signature that SA_SIGINFO asks for, and does what a signal handler may: it reads and writes
    // atomics, and calls the handler that was there.
    unsafe { libc::sigaction(libc::SIGUSR2, &raw const action, std::ptr::null_mut()) == 0 }
}

/// Whether it came since the last call.
pub(crate) fn came() -> bool {
    CAME.load(Ordering::Relaxed) && CAME.swap(false, Ordering::Relaxed)
}

extern "C" fn note(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    CAME.store(true, Ordering::Relaxed);
    let before = BEFORE.load(Ordering::Acquire);
    if before == 0 {
        return;
    }
    if BEFORE_TAKES_INFO.load(Ordering::Relaxed) {
        // SAFETY: `look_out` has put it there: a handler whose flags had SA_SIGINFO, so a function of three arguments.
        let before = unsafe {
            std::mem::transmute::<usize, extern "C" fn(c_int, *mut siginfo_t, *mut c_void)>(before)
        };
        before(signal, info, context);
    } else {
        // SAFETY: as above, of one argument, as its flags had no SA_SIGINFO.
        let before = unsafe { std::mem::transmute::<usize, extern "C" fn(c_int)>(before) };
        before(signal);
    }
}
