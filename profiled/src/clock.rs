//! The clocks that the truth is read from.

use std::fs;
use std::time::Duration;

/// CPU time of the calling thread. Half a microsecond.
pub fn thread_cpu() -> Duration {
    read(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// The clock that never stops.
pub fn monotonic() -> Duration {
    read(libc::CLOCK_MONOTONIC)
}

fn read(clock: libc::clockid_t) -> Duration {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `now` is a whole timespec to write to; all these clocks exist.
    unsafe { libc::clock_gettime(clock, &raw mut now) };
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// CPU time of the process, user and system, by `getrusage`.
pub fn process_cpu() -> Duration {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` is a whole rusage to write to.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
    // SAFETY: all zeroes is an rusage, whatever the call did.
    let usage = unsafe { usage.assume_init() };
    duration(usage.ru_utime) + duration(usage.ru_stime)
}

fn duration(time: libc::timeval) -> Duration {
    Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000)
}

/// A thread of this process: its name, and its CPU time so far.
pub fn threads() -> Vec<(String, Duration)> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten();
    let one = |task: std::path::PathBuf| {
        let name = fs::read_to_string(task.join("comm")).ok()?;
        let times = fs::read_to_string(task.join("schedstat")).ok()?;
        let cpu = times.split_whitespace().next()?.parse().ok()?;
        Some((name.trim_end().to_owned(), Duration::from_nanos(cpu)))
    };
    tasks.filter_map(|task| one(task.ok()?.path())).collect()
}
