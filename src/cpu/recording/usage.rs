//! CPU time as the system counts it: what the samples are measured against.

use std::fs;
use std::time::Duration;

use crate::cpu::options::Target;

/// CPU time used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// In user mode.
    pub(super) user: Duration,
    /// In the kernel. The split is the kernel's estimate, the sum is exact.
    pub(super) kernel: Duration,
}

impl Usage {
    /// Of the target since it began; `None`: it has ended, or the system does not say.
    pub(super) fn of(target: Target) -> Option<Self> {
        match target {
            Target::ThisProcess => of_rusage(libc::RUSAGE_SELF),
            Target::Process(process) => of_stat(process),
        }
    }

    /// Of the calling thread.
    pub(super) fn of_this_thread() -> Option<Self> {
        of_rusage(libc::RUSAGE_THREAD)
    }

    pub(super) fn total(self) -> Duration {
        self.user + self.kernel
    }

    #[must_use]
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            user: self.user.saturating_sub(earlier.user),
            kernel: self.kernel.saturating_sub(earlier.kernel),
        }
    }
}

fn of_rusage(who: libc::c_int) -> Option<Usage> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is to memory of the right type, which the call only writes.
    let status = unsafe { libc::getrusage(who, usage.as_mut_ptr()) };
    if status != 0 {
        return None;
    }
    // SAFETY: all zeroes is a valid `rusage`, and the call has filled it.
    let usage = unsafe { usage.assume_init() };
    let time = |time: libc::timeval| {
        let seconds = Duration::from_secs(u64::try_from(time.tv_sec).ok()?);
        Some(seconds + Duration::from_micros(u64::try_from(time.tv_usec).ok()?))
    };
    Some(Usage {
        user: time(usage.ru_utime)?,
        kernel: time(usage.ru_stime)?,
    })
}

/// Milliseconds of a tick: USER_HZ is 100 on every Linux that Rust runs on.
const TICK_MS: u64 = 10;

fn of_stat(process: u32) -> Option<Usage> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    parse_stat(&stat)
}

/// proc_pid_stat(5): after the name in parentheses, which may hold anything, utime and stime are the 12th and 13th.
fn parse_stat(stat: &str) -> Option<Usage> {
    let (_, after) = stat.rsplit_once(") ")?;
    let mut fields = after.split(' ').skip(11);
    let mut time = || {
        let ticks = fields.next()?.parse::<u64>().ok()?;
        Some(Duration::from_millis(ticks.saturating_mul(TICK_MS)))
    };
    Some(Usage {
        user: time()?,
        kernel: time()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_does_not_move_the_fields() {
        let stat = "12 (a) b ) S 1 2 3 4 5 6 7 8 9 10 250 75 0 0 20";
        let usage = parse_stat(stat);
        let expected = Usage {
            user: Duration::from_millis(2500),
            kernel: Duration::from_millis(750),
        };
        assert_eq!(usage, Some(expected));
        assert_eq!(parse_stat("nothing"), None);
        // 64 CPUs for a month.
        let long = parse_stat("12 (a) S 1 2 3 4 5 6 7 8 9 10 16588800000 0 0 0 20");
        assert_eq!(long.map(|long| long.user.as_secs()), Some(165_888_000));
    }

    #[test]
    fn both_ways_of_asking_agree() {
        let mut work = 0_u64;
        while Usage::of_this_thread().is_some_and(|used| used.total() < Duration::from_millis(60)) {
            work = std::hint::black_box(work + 1);
        }
        let (Some(stat), Some(own)) = (
            Usage::of(Target::Process(std::process::id())),
            Usage::of(Target::ThisProcess),
        ) else {
            return;
        };
        // Read one after the other, and by ticks: never ahead by more than two of them.
        let ticks = Duration::from_millis(3 * TICK_MS);
        assert!(stat.total() <= own.total() + ticks, "{stat:?} {own:?}");
        assert!(own.total() >= Duration::from_millis(60));
        assert_eq!(Usage::of(Target::Process(u32::MAX)), None);
    }
}
