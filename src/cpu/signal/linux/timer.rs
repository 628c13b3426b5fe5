//! A POSIX timer on one thread's CPU clock, which signals that thread and no other.
//!
//! By system call: libc has no declaration of `timer_create` for Linux, and the kernel's number is all there is to keep.

use std::io;
use std::ptr;

use super::cookie::Cookie;
use crate::clock;

/// Deleted when dropped. The kernel disarms it when its thread ends, and keeps it until then.
#[derive(Debug)]
pub(super) struct Timer {
    number: i32,
}

impl Timer {
    /// A timer of `thread`'s CPU time, not armed yet; its signals carry `cookie`.
    ///
    /// # Errors
    /// The system's: EINVAL, the thread has ended; EAGAIN, RLIMIT_SIGPENDING is used up; ENOSYS or EPERM, not allowed.
    pub(super) fn new(thread: u32, cookie: Cookie) -> io::Result<Self> {
        // SAFETY: all bit patterns are valid for this C structure.
        let mut event: libc::sigevent = unsafe { std::mem::zeroed() };
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = libc::SIGPROF;
        event.sigev_notify_thread_id = thread as i32;
        event.sigev_value = libc::sigval {
            sival_ptr: cookie.to_bits() as *mut libc::c_void,
        };
        let mut number = 0_i32;
        let clock = libc::c_long::from(clock::thread_clock(thread));
        // SAFETY: both structures live through the call, which reads the one and writes the other.
        let status = unsafe {
            libc::syscall(
                libc::SYS_timer_create,
                clock,
                &raw mut event,
                &raw mut number,
            )
        };
        match status {
            0 => Ok(Self { number }),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Expires when the thread has used `first_ns` of CPU time in its life, and every `period_ns` from then on.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn arm(&self, first_ns: u64, period_ns: u64) -> io::Result<()> {
        let setting = libc::itimerspec {
            it_interval: timespec(period_ns),
            it_value: timespec(first_ns.max(1)), // zero would disarm
        };
        let number = libc::c_long::from(self.number);
        let absolute = libc::c_long::from(libc::TIMER_ABSTIME);
        // SAFETY: the setting lives through the call, which only reads it; no old setting is asked for.
        let status = unsafe {
            libc::syscall(
                libc::SYS_timer_settime,
                number,
                absolute,
                &raw const setting,
                ptr::null_mut::<libc::itimerspec>(),
            )
        };
        match status {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Whether it still counts: an armed timer stops for good when its thread ends.
    pub(super) fn counts(&self) -> bool {
        let mut setting = libc::itimerspec {
            it_interval: timespec(0),
            it_value: timespec(0),
        };
        let number = libc::c_long::from(self.number);
        // SAFETY: the setting lives through the call, which writes it.
        let status = unsafe { libc::syscall(libc::SYS_timer_gettime, number, &raw mut setting) };
        status == 0 && (setting.it_value.tv_sec, setting.it_value.tv_nsec) != (0, 0)
    }
}

/// Whether a thread can have a timer here.
///
/// # Errors
/// Why not.
pub(super) fn try_one(thread: u32) -> io::Result<()> {
    // A generation of 0 is nobody's: were it to expire, nothing would happen.
    let nobodys = Cookie {
        generation: 0,
        entry: 0,
    };
    Timer::new(thread, nobodys)?.arm(u64::MAX / 4, 1_000_000_000)
}

impl Drop for Timer {
    fn drop(&mut self) {
        let number = libc::c_long::from(self.number);
        // SAFETY: takes a number; the timer is this object's, which ends here.
        unsafe { libc::syscall(libc::SYS_timer_delete, number) };
    }
}

fn timespec(nanos: u64) -> libc::timespec {
    libc::timespec {
        tv_sec: (nanos / 1_000_000_000) as libc::time_t,
        tv_nsec: (nanos % 1_000_000_000) as libc::c_long,
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const COOKIE: Cookie = Cookie {
        generation: 1,
        entry: 0,
    };

    #[test]
    fn a_timer_counts_while_its_thread_lives() {
        let (tell, told) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            tell.send(super::super::tasks::this_thread()).unwrap();
            let _ = ended.recv();
        });
        let number = told.recv().unwrap();
        let timer = Timer::new(number, COOKIE).unwrap();
        assert!(!timer.counts(), "not armed");
        timer.arm(3_600_000_000_000, 1_000_000).unwrap();
        assert!(timer.counts());
        drop(end);
        thread.join().unwrap();
        // `join` returns a moment before the kernel has let go of the thread.
        while super::super::tasks::lives(number) {
            std::thread::yield_now();
        }
        assert!(!timer.counts());
        assert!(Timer::new(number, COOKIE).is_err());
    }
}
