//! What the process uses: memory, CPU, faults, I/O. Linux reads `/proc` and cgroups; elsewhere what the
//! system gives, and the rest is unavailable with a reason, never 0.

mod capability;
mod growth;
mod interference;
#[cfg(test)]
pub(crate) mod scripted;
#[cfg_attr(target_os = "linux", path = "linux/mod.rs")]
#[cfg_attr(windows, path = "windows/mod.rs")]
#[cfg_attr(not(any(target_os = "linux", windows)), path = "elsewhere.rs")]
mod system;
mod window;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One reading of everything, cumulative counters as the system gives them. `None`: unavailable here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResourceSample {
    /// Seconds since the monitor's start.
    pub at_seconds: f64,
    /// Bytes of anonymous memory (heap, stacks).
    pub anonymous_bytes: Option<u64>,
    /// Bytes of file-backed memory (an mmap'd index).
    pub file_backed_bytes: Option<u64>,
    /// Bytes of shared memory.
    pub shared_bytes: Option<u64>,
    /// Bytes swapped out.
    pub swapped_bytes: Option<u64>,
    /// The largest resident set so far, bytes; file-backed pages included.
    pub peak_resident_bytes: Option<u64>,
    /// CPU seconds in user mode since the process started.
    pub cpu_user_seconds: Option<f64>,
    /// CPU seconds in the kernel since the process started.
    pub cpu_system_seconds: Option<f64>,
    /// Page faults served without I/O.
    pub minor_faults: Option<u64>,
    /// Page faults that waited for I/O.
    pub major_faults: Option<u64>,
    /// Context switches by blocking.
    pub voluntary_switches: Option<u64>,
    /// Context switches by preemption.
    pub involuntary_switches: Option<u64>,
    /// Bytes fetched from storage.
    pub read_bytes: Option<u64>,
    /// Bytes sent to storage.
    pub written_bytes: Option<u64>,
    /// Threads alive.
    pub threads: Option<u64>,
    /// Open file descriptors.
    pub open_files: Option<u64>,
    /// Memory used by the cgroup, bytes.
    pub cgroup_memory_bytes: Option<u64>,
    /// Seconds in which at least one task waited for memory to be made free ([`MemoryPressure`]), since boot or since
    /// the cgroup was made.
    #[serde(default)]
    pub memory_some_stalled_seconds: Option<f64>,
    /// Seconds in which all tasks that had work to do waited for memory at the same time.
    #[serde(default)]
    pub memory_all_stalled_seconds: Option<f64>,
}

/// What a process used in a window, from the samples taken in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResourceUse {
    /// Samples in the window.
    pub samples: u64,
    /// Largest anonymous plus swapped memory, bytes: what `max_memory_mb` judges.
    pub peak_anonymous_swapped_bytes: Option<u64>,
    /// CPU time in user mode.
    pub cpu_user_seconds: Option<f64>,
    /// CPU time in the kernel.
    pub cpu_system_seconds: Option<f64>,
    /// CPUs the process may use: affinity and cgroup quota.
    pub cpus_available: Option<f64>,
    /// CPU time ÷ (wall time × `cpus_available`), in percent: what `max_cpu_percent` judges.
    pub cpu_percent: Option<f64>,
    /// CPU time ÷ wall time: cores kept busy.
    pub cores_used: Option<f64>,
    /// Page faults served without I/O.
    pub minor_faults: Option<u64>,
    /// Page faults that waited for I/O.
    pub major_faults: Option<u64>,
    /// Context switches by blocking.
    pub voluntary_switches: Option<u64>,
    /// Context switches by preemption.
    pub involuntary_switches: Option<u64>,
    /// Bytes fetched from storage.
    pub read_bytes: Option<u64>,
    /// Bytes sent to storage.
    pub written_bytes: Option<u64>,
    /// The cgroup's memory limit, bytes; `None` when there is none or it cannot be read.
    pub cgroup_memory_limit_bytes: Option<u64>,
    /// How much memory was left at the window's end, by the bound that had the least left.
    #[serde(default)]
    pub memory_headroom: Option<MemoryHeadroom>,
    /// How fast memory grew; `None` before the end of a run, in a window of less than ten seconds or 24 points of the
    /// time series, and where memory is not known.
    #[serde(default)]
    pub memory_growth: Option<MemoryGrowth>,
    /// Time lost to making memory free; `None` where the kernel does not tell.
    #[serde(default)]
    pub memory_pressure: Option<MemoryPressure>,
    /// What took CPU time from the process without its doing.
    #[serde(default)]
    pub cpu_interference: CpuInterference,
    /// The last sample of the window.
    pub last: Option<ResourceSample>,
}

/// How much memory may still be taken before something stops it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MemoryHeadroom {
    /// The bound: a cgroup's file and directory, or the machine's memory.
    pub limited_by: String,
    /// The limit, bytes.
    pub limit_bytes: u64,
    /// Used of it and not to be had back by dropping page cache, by all that the limit counts: neighbours too.
    pub used_bytes: u64,
    /// What is left.
    pub headroom_bytes: u64,
}

/// Time lost because memory had to be made free first (the kernel's pressure stall information, PSI).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MemoryPressure {
    /// Whose tasks are counted.
    pub scope: PressureScope,
    /// Seconds in which at least one task waited.
    pub some_seconds: f64,
    /// Seconds in which all tasks that had work to do waited at the same time.
    pub all_seconds: f64,
    /// `some_seconds` in percent of the window; absent in a window of less than 50 ms.
    pub some_percent: Option<f64>,
    /// `all_seconds` in percent of the window; absent in a window of less than 50 ms.
    pub all_percent: Option<f64>,
}

/// Whose tasks a [`MemoryPressure`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PressureScope {
    /// Those of the process's cgroup.
    Cgroup,
    /// Those of the whole machine.
    Machine,
}

pub(crate) use capability::{have, lack};
pub use growth::{MemoryGrowth, TimeToLimit};
pub use interference::CpuInterference;
pub(crate) use interference::Interference;
#[cfg(target_os = "linux")]
pub(crate) use interference::{MachineCpu, Throttled};
pub(crate) use system::machine::machine;
pub(crate) use window::Window;

/// Something this machine, system or build cannot measure, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Capability {
    /// What would be measured.
    pub name: String,
    /// Whether it can be.
    pub available: bool,
    /// How it is measured, or why it is not.
    pub reason: String,
    /// What to change to get it; empty when there is nothing to change.
    pub remedy: String,
}

/// What the system says about the machine.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    pub(crate) kernel: String,
    pub(crate) cpu_model: String,
    pub(crate) cpus: u32,
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) frequency_governor: Option<String>,
}

/// One reading of a probe: the sample, and what bounds the process at that moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reading {
    /// What the process uses.
    pub(crate) sample: ResourceSample,
    /// CPU seconds since the process started, user mode and kernel together: some systems tell only the sum.
    pub(crate) cpu_seconds: Option<f64>,
    /// CPUs the process may use: affinity and cgroup quota.
    pub(crate) cpus_available: Option<f64>,
    /// The cgroup's memory limit, bytes; `None`: none, or unreadable.
    pub(crate) cgroup_memory_limit_bytes: Option<u64>,
    /// The bound of memory that has the least left.
    pub(crate) memory_headroom: Option<Arc<MemoryHeadroom>>,
    /// Whose stalls the sample counts; `None`: nobody's.
    pub(crate) pressure_scope: Option<PressureScope>,
    /// What took CPU time from the process, as read last.
    pub(crate) interference: Interference,
}

/// What `max_memory_mb` judges, bytes. Where swap is not told apart, anonymous memory alone.
fn anonymous_swapped(sample: &ResourceSample) -> Option<u64> {
    let anonymous = sample.anonymous_bytes?;
    Some(anonymous.saturating_add(sample.swapped_bytes.unwrap_or(0)))
}

/// Reads what the process uses. One trait at the joint; its test double is `scripted::Script`.
pub(crate) trait Probe: Send {
    /// One reading; `at` is the time since the monitor's start, never less than the last.
    fn read(&mut self, at: Duration) -> Reading;
    /// What can be measured here, and what not.
    fn capabilities(&mut self) -> Vec<Capability>;
}

/// The probe of this system. Without `memory` (the setting `memory_tracking`) the memory fields stay `None`.
pub(crate) fn probe(memory: bool) -> Box<dyn Probe> {
    Box::new(system::SystemProbe::new(memory))
}

#[doc(hidden)]
/// The probe of this system as the collector uses it, for the benchmark of its cost.
pub struct Sampler(Box<dyn Probe>);

impl Sampler {
    #[expect(clippy::new_without_default, reason = "no part of the public contract")]
    /// A probe that reads memory too.
    pub fn new() -> Self {
        Self(probe(true))
    }

    /// One sample; quota, limits and affinity are read anew when `at` is a second past their last reading.
    pub fn sample(&mut self, at: Duration) -> ResourceSample {
        self.0.read(at).sample
    }
}

/// CPUs the process may use now: affinity and cgroup quota.
pub(crate) fn cpus_available() -> Option<f64> {
    probe(false).read(Duration::ZERO).cpus_available
}

/// What can be measured of this process on this machine and what cannot, each with its reason and remedy.
///
/// ```
/// for capability in vecperf::resource::capabilities() {
///     assert!(capability.available || !capability.reason.is_empty(), "{capability:?}");
/// }
/// ```
pub fn capabilities() -> Vec<Capability> {
    capabilities_with(true)
}

/// As [`capabilities`], with `memory_tracking` as it is set.
pub(crate) fn capabilities_with(memory: bool) -> Vec<Capability> {
    let mut all = probe(memory).capabilities();
    #[cfg(not(target_os = "linux"))]
    all.extend(capability::no_interference());
    all.push(capability::clock());
    all
}
