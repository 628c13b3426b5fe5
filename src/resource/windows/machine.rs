//! What machine this is: Windows' build, processor, CPUs, memory.

use super::ask;
use crate::resource::Machine;

/// Asks the system; what it does not say stays empty.
pub(crate) fn machine() -> Machine {
    let text = |key, value| ask::registry(key, value).unwrap_or_default();
    Machine {
        kernel: text(
            r"SOFTWARE\Microsoft\Windows NT\CurrentVersion",
            "CurrentBuildNumber",
        ),
        cpu_model: text(
            r"HARDWARE\DESCRIPTION\System\CentralProcessor\0",
            "ProcessorNameString",
        ),
        cpus: ask::cpus(),
        memory_bytes: ask::physical_memory(),
        frequency_governor: None,
    }
}
