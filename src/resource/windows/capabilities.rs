//! What this Windows lets us measure, and why not the rest.

use crate::resource::capability::{have, lack};
use crate::resource::{Capability, Reading};

const MEMORY_OFF: &str = "memory_tracking = false in the settings";
const MEMORY_ON: &str = "set memory_tracking = true under [monitoring]";
const NO_ANSWER: &str = "the system gives no answer";

/// One entry for each thing a reading should hold.
pub(super) fn list(memory: bool, reading: &Reading) -> Vec<Capability> {
    let sample = &reading.sample;
    let given = |name, known: bool, how| match known {
        true => have(name, how),
        false => lack(name, NO_ANSWER, ""),
    };
    let of_memory = |entry: Capability| match memory {
        true => entry,
        false => lack(&entry.name, MEMORY_OFF, MEMORY_ON),
    };
    vec![
        of_memory(given(
            "process memory",
            sample.anonymous_bytes.is_some(),
            "PrivateUsage: committed for this process alone, paged out or not; \
             peak resident from PeakWorkingSetSize",
        )),
        of_memory(lack(
            "memory split",
            "Windows does not tell file-backed and shared memory of one process apart",
            "run on Linux",
        )),
        of_memory(lack(
            "swap",
            "not told for one process; the committed memory that is measured includes it",
            "",
        )),
        lack("cgroup memory", "cgroups exist on Linux only", ""),
        lack(
            "memory headroom",
            "limits of a job object are not looked at",
            "run on Linux",
        ),
        lack(
            "memory pressure",
            "the system does not count time lost to it",
            "run on Linux",
        ),
        given(
            "CPU time",
            reading.cpu_seconds.is_some(),
            "GetProcessTimes: user mode and kernel, in steps of the system's tick (mostly 15.6 ms)",
        ),
        given(
            "CPUs available",
            reading.cpus_available.is_some(),
            "affinity of the process; limits of a job object are not looked at",
        ),
        lack(
            "faults and threads",
            "Windows counts faults served with and without I/O together, and a process' threads \
             only in a list of all that run",
            "run on Linux",
        ),
        lack(
            "faults of operations",
            "Windows does not count a thread's faults",
            "run on Linux",
        ),
        lack(
            "I/O",
            "Windows counts reads and writes that never reach storage",
            "run on Linux",
        ),
        given(
            "open files",
            sample.open_files.is_some(),
            "GetProcessHandleCount: handles of files, threads, events and more",
        ),
    ]
}
