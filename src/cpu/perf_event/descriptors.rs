//! How many file descriptors may be taken from the program.

use std::fs;
use std::os::fd::{AsFd, AsRawFd, RawFd};

use super::ring::Ring;

/// The limit, and the part of it that events may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Descriptors {
    pub(super) limit: usize,
    /// Half of what is free: the program needs some, too.
    pub(super) allowed: usize,
}

impl Descriptors {
    /// As of now, when the rings are open.
    pub(super) fn beside(rings: &[Ring]) -> Self {
        Self::now(rings.iter().map(|ring| ring.as_fd().as_raw_fd()).max())
    }

    /// `newest`: the descriptor that was given out last.
    fn now(newest: Option<RawFd>) -> Self {
        let limit = limit();
        // The lowest free number is always given out next, so all below are in use. The folder tells more, but a
        // program that has changed its user may not read it.
        let in_use = fs::read_dir("/proc/self/fd")
            .map_or(0, Iterator::count)
            .max(newest.map_or(0, |newest| newest as usize + 1));
        Self {
            limit,
            allowed: limit.saturating_sub(in_use) / 2,
        }
    }
}

fn limit() -> usize {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the pointer is valid for the `rlimit` that the kernel writes.
    let answer = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    if answer == 0 {
        usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX)
    } else {
        // What POSIX promises at least is less than any system has.
        256
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_what_is_free_may_be_taken() {
        let file = fs::File::open("/proc/self/status").unwrap();
        let now = Descriptors::now(Some(file.as_raw_fd()));
        assert!(now.allowed > 0 && now.allowed <= now.limit / 2, "{now:?}");
    }
}
