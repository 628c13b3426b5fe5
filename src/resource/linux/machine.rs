//! What machine this is: kernel, processor, CPUs, memory.

use std::fs;
use std::path::Path;

use super::{interference, procfs};
use crate::resource::Machine;

/// Asks `/proc`; what it does not say stays empty.
pub(crate) fn machine() -> Machine {
    let text = |path| fs::read_to_string(path).unwrap_or_default();
    Machine {
        kernel: procfs::whole(&text("/proc/sys/kernel/osrelease"))
            .unwrap_or_default()
            .to_owned(),
        cpu_model: cpu_model(&text("/proc/cpuinfo")).to_owned(),
        cpus: online_cpus(&text("/sys/devices/system/cpu/online")).unwrap_or(0),
        memory_bytes: procfs::bytes_of(&text("/proc/meminfo"), "MemTotal"),
        frequency_governor: interference::governor(Path::new("/")),
    }
}

/// x86 says `model name`, some ARM kernels `Hardware` or `Model`; the rest says nothing that a person could read.
fn cpu_model(cpuinfo: &str) -> &str {
    ["model name", "Model", "Hardware", "cpu model", "cpu"]
        .iter()
        .find_map(|key| procfs::first(cpuinfo, key))
        .unwrap_or_default()
}

/// `0-3,8,10-11` is 7.
fn online_cpus(list: &str) -> Option<u32> {
    procfs::whole(list)?
        .split(',')
        .try_fold(0u32, |sum, range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
            sum.checked_add(last.checked_sub(first)?.checked_add(1)?)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_lists() {
        assert_eq!(online_cpus("0-1\n"), Some(2));
        assert_eq!(online_cpus("0-3,8,10-11\n"), Some(7));
        assert_eq!(online_cpus("0\n"), Some(1));
        for bad in ["", "\n", "3-1\n", "a\n", "0-4294967295\n", "0-1"] {
            assert_eq!(online_cpus(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn cpu_models() {
        assert_eq!(
            cpu_model("processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n"),
            "AMD EPYC"
        );
        assert_eq!(
            cpu_model("processor\t: 0\nBogoMIPS\t: 38.40\n\nModel\t\t: Raspberry Pi 4\n"),
            "Raspberry Pi 4"
        );
        assert_eq!(cpu_model("processor\t: 0\nCPU implementer\t: 0x41\n"), "");
    }
}
