//! What can stand in the way, in words, and what to change.

use std::fs;
use std::io;

use crate::cpu::options::{BackEnd, Target};
use crate::cpu::sampler::Refusal;

/// A system call of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Open,
    Map,
    SetOutput,
    Id,
    Enable,
    Affinity,
    Threads,
}

/// Why there is no sampling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A call was answered with this error number.
    Answer { call: Call, error: i32 },
    /// So many file descriptors are needed, and so many may be taken of those that the limit allows.
    Descriptors {
        needed: usize,
        allowed: usize,
        limit: usize,
    },
    /// The process has ended, or never was.
    NoProcess,
    /// The ring cannot hold enough samples with so large a stack.
    StackTooLarge { bytes: usize, most: usize },
}

impl Fault {
    /// The answer to this call, if that is what stood in the way.
    pub(super) fn to(self, call: Call) -> Option<i32> {
        match self {
            Self::Answer { call: to, error } if to == call => Some(error),
            _ => None,
        }
    }

    pub(super) fn refusal(self, target: Target) -> Refusal {
        let (reason, remedy) = self.words(target);
        Refusal {
            back_end: BackEnd::PerfEvent,
            reason,
            remedy,
        }
    }

    /// Reason and remedy.
    pub(super) fn words(self, target: Target) -> (String, String) {
        match self {
            Self::Answer { call, error } => {
                let reason = format!("{} was answered with {}", call.words(), name(error));
                (reason, call.remedy(error, target))
            }
            Self::Descriptors {
                needed,
                allowed,
                limit,
            } => (
                format!(
                    "a thread needs one file descriptor for each CPU, {needed} in all; of the {limit} that the limit \
                     allows (ulimit -n) at most {allowed} may be taken from the program"
                ),
                format!(
                    "ulimit -n {}, or start the recording before the threads",
                    limit.max(needed * 4)
                ),
            ),
            Self::NoProcess => (
                match target {
                    Target::Process(id) => {
                        format!("there is no process {id}, or it cannot be seen from here")
                    }
                    Target::ThisProcess => "/proc/self/task names no thread".to_owned(),
                },
                "see `ps -e` for the processes that run".to_owned(),
            ),
            Self::StackTooLarge { bytes, most } => (
                format!(
                    "{bytes} bytes of stack with each sample are more than the {most} that the rings have room for"
                ),
                more_locked_memory(),
            ),
        }
    }
}

impl Call {
    fn words(self) -> &'static str {
        match self {
            Self::Open => "perf_event_open",
            Self::Map => "mmap of the ring for the samples",
            Self::SetOutput => "PERF_EVENT_IOC_SET_OUTPUT",
            Self::Id => "PERF_EVENT_IOC_ID",
            Self::Enable => "PERF_EVENT_IOC_ENABLE",
            Self::Affinity => "sched_getaffinity",
            Self::Threads => "reading the list of threads in /proc",
        }
    }

    fn remedy(self, error: i32, target: Target) -> String {
        match (self, error, target) {
            (Self::Map, libc::EPERM | libc::EAGAIN | libc::ENOMEM, _) => more_locked_memory(),
            (_, libc::EMFILE, _) => "a larger ulimit -n".to_owned(),
            (Self::Open, libc::EPERM, _) if filtered() => {
                "a seccomp filter, a container's most likely, denies it: start the container with --cap-add PERFMON, \
                 or allow perf_event_open in its seccomp profile"
                    .to_owned()
            }
            (Self::Open, libc::EACCES | libc::EPERM, Target::Process(id)) => format!(
                "process {id} belongs to another user or may not be looked at: record as its user, as root, or with \
                 CAP_PERFMON{}",
                or_paranoid()
            ),
            (Self::Open, libc::EACCES | libc::EPERM, Target::ThisProcess) => {
                format!("CAP_PERFMON for the program{}", or_paranoid())
            }
            (Self::Open, libc::ENOSYS, _) => {
                "a kernel with perf events (CONFIG_PERF_EVENTS); sandboxes such as gVisor have none"
                    .to_owned()
            }
            (Self::Open, libc::EINVAL | libc::E2BIG, _) => "Linux 4.3 or later".to_owned(),
            (Self::Threads, ..) => "mount /proc".to_owned(),
            _ => String::new(),
        }
    }
}

fn more_locked_memory() -> String {
    "a larger sysctl kernel.perf_event_mlock_kb, a larger ulimit -l, or the end of other recordings of this user"
        .to_owned()
}

/// The setting that decides, where it denies; for the remedy only: whether we may is found by trying.
fn or_paranoid() -> String {
    let level = fs::read_to_string("/proc/sys/kernel/perf_event_paranoid").ok();
    match level.and_then(|level| level.trim().parse::<i32>().ok()) {
        Some(level) if level > 2 => {
            format!(", or sysctl kernel.perf_event_paranoid=2 (it is {level})")
        }
        _ => String::new(),
    }
}

/// A seccomp filter stands before this thread's system calls.
fn filtered() -> bool {
    fs::read_to_string("/proc/thread-self/status").is_ok_and(|status| {
        status.lines().any(|line| {
            line.strip_prefix("Seccomp:")
                .is_some_and(|mode| mode.trim() == "2")
        })
    })
}

/// The error's name and meaning.
pub(super) fn name(error: i32) -> String {
    let short = match error {
        libc::EPERM => "EPERM",
        libc::ESRCH => "ESRCH",
        libc::ENOMEM => "ENOMEM",
        libc::EACCES => "EACCES",
        libc::EBUSY => "EBUSY",
        libc::EINVAL => "EINVAL",
        libc::EMFILE => "EMFILE",
        libc::ENFILE => "ENFILE",
        libc::ENOSYS => "ENOSYS",
        libc::EOPNOTSUPP => "EOPNOTSUPP",
        _ => "",
    };
    format!("{short} {}", io::Error::from_raw_os_error(error))
        .trim_start()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_call_answer_and_remedy() {
        let denied = |call, error, target| Fault::Answer { call, error }.refusal(target);
        let own = denied(Call::Open, libc::EACCES, Target::ThisProcess);
        assert!(own.reason.contains("perf_event_open"), "{own:?}");
        assert!(own.reason.contains("EACCES Permission denied"), "{own:?}");
        assert!(own.remedy.contains("CAP_PERFMON"), "{own:?}");
        let foreign = denied(Call::Open, libc::EACCES, Target::Process(77));
        assert!(foreign.remedy.contains("process 77"), "{foreign:?}");
        let locked = denied(Call::Map, libc::EPERM, Target::ThisProcess);
        assert!(locked.remedy.contains("ulimit -l"), "{locked:?}");
        let absent = denied(Call::Open, libc::ENOSYS, Target::ThisProcess);
        assert!(absent.remedy.contains("CONFIG_PERF_EVENTS"), "{absent:?}");
    }

    #[test]
    fn too_few_descriptors_are_told_in_numbers() {
        let fault = Fault::Descriptors {
            needed: 2000,
            allowed: 500,
            limit: 1024,
        };
        let (reason, remedy) = fault.words(Target::ThisProcess);
        assert!(
            reason.contains("2000") && reason.contains("1024"),
            "{reason}"
        );
        assert!(remedy.contains("ulimit -n 8000"), "{remedy}");
    }
}
