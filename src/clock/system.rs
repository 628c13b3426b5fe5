//! The system's own clocks.

#[cfg(not(target_os = "linux"))]
use std::sync::OnceLock;
use std::time::Duration;
#[cfg(not(target_os = "linux"))]
use std::time::Instant;

/// CLOCK_MONOTONIC in nanoseconds, the time base that the kernel's sample records are asked to use; about 25 ns. May be
/// read in a signal handler: no lock, no allocation, and `errno` stays.
#[cfg(target_os = "linux")]
#[inline]
pub(crate) fn monotonic_nanos() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid timespec that the call may write, and outlives it. The call is on POSIX's list of those
    // that are safe in a signal handler, and cannot fail: the clock exists on every Linux.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    nanos(time)
}

/// Nanoseconds of the system's monotonic clock since its first reading here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn monotonic_nanos() -> u64 {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    let now = Instant::now();
    let since = now.saturating_duration_since(*FIRST.get_or_init(|| now));
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// CPU time that the calling thread has used, in nanoseconds; 0 if the system does not say. About 0.3 µs. May be read in a
/// signal handler, as [`monotonic_nanos`].
#[cfg(all(target_os = "linux", feature = "cpu"))]
#[inline]
pub(crate) fn thread_cpu_nanos() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid timespec that the call may write, and outlives it. The call is safe in a signal handler.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    nanos(time)
}

/// CPU time that a thread of this process has used, in nanoseconds; `None` when it has ended. About 0.4 µs.
#[cfg(all(target_os = "linux", feature = "cpu"))]
pub(crate) fn cpu_nanos_of(thread: u32) -> Option<u64> {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid timespec that the call may write, and outlives it.
    let status = unsafe { libc::clock_gettime(thread_clock(thread), &raw mut time) };
    (status == 0).then(|| nanos(time))
}

/// The number of a thread's CPU clock: Linux, include/linux/posix-timers_types.h, `MAKE_THREAD_CPUCLOCK(tid, SCHED)`.
#[cfg(all(target_os = "linux", feature = "cpu"))]
pub(crate) const fn thread_clock(thread: u32) -> libc::clockid_t {
    const PER_THREAD: i32 = 4;
    const SCHEDULED: i32 = 2;
    !(thread as i32) << 3 | PER_THREAD | SCHEDULED
}

/// Nanoseconds between two ticks of the kernel (1e9 / CONFIG_HZ): the resolution of its coarse clock, which is advanced
/// by the tick.
#[cfg(all(target_os = "linux", feature = "cpu"))]
pub(crate) fn kernel_tick_nanos() -> Option<u64> {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid timespec that the call may write, and outlives it.
    let status = unsafe { libc::clock_getres(libc::CLOCK_MONOTONIC_COARSE, &raw mut time) };
    (status == 0).then(|| nanos(time)).filter(|tick| *tick > 0)
}

#[cfg(target_os = "linux")]
#[inline(always)]
fn nanos(time: libc::timespec) -> u64 {
    // Wraps after five centuries instead of panicking: it runs in signal handlers.
    (time.tv_sec as u64)
        .wrapping_mul(1_000_000_000)
        .wrapping_add(time.tv_nsec as u64)
}

/// CPU time that the calling thread has used; `None` where the system does not say. About 0.6 µs.
pub(crate) fn thread_cpu() -> Option<Duration> {
    #[cfg(target_os = "linux")]
    {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: `time` is a valid timespec that the call may write, and outlives it.
        let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
        let seconds = u64::try_from(time.tv_sec).ok()?;
        let nanos = u32::try_from(time.tv_nsec).ok()?;
        (status == 0).then(|| Duration::new(seconds, nanos))
    }
    #[cfg(not(target_os = "linux"))]
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_monotonic_clock_is_that_of_instants() {
        let (nanos, instant) = (monotonic_nanos(), std::time::Instant::now());
        while instant.elapsed() < Duration::from_millis(2) {
            std::hint::spin_loop();
        }
        let passed = Duration::from_nanos(monotonic_nanos() - nanos);
        assert!(passed >= Duration::from_millis(2), "{passed:?}");
        assert!(
            passed <= instant.elapsed() + Duration::from_secs(5),
            "{passed:?}"
        );
    }

    #[test]
    fn the_thread_uses_cpu_time() {
        let Some(before) = thread_cpu() else { return };
        let mut work = 0u64;
        while thread_cpu().is_some_and(|now| now == before) {
            work = std::hint::black_box(work + 1);
        }
        assert!(thread_cpu() > Some(before));
    }
}
