//! What this Linux lets us measure, and what to change for the rest.

use std::io;
use std::path::Path;

use super::{Reading, SystemProbe, interference};
use crate::resource::capability::{have, lack};
use crate::resource::{Capability, PressureScope};

/// One entry for each thing a reading should hold.
pub(super) fn list(probe: &SystemProbe, reading: &Reading) -> Vec<Capability> {
    vec![
        memory(probe, reading),
        swap(probe, reading),
        cgroup_memory(probe, reading),
        headroom(probe, reading),
        pressure(probe),
        cpu(reading),
        quota(probe, reading),
        steal(probe, reading),
        throttling(probe, reading),
        heat(reading),
        governor(),
        counts(reading),
        faults_of_operations(reading),
        storage(probe, reading),
        open_files(reading),
    ]
}

const MEMORY_OFF: &str = "memory_tracking = false in the settings";
const MEMORY_ON: &str = "set memory_tracking = true under [monitoring]";

fn memory(probe: &SystemProbe, reading: &Reading) -> Capability {
    const NAME: &str = "process memory";
    if !probe.memory {
        return lack(NAME, MEMORY_OFF, MEMORY_ON);
    }
    if reading.sample.anonymous_bytes.is_some() {
        return have(
            NAME,
            "/proc/self/status: anonymous, file-backed, shared and peak resident memory",
        );
    }
    let reason = match &probe.status {
        Err(error) => format!("/proc/self/status: {}", plain(error)),
        Ok(_) => "/proc/self/status does not split resident memory".to_owned(),
    };
    lack(
        NAME,
        &reason,
        "mount /proc; the split needs Linux 4.5, and sandboxes such as gVisor do not give it",
    )
}

fn swap(probe: &SystemProbe, reading: &Reading) -> Capability {
    const NAME: &str = "swap";
    match reading.sample.swapped_bytes {
        _ if !probe.memory => lack(NAME, MEMORY_OFF, MEMORY_ON),
        Some(_) => have(NAME, "/proc/self/status: VmSwap"),
        None => lack(
            NAME,
            "/proc/self/status has no VmSwap: a kernel without CONFIG_SWAP, or a sandbox",
            "",
        ),
    }
}

fn cgroup_memory(probe: &SystemProbe, reading: &Reading) -> Capability {
    const NAME: &str = "cgroup memory";
    if !probe.memory {
        return lack(NAME, MEMORY_OFF, MEMORY_ON);
    }
    let Some(group) = &probe.memory_group else {
        return lack(
            NAME,
            "no mounted cgroup hierarchy shows this process",
            "mount cgroup v2 at /sys/fs/cgroup",
        );
    };
    if reading.sample.cgroup_memory_bytes.is_none() {
        let reason = format!(
            "cgroup {}: no readable memory usage; the root cgroup has none",
            group.version
        );
        return lack(
            NAME,
            &reason,
            "run in a cgroup of its own with the memory controller: systemd-run --scope",
        );
    }
    let limit = reading
        .cgroup_memory_limit_bytes
        .map_or("no limit".to_owned(), |bytes| {
            format!("limit {bytes} bytes")
        });
    have(
        NAME,
        &format!(
            "cgroup {}, {limit}; the page cache counts as used",
            group.version
        ),
    )
}

fn headroom(probe: &SystemProbe, reading: &Reading) -> Capability {
    const NAME: &str = "memory headroom";
    match &reading.memory_headroom {
        _ if !probe.memory => lack(NAME, MEMORY_OFF, MEMORY_ON),
        Some(bound) => {
            let left = bound.headroom_bytes >> 20;
            have(
                NAME,
                &format!(
                    "{left} MiB left by {}, the tightest bound",
                    bound.limited_by
                ),
            )
        }
        None => lack(
            NAME,
            "no limit of a cgroup can be read, nor MemAvailable in /proc/meminfo",
            "mount /proc",
        ),
    }
}

fn pressure(probe: &SystemProbe) -> Capability {
    const NAME: &str = "memory pressure";
    let whose = match &probe.pressure {
        _ if !probe.memory => return lack(NAME, MEMORY_OFF, MEMORY_ON),
        Ok(pressure) => pressure.scope,
        Err(error) => {
            let reason = format!("/proc/pressure/memory: {}", plain(error));
            let remedy = "a kernel of 4.20 or later with CONFIG_PSI, started with psi=1";
            return lack(NAME, &reason, remedy);
        }
    };
    have(
        NAME,
        match whose {
            PressureScope::Cgroup => {
                "time that tasks of this cgroup waited for memory: memory.pressure"
            }
            PressureScope::Machine => {
                "time that tasks of the whole machine waited for memory: /proc/pressure/memory; \
                 the process has no cgroup v2 of its own"
            }
        },
    )
}

fn cpu(reading: &Reading) -> Capability {
    match reading.cpu_seconds {
        Some(_) => have(
            "CPU time",
            "getrusage: exact sum, the split into user and kernel is the kernel's estimate",
        ),
        None => lack(
            "CPU time",
            "getrusage failed",
            "allow getrusage in the sandbox's system call filter",
        ),
    }
}

fn quota(probe: &SystemProbe, reading: &Reading) -> Capability {
    const NAME: &str = "CPUs available";
    let Some(cpus) = reading.cpus_available else {
        return lack(
            NAME,
            "neither affinity nor quota can be read",
            "allow sched_getaffinity in the sandbox",
        );
    };
    match &probe.cpu_group {
        Some(group) => have(
            NAME,
            &format!(
                "{cpus}: affinity of all threads and cgroup {} quota",
                group.version
            ),
        ),
        None => have(
            NAME,
            &format!("{cpus}: affinity of all threads; no mounted cgroup shows a quota"),
        ),
    }
}

fn steal(probe: &SystemProbe, reading: &Reading) -> Capability {
    const NAME: &str = "steal time";
    if reading.interference.machine.is_some() {
        let how = "/proc/stat: time in which the hypervisor ran others, of all CPUs of the machine";
        return have(NAME, how);
    }
    let reason = match &probe.interference.machine {
        Err(error) => format!("/proc/stat: {}", plain(error)),
        Ok(_) => "/proc/stat tells no times: a sandbox".to_owned(),
    };
    lack(NAME, &reason, "mount /proc, and run outside of the sandbox")
}

fn throttling(probe: &SystemProbe, reading: &Reading) -> Capability {
    const NAME: &str = "CPU quota";
    match (&probe.interference.quota, reading.interference.quota) {
        (_, Some(_)) => have(
            NAME,
            "cpu.stat of the cgroup with the smallest quota: how often it was used up, and for how long",
        ),
        (Some(_), None) => lack(
            NAME,
            "cpu.stat does not tell how often the quota was used up",
            "a kernel with CONFIG_CFS_BANDWIDTH",
        ),
        (None, None) if probe.cpu_group.is_some() => {
            have(NAME, "no quota was seen that could be used up")
        }
        (None, None) => lack(NAME, "no quota can be read", "mount the cgroup file system"),
    }
}

const NOT_IN_SYS: &str =
    "not in /sys/devices/system/cpu: a virtual machine, or a processor without a driver for it";

fn heat(reading: &Reading) -> Capability {
    const NAME: &str = "thermal throttling";
    match reading.interference.thermal_throttles {
        Some(_) => have(
            NAME,
            "thermal_throttle of each CPU in /sys: its core's and package's",
        ),
        None => lack(NAME, NOT_IN_SYS, ""),
    }
}

fn governor() -> Capability {
    const NAME: &str = "CPU frequency governor";
    match interference::governor(Path::new("/")) {
        Some(names) => have(
            NAME,
            &format!("{names}: cpufreq/scaling_governor of each CPU in /sys"),
        ),
        None => lack(NAME, NOT_IN_SYS, ""),
    }
}

fn counts(reading: &Reading) -> Capability {
    const NAME: &str = "faults and threads";
    match (reading.sample.minor_faults, reading.sample.threads) {
        (Some(_), Some(_)) => have(
            NAME,
            "getrusage (faults, context switches) and /proc/self/status, for the whole process",
        ),
        (None, _) => lack(
            NAME,
            "getrusage failed",
            "allow getrusage in the sandbox's system call filter",
        ),
        (_, None) => lack(
            NAME,
            "/proc/self/status cannot be read: threads are missing",
            "mount /proc",
        ),
    }
}

fn faults_of_operations(reading: &Reading) -> Capability {
    const NAME: &str = "faults of operations";
    match reading.sample.major_faults {
        Some(_) => have(
            NAME,
            "getrusage of the thread around about one operation in 256 µs: cold or warm",
        ),
        None => lack(
            NAME,
            "getrusage failed",
            "allow getrusage in the sandbox's system call filter",
        ),
    }
}

fn storage(probe: &SystemProbe, reading: &Reading) -> Capability {
    const NAME: &str = "I/O";
    if reading.sample.read_bytes.is_some() {
        return have(
            NAME,
            "/proc/self/io: bytes fetched from and sent to storage, without the page cache's",
        );
    }
    let reason = match &probe.io {
        Err(error) => format!("/proc/self/io: {}", plain(error)),
        Ok(_) => {
            "/proc/self/io cannot be read: a hardened kernel, or a process that changed its user"
                .to_owned()
        }
    };
    lack(
        NAME,
        &reason,
        "run as the user that owns the process, on a kernel with CONFIG_TASK_IO_ACCOUNTING",
    )
}

fn open_files(reading: &Reading) -> Capability {
    match reading.sample.open_files {
        Some(_) => have(
            "open files",
            "the size of /proc/self/fd: one system call, whatever their number",
        ),
        None => lack(
            "open files",
            "counting them one by one would cost more than it tells",
            "Linux 6.2 or later",
        ),
    }
}

/// The error in words a person knows.
fn plain(error: &io::Error) -> String {
    error.to_string().to_lowercase()
}
