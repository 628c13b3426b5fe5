//! The process that is watched: whether it has ended.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::cpu::options::Target;

/// Another process, or this one, which does not end while it watches itself.
#[derive(Debug)]
pub(super) struct Watched {
    target: Target,
    /// Becomes readable when all threads have ended; absent before Linux 5.3.
    file: Option<OwnedFd>,
    ended: bool,
}

impl Watched {
    pub(super) fn new(target: Target) -> Self {
        Self {
            target,
            file: match target {
                Target::ThisProcess => None,
                Target::Process(id) => open(id),
            },
            ended: false,
        }
    }

    /// What to poll; a negative number, which `poll` ignores, when there is nothing to wait for.
    pub(super) fn descriptor(&self) -> libc::c_int {
        match &self.file {
            Some(file) if !self.ended => file.as_raw_fd(),
            _ => -1,
        }
    }

    /// After a poll, which found it readable or not.
    pub(super) fn polled(&mut self, readable: bool) {
        self.ended |= match (self.target, &self.file) {
            (Target::ThisProcess, _) => false,
            (Target::Process(_), Some(_)) => readable,
            (Target::Process(id), None) => gone(id),
        };
    }

    pub(super) fn ended(&self) -> bool {
        self.ended
    }
}

fn open(process: u32) -> Option<OwnedFd> {
    // SAFETY: two plain numbers; the descriptor that comes back closes itself on exec.
    let answer = unsafe { libc::syscall(libc::SYS_pidfd_open, process as libc::pid_t, 0) };
    let file = libc::c_int::try_from(answer)
        .ok()
        .filter(|file| *file >= 0)?;
    // SAFETY: the kernel has just given us this descriptor; nobody else knows it.
    Some(unsafe { OwnedFd::from_raw_fd(file) })
}

/// Asked where there is no descriptor for it; a zombie is still there.
fn gone(process: u32) -> bool {
    // SAFETY: signal 0 is not sent; the call only tells whether it could be.
    let answer = unsafe { libc::kill(process as libc::pid_t, 0) };
    answer != 0 && std::io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn the_end_of_a_process_is_seen_with_and_without_its_descriptor() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let mut watched = Watched::new(Target::Process(child.id()));
        watched.polled(false);
        assert!(!watched.ended());
        let mut by_number = Watched {
            file: None,
            ..Watched::new(Target::Process(child.id()))
        };
        by_number.polled(false);
        assert!(!by_number.ended());
        child.kill().unwrap();
        child.wait().unwrap();
        watched.polled(true);
        assert!(watched.ended() || watched.file.is_none());
        assert_eq!(watched.descriptor(), -1);
        by_number.polled(false);
        assert!(by_number.ended());
    }
}
