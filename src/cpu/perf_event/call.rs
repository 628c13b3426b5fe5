//! The system calls on events.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::attr::Attr;
use super::fault::{Call, Fault};

/// `PERF_FLAG_FD_CLOEXEC`
const CLOSE_ON_EXEC: libc::c_ulong = 1 << 3;

/// `PERF_EVENT_IOC_*`
mod request {
    pub(super) const ENABLE: libc::c_ulong = 0x2400;
    pub(super) const SET_OUTPUT: libc::c_ulong = 0x2405;
    pub(super) const ID: libc::c_ulong = 0x8008_2407;
}

/// An event of the thread (0: the calling one) while it runs on the CPU. Costs about 15 µs.
pub(super) fn open(attr: &Attr, thread: u32, cpu: u32) -> Result<OwnedFd, Fault> {
    let no_group: libc::c_int = -1;
    // SAFETY: `attr` is a valid attribute of the size that it says, which the kernel only reads; the other arguments
    // are plain numbers.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            std::ptr::from_ref(attr),
            thread as libc::pid_t,
            cpu as libc::c_int,
            no_group,
            CLOSE_ON_EXEC,
        )
    };
    match libc::c_int::try_from(answer) {
        // SAFETY: the kernel has just given us this descriptor; nobody else knows it.
        Ok(file) if file >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(file) }),
        _ => Err(last(Call::Open)),
    }
}

/// The event's records go to the ring from now on.
pub(super) fn set_output(event: BorrowedFd<'_>, ring: BorrowedFd<'_>) -> Result<(), Fault> {
    let ring = libc::c_long::from(ring.as_raw_fd());
    // SAFETY: both descriptors are open events, as long as they are borrowed; the argument is a number.
    let answer = unsafe { libc::ioctl(event.as_raw_fd(), request::SET_OUTPUT as _, ring) };
    result(answer, Call::SetOutput)
}

/// The number that the event's records carry, and those of the events inherited from it.
pub(super) fn id(event: BorrowedFd<'_>) -> Result<u64, Fault> {
    let mut id = 0_u64;
    // SAFETY: the descriptor is an open event; the kernel writes a `u64` to the pointer, which is valid for that.
    let answer = unsafe { libc::ioctl(event.as_raw_fd(), request::ID as _, &raw mut id) };
    result(answer, Call::Id).map(|()| id)
}

/// The event, and all that were inherited from it, begin to sample.
pub(super) fn enable(event: BorrowedFd<'_>) -> Result<(), Fault> {
    // SAFETY: the descriptor is an open event; the argument is a number.
    let answer = unsafe { libc::ioctl(event.as_raw_fd(), request::ENABLE as _, 0 as libc::c_long) };
    result(answer, Call::Enable)
}

fn result(answer: libc::c_int, call: Call) -> Result<(), Fault> {
    if answer == 0 { Ok(()) } else { Err(last(call)) }
}

/// What the system has just answered.
pub(super) fn last(call: Call) -> Fault {
    let error = io::Error::last_os_error().raw_os_error().unwrap_or(0);
    Fault::Answer { call, error }
}

/// The calling thread, as the kernel numbers it.
pub(super) fn this_thread() -> u32 {
    // SAFETY: takes no argument and cannot fail.
    let thread = unsafe { libc::syscall(libc::SYS_gettid) };
    thread as u32
}
