//! Starts a command that waits, before it becomes the program, until the profiler is attached: not even its first
//! instruction is missed.
//!
//! ```text
//!  vecperf                         child
//!  spawn, on a thread  ── fork ──► writes its number
//!  attaches the profiler           waits for a byte
//!  writes a byte       ──────────► exec
//! ```

use std::ffi::OsString;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::thread::{Builder, JoinHandle};

/// A child that waits to become the program.
pub(super) struct Waiting {
    process: u32,
    go: PipeWriter,
    /// Spawning ends with the exec, hence a thread of its own.
    spawning: JoinHandle<io::Result<Child>>,
}

impl Waiting {
    /// Forks.
    ///
    /// # Errors
    /// No pipe, thread or process can be had.
    pub(super) fn new(words: &[OsString]) -> io::Result<Self> {
        let (mut told, tell) = io::pipe()?;
        let (wait, go) = io::pipe()?;
        let (program, arguments) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(arguments);
        hold(&mut command, tell, wait, go.as_raw_fd());
        let spawning = Builder::new().name("spawn".to_owned()).spawn(move || {
            // The command ends here, and with it this process' ends of the pipes that are the child's.
            command.spawn()
        })?;
        let mut number = [0; 4];
        match told.read_exact(&mut number) {
            Ok(()) => Ok(Self {
                process: u32::from_ne_bytes(number),
                go,
                spawning,
            }),
            Err(no_number) => Err(spawned(spawning).err().unwrap_or(no_number)),
        }
    }

    /// Its number.
    pub(super) fn process(&self) -> u32 {
        self.process
    }

    /// Lets it become the program.
    ///
    /// # Errors
    /// There is no such program, or it may not be run.
    pub(super) fn go(mut self) -> io::Result<Child> {
        // That it is gone already is what spawning tells.
        let _ = self.go.write_all(&[1]);
        spawned(self.spawning)
    }

    /// Ends it: the pipe it waits on is closed.
    pub(super) fn give_up(self) {
        drop(self.go);
        let _ = spawned(self.spawning); // fails: the child has refused to become the program
    }
}

fn spawned(spawning: JoinHandle<io::Result<Child>>) -> io::Result<Child> {
    let panicked = |_| Err(io::Error::other("the thread that spawns panicked"));
    spawning.join().unwrap_or_else(panicked)
}

/// Has the child write its number to `tell`, then wait for a byte of `wait`. `go` is the other end of `wait`.
fn hold(command: &mut Command, mut tell: PipeWriter, mut wait: PipeReader, go: RawFd) {
    let stop_and_wait = move || {
        // SAFETY: this runs once, in the child, whose descriptor `go` is a copy that the fork made: nothing in the
        // child uses it or closes it. It must go, or the child would wait for itself when vecperf is killed.
        drop(unsafe { OwnedFd::from_raw_fd(go) });
        tell.write_all(&std::process::id().to_ne_bytes())?;
        wait.read_exact(&mut [0])
    };
    // SAFETY: between fork and exec only calls that are async-signal-safe may be made, as other threads may have held
    // locks when the process forked. The closure makes close, getpid, write and read, through std's thin wrappers, which
    // take no lock; it allocates nothing, also on failure: an error of the system is a number, the two of `write_all` and
    // `read_exact` are constants. Memory it owns is not freed in the child: exec or `_exit` follow.
    unsafe { command.pre_exec(stop_and_wait) };
}
