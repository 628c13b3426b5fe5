//! Files that are ours as long as we hold them locked.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The lock of the process that writes the names of the settings. It stays when the process ends: removing it
/// while another one waits at it would let two hold "the" lock.
const LOCK_NAME: &str = ".vecperf.lock";
const PREFIX: &str = ".vecperf-";
const TEMPORARY: &str = ".tmp";
const OWN_LOCK: &str = ".lock";

/// A file that this process holds locked, and removes when it is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    path: PathBuf,
    held: Held,
    /// `PID-N`: no other claim in the directory has it.
    mark: String,
    /// False once it has its final name and is not ours to remove.
    ours: bool,
}

impl Claim {
    /// A new temporary file in `directory`.
    pub(super) fn temporary(directory: &Path) -> io::Result<Self> {
        Self::make(directory, TEMPORARY)
    }

    /// A new file `.vecperf-PID-N<suffix>`. One that another process took for abandoned in the moment between
    /// making and locking it is given up for the next number.
    fn make(directory: &Path, suffix: &str) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        loop {
            let mark = format!(
                "{}-{}",
                std::process::id(),
                NEXT.fetch_add(1, Ordering::Relaxed)
            );
            let path = directory.join(format!("{PREFIX}{mark}{suffix}"));
            let file = match options().create_new(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                opened => opened?,
            };
            let lost = match file.try_lock() {
                Ok(()) => !path.exists(),
                Err(TryLockError::WouldBlock) => true,
                // No locks on this file system: nobody can take it for abandoned either.
                Err(TryLockError::Error(_)) => false,
            };
            if !lost {
                return Ok(Self {
                    path,
                    held: Held::new(file),
                    mark,
                    ours: true,
                });
            }
        }
    }

    /// Fills the file and waits until it is on the disk.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.held.file.write_all(bytes)?;
        self.held.file.sync_all()
    }

    /// Gives the file its final name.
    ///
    /// Windows refuses while another process has the old file open, as a reader or a virus scanner does for a
    /// moment: there it tries again for a second.
    pub(super) fn rename(mut self, to: &Path) -> io::Result<()> {
        let mut again = if cfg!(windows) { 50 } else { 0 };
        loop {
            match fs::rename(&self.path, to) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied && again > 0 => {
                    again -= 1;
                    std::thread::sleep(Duration::from_millis(20));
                }
                result => {
                    self.ours = result.is_err();
                    return result;
                }
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Not in a child that was forked: its parent goes on holding it.
        if self.ours && self.held.is_of_this_process() {
            // Where this fails the next start removes it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A locked file. A child that was forked from this process holds the same lock until it executes another program,
/// so closing the file here does not release it: it is unlocked, and by the process that locked it only.
#[derive(Debug)]
pub(super) struct Held {
    file: File,
    process: u32,
}

impl Held {
    fn new(file: File) -> Self {
        Self {
            file,
            process: std::process::id(),
        }
    }

    fn is_of_this_process(&self) -> bool {
        self.process == std::process::id()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.is_of_this_process() {
            // Where this fails, closing the file has to do.
            let _ = self.file.unlock();
        }
    }
}

/// Whose names this process writes.
#[derive(Debug)]
pub(super) enum Lock {
    /// Those of the settings, until it is dropped.
    First {
        /// Held, never read.
        _held: Held,
    },
    /// Its own, with the claim's mark.
    Own(Claim),
    /// Those of the settings, unprotected, for this reason.
    None(String),
}

impl Lock {
    pub(super) fn take(directory: &Path) -> io::Result<Self> {
        let path = directory.join(LOCK_NAME);
        // Never through a symbolic link, and never waiting at a pipe.
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
            return Err(io::Error::other(format!(
                "{LOCK_NAME} in it is not a file; remove it"
            )));
        }
        let file = options().create(true).truncate(false).open(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self::First {
                _held: Held::new(file),
            }),
            Err(TryLockError::WouldBlock) => Claim::make(directory, OWN_LOCK).map(Self::Own),
            Err(TryLockError::Error(error)) => Ok(Self::None(error.to_string())),
        }
    }

    /// What tells this process' files from those of the first one.
    pub(super) fn mark(&self) -> Option<&str> {
        match self {
            Self::Own(claim) => Some(&claim.mark),
            Self::First { .. } | Self::None(_) => None,
        }
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
    options
}

/// Removes the temporary files and locks of dead processes; what cannot be removed stays.
pub(super) fn remove_abandoned(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_str().is_some_and(is_ours);
        if !ours || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(file) = OpenOptions::new().write(true).open(entry.path()) else {
            continue;
        };
        if file.try_lock().is_ok() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// `.vecperf-PID-N.tmp` or `.vecperf-PID-N.lock`, and nothing that merely looks like it.
fn is_ours(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mark = name
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.strip_suffix(TEMPORARY).or(rest.strip_suffix(OWN_LOCK)));
    mark.and_then(|mark| mark.split_once('-'))
        .is_some_and(|(pid, count)| is_number(pid) && is_number(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_is_free_again_though_a_forked_child_still_has_the_file() {
        let room = tempfile::tempdir().unwrap();
        let Lock::First { _held: held } = Lock::take(room.path()).unwrap() else {
            panic!("an empty directory is in use");
        };
        let in_the_child = held.file.try_clone().unwrap();
        assert!(matches!(Lock::take(room.path()), Ok(Lock::Own(_))));
        drop(held);
        assert!(matches!(Lock::take(room.path()), Ok(Lock::First { .. })));
        drop(in_the_child);
    }

    #[test]
    fn a_forked_child_leaves_its_parents_file() {
        let room = tempfile::tempdir().unwrap();
        let claim = Claim::temporary(room.path()).unwrap();
        let path = claim.path.clone();
        drop(claim);
        assert!(!path.exists());

        let mut in_the_child = Claim::temporary(room.path()).unwrap();
        in_the_child.held.process += 1;
        let path = in_the_child.path.clone();
        drop(in_the_child);
        assert!(path.exists());
    }

    #[test]
    fn only_our_own_pattern_is_ours() {
        for name in [".vecperf-12-1.tmp", ".vecperf-1-99.lock"] {
            assert!(is_ours(name), "{name}");
        }
        for name in [
            ".vecperf.lock",
            ".vecperf-12.tmp",
            ".vecperf--1.tmp",
            ".vecperf-1-.tmp",
            ".vecperf-1-2.json",
            "vecperf-1-2.tmp",
            ".vecperf-1-2.tmp.bak",
            ".vecperf-a-2.tmp",
            ".vecperf-1-2-3.tmp",
            ".vecperf-+1-2.tmp",
        ] {
            assert!(!is_ours(name), "{name}");
        }
    }
}
