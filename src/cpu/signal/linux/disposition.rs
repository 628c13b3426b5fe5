//! What SIGPROF does in this process. Ours is installed where nobody else's is, and then stays: a late signal that
//! found the default action would end the process.

use std::ffi::{CStr, c_int, c_void};
use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;

use super::handler::on_signal;

/// Who gets SIGPROF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disposition {
    Ours,
    /// Nobody: the signal ends the process.
    Default,
    Ignored,
    /// A signal handler of the program's or of another library's, at this address.
    Foreign(usize),
}

/// Who gets it now. About 0.2 µs.
pub(super) fn current() -> io::Result<Disposition> {
    change(ptr::null()).map(|action| Disposition::of(&action))
}

/// Makes SIGPROF ours.
///
/// # Errors
/// Who has it, in words, and what to do about it.
pub(super) fn install() -> Result<(), (String, String)> {
    let failed = |error: io::Error| {
        (
            format!("sigaction(SIGPROF): {error}"),
            "allow the sigaction system call".to_owned(),
        )
    };
    let before = current().map_err(failed)?;
    match before {
        Disposition::Ours => return Ok(()),
        Disposition::Default => {}
        Disposition::Ignored | Disposition::Foreign(_) => return Err(taken(before)),
    }
    let action = ours();
    let before = change(&raw const action).map_err(failed)?;
    match Disposition::of(&before) {
        Disposition::Ours | Disposition::Default => Ok(()),
        // Somebody was faster between the two calls, and has it back.
        other => {
            let _ = change(&raw const before);
            Err(taken(other))
        }
    }
}

impl Disposition {
    fn of(action: &libc::sigaction) -> Self {
        match action.sa_sigaction {
            libc::SIG_DFL => Self::Default,
            libc::SIG_IGN => Self::Ignored,
            address if address == on_signal as *const () as usize => Self::Ours,
            address => Self::Foreign(address),
        }
    }
}

fn taken(by: Disposition) -> (String, String) {
    let remedy = match by {
        Disposition::Ignored => "start the program with SIGPROF at its default action",
        _ => "stop the other profiler before this one starts",
    };
    (
        format!("SIGPROF is taken by {by}"),
        format!("{remedy}, or let perf_event run, which needs no signal"),
    )
}

impl fmt::Display for Disposition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours => out.write_str("vecperf"),
            Self::Default => out.write_str("the default action, which ends the process"),
            Self::Ignored => out.write_str("SIG_IGN: the process ignores it, or its parent did"),
            Self::Foreign(address) => {
                write!(out, "another signal handler: {}", name_of(*address))
            }
        }
    }
}

/// SA_RESTART: system calls go on. SA_ONSTACK: a thread deep in its stack is interrupted on its alternative one. The mask
/// has every bit, also those of the C library's own signals: nothing abandons a signal handler half-way.
fn ours() -> libc::sigaction {
    // SAFETY: all bit patterns are valid for this C structure.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = on_signal as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
    let mask = (&raw mut action.sa_mask).cast::<u8>();
    // SAFETY: the mask is plain bits, as long as its type.
    unsafe { mask.write_bytes(0xff, size_of::<libc::sigset_t>()) };
    action
}

/// Installs `action`, or nothing for null; what was there before.
fn change(action: *const libc::sigaction) -> io::Result<libc::sigaction> {
    let mut before = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: `action` is null or lives through the call; `before` may be written.
    if unsafe { libc::sigaction(libc::SIGPROF, action, before.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so it filled the structure.
    Ok(unsafe { before.assume_init() })
}

/// `function in file` as far as the dynamic linker knows, else the address.
fn name_of(address: usize) -> String {
    let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: looks the address up, whatever it is; `found` may be written.
    let status = unsafe { libc::dladdr(address as *const c_void, found.as_mut_ptr()) };
    // SAFETY: all bit patterns are valid; zeroed before, or filled by the call.
    let found = unsafe { found.assume_init() };
    let text = |pointer: *const libc::c_char| {
        (status != 0 && !pointer.is_null()).then(|| {
            // SAFETY: the linker's own strings, which stay while the file is loaded, and its signal handler is in it.
            unsafe { CStr::from_ptr(pointer) }
                .to_string_lossy()
                .into_owned()
        })
    };
    match (text(found.dli_sname), text(found.dli_fname)) {
        (Some(function), Some(file)) => format!("{function} in {file}"),
        (_, Some(file)) => format!("{address:#x} in {file}"),
        _ => format!("{address:#x}"),
    }
}

/// Whether the calling thread blocks SIGPROF.
pub(super) fn blocked_here() -> bool {
    let mut mask = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: nothing is changed; `mask` may be written.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), mask.as_mut_ptr()) };
    let signal: c_int = libc::SIGPROF;
    // SAFETY: the mask was zeroed and perhaps filled: valid either way.
    (unsafe { libc::sigismember(mask.as_ptr(), signal) }) == 1
}
