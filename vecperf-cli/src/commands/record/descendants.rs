//! What the command's child processes used: they are not sampled, which has to be said where it matters.

use std::time::Duration;

use vecperf::export::quantity;

/// After the command has ended, its samples worth `sampled` of CPU time: how much its children used, if much.
pub(super) fn remark(sampled: Duration) -> Option<String> {
    let all = cpu_of_children()?;
    let unseen = all.saturating_sub(sampled);
    let much = unseen >= Duration::from_millis(100) && unseen >= all / 10;
    much.then(|| {
        format!(
            "not in it: about {} of CPU in child processes of the command",
            quantity::duration(unseen.as_secs_f64())
        )
    })
}

/// CPU time of all child processes of vecperf that have ended, and of theirs that they waited for.
fn cpu_of_children() -> Option<Duration> {
    // SAFETY: all zeroes is a valid `rusage`: it holds numbers.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to memory of the right type, which the call only writes.
    let status = unsafe { libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage) };
    let time = |time: libc::timeval| {
        let seconds = Duration::from_secs(u64::try_from(time.tv_sec).ok()?);
        Some(seconds + Duration::from_micros(u64::try_from(time.tv_usec).ok()?))
    };
    (status == 0).then_some(time(usage.ru_utime)? + time(usage.ru_stime)?)
}
