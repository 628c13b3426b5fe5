//! Systems other than Linux and Windows: what `sysinfo` gives; the rest is unavailable, never 0.

use std::time::Duration;

use sysinfo::{
    CpuRefreshKind, MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, System,
};

use super::capability::{have, lack};
use super::{Capability, Probe, Reading, ResourceSample};

pub(crate) mod machine {
    //! What machine this is: kernel, processor, CPUs, memory.

    use super::{CpuRefreshKind, MemoryRefreshKind, System};
    use crate::resource::Machine;

    /// Asks the system; what it does not say stays empty.
    pub(crate) fn machine() -> Machine {
        let mut system = System::new().ok();
        if let Some(system) = &mut system {
            system.refresh_cpu_list(CpuRefreshKind::nothing());
            system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        }
        let system = system.as_ref();
        let cpus = system.map_or(&[][..], System::cpus);
        Machine {
            kernel: System::kernel_version().unwrap_or_default(),
            cpu_model: cpus
                .first()
                .map(|cpu| cpu.brand().trim().to_owned())
                .unwrap_or_default(),
            cpus: u32::try_from(cpus.len()).unwrap_or(0),
            memory_bytes: system.map(System::total_memory).filter(|&bytes| bytes > 0),
            frequency_governor: None,
        }
    }
}

/// Reads what this process uses through `sysinfo`.
#[derive(Debug)]
pub(crate) struct SystemProbe {
    memory: bool,
    system: Option<System>,
    pid: Option<Pid>,
    peak: u64,
}

impl SystemProbe {
    pub(crate) fn new(memory: bool) -> Self {
        Self {
            memory,
            system: System::new().ok(),
            pid: sysinfo::get_current_pid().ok(),
            peak: 0,
        }
    }
}

impl Probe for SystemProbe {
    fn read(&mut self, at: Duration) -> Reading {
        let sample = ResourceSample {
            at_seconds: at.as_secs_f64(),
            ..ResourceSample::default()
        };
        let cpus = std::thread::available_parallelism()
            .ok()
            .map(|cpus| cpus.get() as f64);
        let mut reading = Reading {
            sample,
            cpus_available: cpus,
            ..Reading::default()
        };
        let (Some(system), Some(pid)) = (self.system.as_mut(), self.pid) else {
            return reading;
        };
        let what = ProcessRefreshKind::nothing()
            .with_cpu()
            .with_memory()
            .with_disk_usage();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, what);
        let Some(process) = system.process(pid) else {
            return reading;
        };
        reading.cpu_seconds = Some(process.accumulated_cpu_time() as f64 / 1000.0);
        let sample = &mut reading.sample;
        sample.open_files = process
            .open_files()
            .and_then(|count| u64::try_from(count).ok());
        sample.read_bytes = Some(process.disk_usage().total_read_bytes);
        sample.written_bytes = Some(process.disk_usage().total_written_bytes);
        if self.memory && process.memory() > 0 {
            self.peak = self.peak.max(process.memory());
            sample.peak_resident_bytes = Some(self.peak);
        }
        reading
    }

    fn capabilities(&mut self) -> Vec<Capability> {
        let reading = self.read(Duration::ZERO);
        let given = |name, known: bool, how, why| {
            if known {
                have(name, how)
            } else {
                lack(name, why, "")
            }
        };
        let sample = &reading.sample;
        let memory = if self.memory {
            lack(
                "process memory",
                "this system does not split resident memory; its peak is known",
                "the split needs Linux",
            )
        } else {
            lack(
                "process memory",
                "memory_tracking = false in the settings",
                "set memory_tracking = true under [monitoring]",
            )
        };
        vec![
            memory,
            lack("swap", "this system does not tell it for one process", ""),
            lack("cgroup memory", "cgroups exist on Linux only", ""),
            lack("memory headroom", "not read on this system", "run on Linux"),
            lack(
                "memory pressure",
                "the kernel's stall times exist on Linux only",
                "",
            ),
            given(
                "CPU time",
                reading.cpu_seconds.is_some(),
                "user mode and kernel together, not apart",
                "not given",
            ),
            given(
                "CPUs available",
                reading.cpus_available.is_some(),
                "std::thread::available_parallelism",
                "not given",
            ),
            lack(
                "faults and threads",
                "this system does not give them through sysinfo",
                "run on Linux",
            ),
            lack("faults of operations", "read on Linux only", "run on Linux"),
            given(
                "I/O",
                sample.read_bytes.is_some(),
                "bytes read and written",
                "not given",
            ),
            given(
                "open files",
                sample.open_files.is_some(),
                "the number of handles",
                "not given",
            ),
        ]
    }
}
