//! The Unix socket: a file that only its user may open, that never takes the place of another program's, and that is
//! gone when the program is.

use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::listener::Client;
use crate::clock::Moment;
use crate::config::socket_place;
use crate::error::{Error, ErrorKind, Result};

impl Client for UnixStream {
    fn patience(&self, time: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(time))?;
        self.set_write_timeout(Some(time))
    }
}

/// How long another may take to open its socket.
const TURN: Duration = Duration::from_secs(1);

/// A socket that is listened on. Dropping it removes the file, if it is still this one's.
pub(super) struct Listener {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode of the file.
    file: (u64, u64),
    process: u32,
}

impl Listener {
    /// Opens a socket at `path`, with mode 0600. One that a dead process left is replaced.
    ///
    /// # Errors
    /// What lies at the path, or why it cannot be made.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let place = socket_place().directory;
        if path.parent() == Some(&place) {
            make_private(&place)?;
        }
        let _turn = take_turn(path);
        make_way(path)?;
        let listener = UnixListener::bind(path).map_err(|error| {
            let what = match error.kind() {
                io::ErrorKind::NotFound => "its directory is not there; make it first",
                io::ErrorKind::AddrInUse => "another program has just put a file there",
                _ => "it cannot be made",
            };
            refusal(path, what, error)
        })?;
        // Until here others may have connected, as the umask has it; `accept` asks who they are.
        let closed = fs::set_permissions(path, Permissions::from_mode(0o600));
        closed.map_err(|error| refusal(path, "it cannot be closed to others", error))?;
        let made = fs::symlink_metadata(path);
        let made = made.map_err(|error| refusal(path, "it was removed at once", error))?;
        Ok(Self {
            listener,
            path: path.to_owned(),
            file: (made.dev(), made.ino()),
            process: std::process::id(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A second descriptor of the socket.
    pub(super) fn descriptor(&self) -> io::Result<OwnedFd> {
        self.listener.try_clone().map(OwnedFd::from)
    }

    /// Waits for the next client. `None`: it is another user's.
    pub(super) fn accept(&self) -> io::Result<Option<Box<dyn Client>>> {
        let (stream, _) = self.listener.accept()?;
        Ok(is_own(&stream).then(|| Box::new(stream) as Box<dyn Client>))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // A child that was forked must not take its parent's socket away.
        let ours = std::process::id() == self.process
            && fs::symlink_metadata(&self.path)
                .is_ok_and(|there| (there.dev(), there.ino()) == self.file);
        if ours {
            // Nobody is left to tell; the next one replaces a socket that nobody listens on.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Ends the wait of whoever listens at `path`.
pub(super) fn knock(path: &Path) {
    drop(UnixStream::connect(path));
}

fn refusal(path: &Path, what: &str, error: io::Error) -> Error {
    let message = format!("serve.socket {}: {what}", path.display());
    Error::new(ErrorKind::Io, message).because(error)
}

/// Makes the directory of the well-known place, closed to others.
fn make_private(directory: &Path) -> Result<()> {
    let made = fs::DirBuilder::new().mode(0o700).create(directory);
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(refusal(directory, "this directory cannot be made", error));
        }
        _ => {}
    }
    let there = fs::symlink_metadata(directory)
        .map_err(|error| refusal(directory, "this directory cannot be looked at", error))?;
    // Somebody may have been faster in a temporary directory that all share.
    if !there.is_dir() || !is_this_users(there.uid()) || there.mode() & 0o022 != 0 {
        let message = format!(
            "serve.socket: {} is not a directory that only you may write to; remove it, or set a path of your own",
            directory.display()
        );
        return Err(Error::new(ErrorKind::Unavailable, message));
    }
    Ok(())
}

/// Holds a lock on the directory of `path`, as whoever opens a socket there does: one that is found dead is not another's
/// that has bound and does not listen yet, and what is removed is what was found dead. `None`: the lock cannot be had, on
/// NFS say, or somebody holds it for long; then two that start in the same microseconds may take each other's place.
fn take_turn(path: &Path) -> Option<File> {
    let directory = path.parent()?;
    let here = Path::new(".");
    let directory = if directory.as_os_str().is_empty() {
        here
    } else {
        directory
    };
    let directory = File::open(directory).ok()?;
    let begun = Moment::now();
    loop {
        match directory.try_lock() {
            Ok(()) => return Some(directory),
            Err(TryLockError::WouldBlock) if begun.elapsed() < TURN => {
                thread::sleep(Duration::from_millis(2));
            }
            Err(_) => return None,
        }
    }
}

/// Removes the socket that a dead process left.
fn make_way(path: &Path) -> Result<()> {
    let Ok(there) = fs::symlink_metadata(path) else {
        return Ok(()); // nothing there, or the bind says what is wrong
    };
    let unavailable = |what: &str| {
        let message = format!("serve.socket {}: {what}", path.display());
        Error::new(ErrorKind::Unavailable, message)
    };
    if !there.file_type().is_socket() {
        return Err(unavailable(
            "there is a file that is no socket; it stays. Choose another path",
        ));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path)
            .map_err(|error| refusal(path, "what a dead process left cannot be removed", error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()), // its owner has just gone
        Err(error) => Err(refusal(
            path,
            "there is a socket that does not answer",
            error,
        )),
        Ok(_) => Err(unavailable(
            "a running program listens there. Choose another path, or \"auto\", which has one for each process",
        )),
    }
}

/// Whether `user` is who runs this process.
#[cfg(target_os = "linux")]
fn is_this_users(user: u32) -> bool {
    // SAFETY: the call takes nothing and cannot fail.
    user == unsafe { libc::geteuid() }
}

/// Not known without `libc`, which only Linux has here; the mode is looked at everywhere.
#[cfg(not(target_os = "linux"))]
fn is_this_users(_: u32) -> bool {
    true
}

/// Whether the client is this user's, or root's.
#[cfg(target_os = "linux")]
fn is_own(stream: &UnixStream) -> bool {
    use std::os::fd::AsRawFd as _;

    let mut peer = libc::ucred {
        pid: 0,
        uid: u32::MAX,
        gid: u32::MAX,
    };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the descriptor is open while `stream` lives; the two pointers are to a `ucred` and its length, which the
    // call only writes, no more than that length.
    let status = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut length,
        )
    };
    status == 0 && (is_this_users(peer.uid) || peer.uid == 0)
}

/// The file's mode decides.
#[cfg(not(target_os = "linux"))]
fn is_own(_: &UnixStream) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_that_start_together_over_a_dead_ones_socket_one_has_it() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("vp.sock");
        for _ in 0..50 {
            drop(UnixListener::bind(&path).unwrap()); // leaves its file
            let opened: Vec<_> = thread::scope(|scope| {
                let one = || Listener::open(&path).ok();
                let starting: Vec<_> = (0..4).map(|_| scope.spawn(one)).collect();
                let all = starting.into_iter();
                all.filter_map(|one| one.join().unwrap()).collect()
            });
            assert_eq!(opened.len(), 1);
            assert!(UnixStream::connect(&path).is_ok(), "and can be asked");
        }
    }
}
