//! The CPUs that the scheduler may give to this process.

use std::fs;

/// A set of CPUs, one bit each.
type CpuSet = Vec<u64>;

/// Threads looked at; a process with more is taken to use what the first ones may use.
const THREADS: usize = 256;

/// How many CPUs at least one thread of the process may run on.
///
/// All threads are asked: a pool that pins each worker to one CPU uses all of them, whatever the main thread may do.
/// About 0.3 µs for each thread; asked once a second. `None`: the system does not say.
pub(super) fn cpus() -> Option<u32> {
    let mut all = mask(0)?;
    for thread in fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten()
        .take(THREADS)
    {
        let id = thread
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let Some(one) = id.and_then(mask) else {
            continue;
        };
        all.resize(all.len().max(one.len()), 0);
        for (word, more) in all.iter_mut().zip(&one) {
            *word |= more;
        }
    }
    Some(all.iter().map(|word| word.count_ones()).sum())
}

/// The mask of one thread; 0 is the caller.
fn mask(thread: libc::pid_t) -> Option<CpuSet> {
    // The kernel refuses a mask smaller than its own, which may be larger than the 1,024 bits of `cpu_set_t`.
    (10..=17).find_map(|bits| {
        let mut set: CpuSet = vec![0; (1 << bits) / 64];
        // SAFETY: the pointer is valid for the size given, which is that of the vector in bytes; any bit pattern is
        // a valid `u64`, and the kernel writes no more than `size` bytes.
        let result =
            unsafe { libc::sched_getaffinity(thread, set.len() * 8, set.as_mut_ptr().cast()) };
        (result == 0).then_some(set)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_may_use_at_least_what_this_thread_may() {
        let here: u32 = mask(0).unwrap().iter().map(|word| word.count_ones()).sum();
        let all = cpus().unwrap();
        assert!(here >= 1 && all >= here, "{here} of {all}");
    }

    #[test]
    fn a_pinned_thread_does_not_narrow_the_process() {
        let before = cpus().unwrap();
        std::thread::spawn(move || {
            let one = mask(0).unwrap().iter().position(|word| *word != 0).unwrap();
            let mut set = [0u64; 16];
            set[one] = 1 << mask(0).unwrap()[one].trailing_zeros();
            // SAFETY: the pointer is valid for the 128 bytes given; only the calling thread's mask changes.
            let result = unsafe { libc::sched_setaffinity(0, 128, set.as_ptr().cast()) };
            assert_eq!(result, 0);
            assert_eq!(cpus().unwrap(), before);
        })
        .join()
        .unwrap();
    }
}
