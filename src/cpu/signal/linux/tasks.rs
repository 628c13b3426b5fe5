//! The threads of this process, as /proc tells them.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

use crate::address_space::stack;

const TASKS: &str = "/proc/self/task";

/// A thread's name, as the kernel keeps it: up to 15 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Name {
    bytes: [u8; 15],
    len: u8,
}

impl Name {
    pub(super) fn new(name: &[u8]) -> Self {
        let mut bytes = [0; 15];
        let len = name.len().min(bytes.len());
        bytes[..len].copy_from_slice(&name[..len]);
        Self {
            bytes,
            len: len as u8,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

/// What /proc says of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) name: Name,
    /// Our signals do not reach it.
    pub(super) blocks_sigprof: bool,
}

/// Finds threads that came and went, at about 10 µs when none did.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    seen: Option<Mark>,
    /// Looks that found nothing changed since the list was last read.
    skipped: u32,
}

/// Every change of the list changes this, but for a process number that comes round.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    threads: u64,
    /// The last process number that was given out in this namespace.
    last_number: String,
}

/// However unchanged it looks, the list is read every so many looks.
const READ_AT_LEAST_EVERY: u32 = 25;

impl Tasks {
    /// The threads, if they may have changed since the last call.
    ///
    /// # Errors
    /// The list cannot be read.
    pub(super) fn look(&mut self) -> io::Result<Option<Vec<u32>>> {
        let mark = Mark::now()?;
        if self.seen.as_ref() == Some(&mark) && self.skipped < READ_AT_LEAST_EVERY {
            self.skipped += 1;
            return Ok(None);
        }
        let threads = list()?;
        // A thread that ends while the list is read can cut it short: then it is read again next time.
        let complete = threads.len() as u64 == mark.threads;
        self.seen = complete.then_some(mark);
        self.skipped = 0;
        Ok(Some(threads))
    }
}

impl Mark {
    fn now() -> io::Result<Self> {
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Ok(Self {
            // The directory has a link for each thread, `.` and its parent's.
            threads: fs::metadata(TASKS)?.nlink().saturating_sub(2),
            last_number: load
                .split_whitespace()
                .next_back()
                .unwrap_or_default()
                .to_owned(),
        })
    }
}

fn list() -> io::Result<Vec<u32>> {
    let entries = fs::read_dir(TASKS)?;
    Ok(entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect())
}

/// What /proc says of `thread`; `None` when it has ended. About 15 µs.
pub(super) fn task(thread: u32) -> Option<Task> {
    let status = fs::read(format!("{TASKS}/{thread}/status")).ok()?;
    Some(parse(&status))
}

/// Name and blocked signals from a `status` file (proc(5)). The kernel writes line ends in a name as `\n`.
fn parse(status: &[u8]) -> Task {
    let field = |key: &[u8]| {
        let mut lines = status.split(|byte| *byte == b'\n');
        lines.find_map(|line| line.strip_prefix(key))
    };
    let blocked = field(b"SigBlk:\t")
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok());
    Task {
        name: Name::new(field(b"Name:\t").unwrap_or_default()),
        blocks_sigprof: blocked.unwrap_or(0) >> (libc::SIGPROF - 1) & 1 == 1,
    }
}

/// Whether the process has this thread.
pub(super) fn lives(thread: u32) -> bool {
    let process = libc::c_long::from(std::process::id());
    // SAFETY: signal 0 is not sent; the call only looks for the thread.
    let status = unsafe { libc::syscall(libc::SYS_tgkill, process, libc::c_long::from(thread), 0) };
    status == 0
}

/// The calling thread's number.
pub(super) fn this_thread() -> u32 {
    // SAFETY: the call takes nothing and cannot fail.
    unsafe { libc::gettid() as u32 }
}

/// The calling thread, without /proc.
pub(super) fn this_task() -> Task {
    let mut name = [0_u8; 16];
    // SAFETY: the kernel writes at most 16 bytes, the length of the array.
    let status = unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    let len = match status {
        0 => name.iter().position(|byte| *byte == 0).unwrap_or(0),
        _ => 0,
    };
    Task {
        name: Name::new(&name[..len]),
        blocks_sigprof: super::disposition::blocked_here(),
    }
}

/// The lowest address of the calling thread's stack and the one after its highest, as the C library knows them.
pub(super) fn this_stack() -> Option<(u64, u64)> {
    let (low, high) = stack::bounds()?;
    let here = (&raw const low).addr();
    // What does not hold this function's own frame is another stack: a coroutine's.
    (low..high)
        .contains(&here)
        .then_some((low as u64, high as u64))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn threads_are_found_when_they_come_and_when_they_go() {
        let mut tasks = Tasks::default();
        let first = tasks.look().unwrap().expect("the first look reads");
        assert!(first.contains(&this_thread()));
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("found by name".to_owned())
            .spawn(move || {
                tell.send(this_thread()).unwrap();
                let _ = ended.recv();
            })
            .unwrap();
        let number = told.recv().unwrap();
        // Other tests' threads may cut a list short; the next look reads again.
        let seen = |tasks: &mut Tasks, wanted: bool| {
            (0..10_000)
                .filter_map(|_| tasks.look().unwrap())
                .any(|list| list.contains(&number) == wanted)
        };
        assert!(seen(&mut tasks, true) && lives(number));
        assert_eq!(task(number).unwrap().name.bytes(), b"found by name");
        drop(end);
        thread.join().unwrap();
        while lives(number) {
            std::thread::yield_now();
        }
        assert!(seen(&mut tasks, false));
        assert_eq!(task(number), None);
    }

    #[test]
    fn a_status_file_is_read_also_when_it_is_odd() {
        let task = parse(b"Name:\ttricky\\nSigBlk\nState:\tR\nSigBlk:\t0000000004000000\n");
        assert_eq!(task.name.bytes(), b"tricky\\nSigBlk");
        assert!(task.blocks_sigprof);
        for odd in [
            &b""[..],
            b"SigBlk:\t\n",
            b"SigBlk:\tzz",
            b"Name:",
            b"\xff\xfe",
        ] {
            assert_eq!(
                parse(odd),
                Task {
                    name: Name::default(),
                    blocks_sigprof: false
                }
            );
        }
        let long = parse(b"Name:\ta name of more than fifteen bytes\n");
        assert_eq!(long.name.bytes(), b"a name of more ");
    }

    #[test]
    fn the_stack_holds_what_is_on_it() {
        let here = 0_u8;
        let (low, high) = this_stack().unwrap();
        assert!((low..high).contains(&((&raw const here) as u64)));
        let here = this_task();
        assert_eq!(here.name.bytes(), task(this_thread()).unwrap().name.bytes());
    }
}
