//! The threads of the process, and the CPUs that they may run on.

use std::collections::BTreeSet;
use std::fs;

use super::fault::{Call, Fault};
use crate::cpu::options::Target;

/// The threads that the process has now.
pub(super) fn list(target: Target) -> Result<Vec<u32>, Fault> {
    let folder = match target {
        Target::ThisProcess => "/proc/self/task".to_owned(),
        Target::Process(id) => format!("/proc/{id}/task"),
    };
    let entries = fs::read_dir(folder).map_err(|error| match target {
        Target::Process(_) => Fault::NoProcess,
        Target::ThisProcess => Fault::Answer {
            call: Call::Threads,
            error: error.raw_os_error().unwrap_or(0),
        },
    })?;
    // An entry that cannot be read is a thread that has just ended.
    Ok(entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect())
}

/// The CPUs that at least one of the threads may run on: a pool that pins each worker to one CPU uses all of them.
pub(super) fn cpus(threads: &[u32]) -> Result<Vec<u32>, Fault> {
    let mut all = BTreeSet::new();
    let mut answer = libc::ESRCH;
    for thread in threads {
        match mask(*thread) {
            Ok(mask) => all.extend(numbers(&mask)),
            Err(error) => answer = error,
        }
    }
    if all.is_empty() {
        return Err(Fault::Answer {
            call: Call::Affinity,
            error: answer,
        });
    }
    Ok(all.into_iter().collect())
}

/// The CPUs that the thread may run on, one bit each.
fn mask(thread: u32) -> Result<Vec<u64>, i32> {
    // The kernel refuses a mask smaller than its own, which may be larger than the 1,024 bits of `cpu_set_t`.
    for bits in 10..=17 {
        let mut set = vec![0_u64; (1 << bits) / 64];
        // SAFETY: the pointer is valid for the size given, that of the vector in bytes; any bits are a valid `u64`.
        let answer = unsafe {
            libc::sched_getaffinity(
                thread as libc::pid_t,
                set.len() * 8,
                set.as_mut_ptr().cast(),
            )
        };
        if answer == 0 {
            return Ok(set);
        }
        let error = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
        if error != libc::EINVAL {
            return Err(error);
        }
    }
    Err(libc::EINVAL)
}

fn numbers(mask: &[u64]) -> impl Iterator<Item = u32> {
    (0_u32..).zip(mask).flat_map(|(word, bits)| {
        (0..64)
            .filter(move |bit| bits >> bit & 1 == 1)
            .map(move |bit| word * 64 + bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::perf_event::call::this_thread;

    #[test]
    fn this_thread_is_listed_and_may_run_somewhere() {
        let threads = list(Target::ThisProcess).unwrap();
        assert!(threads.contains(&this_thread()), "{threads:?}");
        assert!(!cpus(&threads).unwrap().is_empty());
    }

    #[test]
    fn a_process_that_is_not_there_is_told() {
        assert_eq!(list(Target::Process(u32::MAX)), Err(Fault::NoProcess));
        let gone = cpus(&[i32::MAX as u32]).unwrap_err();
        let Fault::Answer { call, error } = gone else {
            panic!("{gone:?}")
        };
        assert_eq!((call, error), (Call::Affinity, libc::ESRCH));
    }

    #[test]
    fn cpus_are_numbered_over_the_words_of_a_mask() {
        let numbers: Vec<u32> = numbers(&[0b101, 1 << 63]).collect();
        assert_eq!(numbers, [0, 2, 127]);
    }
}
