//! The machine a run took place on, as the report tells it.

mod allocations;
pub(crate) mod cpu_profile;
pub(crate) mod heap_profile;

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::resource::{self, Capability};

/// The machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Environment {
    /// `linux`, `windows`, `macos`, …
    pub os: String,
    /// Kernel release; empty when unknown.
    pub kernel: String,
    /// `x86_64`, `aarch64`, …
    pub architecture: String,
    /// The processor's name; empty when unknown.
    pub cpu_model: String,
    /// CPUs of the machine.
    pub cpus: u32,
    /// CPUs the process may use: affinity and cgroup quota.
    pub cpus_available: Option<f64>,
    /// Physical memory, bytes.
    pub memory_bytes: Option<u64>,
    /// How the frequency of the CPUs is chosen: `performance`, `powersave`; several where they differ. Absent: not told, as
    /// in a virtual machine.
    #[serde(default)]
    pub frequency_governor: Option<String>,
    /// `tsc` or `monotonic`, and why.
    pub clock: String,
    /// What can be measured here and what not.
    pub capabilities: Vec<Capability>,
}

impl Environment {
    /// This machine, and what a monitor of this process can measure on it. Reads about ten files: for the start or
    /// the end of a run.
    ///
    /// ```
    /// let here = vecperf::report::Environment::here();
    /// assert_eq!(here.os, std::env::consts::OS);
    /// assert!(here.cpus >= 1);
    /// ```
    pub fn here() -> Self {
        Self::watched(true, [cpu_profile::here(), heap_profile::here()])
    }

    /// As [`Environment::here`], with `memory_tracking` as it is set, and what is known of the profiles.
    pub(crate) fn watched(memory: bool, profiles: [Capability; 2]) -> Self {
        let machine = resource::machine();
        let mut capabilities = resource::capabilities_with(memory);
        capabilities.push(allocations::here());
        capabilities.extend(profiles);
        Self {
            os: std::env::consts::OS.to_owned(),
            kernel: machine.kernel,
            architecture: std::env::consts::ARCH.to_owned(),
            cpu_model: machine.cpu_model,
            cpus: machine.cpus,
            cpus_available: resource::cpus_available(),
            memory_bytes: machine.memory_bytes,
            frequency_governor: machine.frequency_governor,
            clock: clock::description(),
            capabilities,
        }
    }
}
