//! The system calls. Zero is no answer where a living process cannot have zero: then the system does not say.

use std::ffi::c_void;
use std::time::Duration;

use windows_sys::Win32::Foundation::{ERROR_SUCCESS, FILETIME, HANDLE};
use windows_sys::Win32::System::ProcessStatus::{
    K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS_EX,
};
use windows_sys::Win32::System::Registry::{HKEY_LOCAL_MACHINE, RRF_RT_REG_SZ, RegGetValueW};
use windows_sys::Win32::System::SystemInformation::{GlobalMemoryStatusEx, MEMORYSTATUSEX};
use windows_sys::Win32::System::Threading::{
    ALL_PROCESSOR_GROUPS, GetActiveProcessorCount, GetActiveProcessorGroupCount, GetCurrentProcess,
    GetProcessAffinityMask, GetProcessHandleCount, GetProcessTimes,
};

/// A handle that is always valid and needs no closing.
fn this_process() -> HANDLE {
    // SAFETY: takes nothing and gives a constant.
    unsafe { GetCurrentProcess() }
}

/// Bytes of memory of this process.
#[derive(Clone, Copy)]
pub(super) struct Memory {
    /// Committed for this process alone, resident or paged out: anonymous plus swapped.
    pub(super) private: Option<u64>,
    /// The largest resident set so far, shared and file-backed pages included.
    pub(super) peak_working_set: Option<u64>,
}

pub(super) fn memory() -> Option<Memory> {
    const SIZE: u32 = size_of::<PROCESS_MEMORY_COUNTERS_EX>() as u32;
    let mut counters = PROCESS_MEMORY_COUNTERS_EX {
        cb: SIZE,
        ..Default::default()
    };
    // SAFETY: the pointer is to `SIZE` bytes that outlive the call, which takes either of the two structures and tells
    // them apart by that size.
    let done = unsafe { K32GetProcessMemoryInfo(this_process(), (&raw mut counters).cast(), SIZE) };
    (done != 0).then_some(Memory {
        // Documented as the same; Windows 7 fills the first only, wine the second.
        private: positive(counters.PrivateUsage as u64).or(positive(counters.PagefileUsage as u64)),
        peak_working_set: positive(counters.PeakWorkingSetSize as u64),
    })
}

/// CPU time of all threads of this process, ended ones included.
#[derive(Clone, Copy)]
pub(super) struct CpuTimes {
    pub(super) user: Duration,
    pub(super) kernel: Duration,
}

pub(super) fn cpu_times() -> Option<CpuTimes> {
    let [mut created, mut exited, mut kernel, mut user] = [FILETIME::default(); 4];
    // SAFETY: four valid FILETIMEs that outlive the call, which only writes them.
    let done = unsafe {
        GetProcessTimes(
            this_process(),
            &raw mut created,
            &raw mut exited,
            &raw mut kernel,
            &raw mut user,
        )
    };
    (done != 0).then(|| CpuTimes {
        user: duration(user),
        kernel: duration(kernel),
    })
}

/// A FILETIME counts 100 ns.
fn duration(time: FILETIME) -> Duration {
    let ticks = u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    Duration::from_micros(ticks / 10) + Duration::from_nanos(ticks % 10 * 100)
}

/// Open handles: files, threads, events and more.
pub(super) fn handles() -> Option<u64> {
    let mut count = 0;
    // SAFETY: `count` outlives the call, which only writes it.
    let done = unsafe { GetProcessHandleCount(this_process(), &raw mut count) };
    positive(u64::from(count)).filter(|_| done != 0)
}

/// CPUs in the process' affinity; all where the machine has several processor groups, which one mask cannot name.
pub(super) fn cpus_available() -> Option<f64> {
    // SAFETY: takes nothing and gives a number.
    if unsafe { GetActiveProcessorGroupCount() } > 1 {
        return Some(f64::from(cpus()));
    }
    let (mut process, mut system) = (0usize, 0usize);
    // SAFETY: two valid masks that outlive the call, which only writes them.
    let done = unsafe { GetProcessAffinityMask(this_process(), &raw mut process, &raw mut system) };
    (done != 0 && process != 0).then(|| f64::from(process.count_ones()))
}

/// Active CPUs of the machine; 0 when it does not say.
pub(super) fn cpus() -> u32 {
    // SAFETY: takes a number and gives a number.
    unsafe { GetActiveProcessorCount(ALL_PROCESSOR_GROUPS) }
}

/// Physical memory, bytes.
pub(super) fn physical_memory() -> Option<u64> {
    let mut status = MEMORYSTATUSEX {
        dwLength: size_of::<MEMORYSTATUSEX>() as u32,
        ..Default::default()
    };
    // SAFETY: a valid structure with its length set, which outlives the call.
    let done = unsafe { GlobalMemoryStatusEx(&raw mut status) };
    positive(status.ullTotalPhys).filter(|_| done != 0)
}

/// The text `value` of the registry's `key` under HKEY_LOCAL_MACHINE, of at most 255 characters.
pub(super) fn registry(key: &str, value: &str) -> Option<String> {
    let wide = |text: &str| -> Vec<u16> { text.encode_utf16().chain([0]).collect() };
    let (key, value) = (wide(key), wide(value));
    let mut text = [0u16; 256];
    let mut bytes = size_of_val(&text) as u32;
    let buffer: *mut c_void = text.as_mut_ptr().cast();
    // SAFETY: `key` and `value` end in a zero and, like `text`, outlive the call, which writes at most the `bytes`
    // bytes that `text` has.
    let code = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            value.as_ptr(),
            RRF_RT_REG_SZ,
            std::ptr::null_mut(),
            buffer,
            &raw mut bytes,
        )
    };
    let end = text.iter().position(|&unit| unit == 0)?;
    (code == ERROR_SUCCESS).then(|| String::from_utf16_lossy(&text[..end]).trim().to_owned())
}

fn positive(value: u64) -> Option<u64> {
    (value > 0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filetime_counts_hundreds_of_nanoseconds() {
        let time = FILETIME {
            dwLowDateTime: 3,
            dwHighDateTime: 1,
        };
        assert_eq!(duration(time), Duration::from_nanos(((1 << 32) + 3) * 100));
    }

    #[test]
    fn what_the_registry_does_not_hold_is_absent() {
        assert_eq!(registry(r"SOFTWARE\no such key", "no such value"), None);
    }
}
