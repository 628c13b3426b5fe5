//! No CPU profiler in this build, or on this system: every answer is empty, and the capability says why.

use std::sync::Arc;
use std::time::Duration;

use super::Stamp;
use crate::config::Settings;
use crate::environment::cpu_profile;
use crate::error::{Error, ErrorKind, Result};
use crate::monitor::page::Ended;
use crate::profile::Profile;
use crate::report::{CpuProfileReport, FunctionReport, PhaseReport, SlowOperation};
use crate::resource::Capability;
use crate::segment::Source;

/// What a monitor holds instead of the profiler.
pub(in crate::monitor) struct Profiling;

impl Profiling {
    pub(in crate::monitor) fn start(_: &Settings, _: Option<Arc<dyn Source>>) -> Self {
        Self
    }

    pub(in crate::monitor) fn phase_starts(&self, _: &str) -> Option<u16> {
        None
    }

    pub(in crate::monitor) fn phase_ends(&self, _: Option<u16>) {}

    pub(in crate::monitor) fn stop(&self) {}

    pub(in crate::monitor) fn profile(&self) -> Option<Profile> {
        None
    }

    /// # Errors
    /// Always: why there is no profiler.
    pub(in crate::monitor) fn profile_of_next(&self, _: Duration) -> Result<Profile> {
        let why = cpu_profile::here();
        let message = format!("no CPU profile: {}; {}", why.reason, why.remedy);
        Err(Error::new(ErrorKind::Unavailable, message))
    }

    pub(in crate::monitor) fn functions(&self, _: &Profile) -> Vec<FunctionReport> {
        Vec::new()
    }

    pub(in crate::monitor) fn finish(&self) -> Option<Ended> {
        None
    }

    pub(in crate::monitor) fn report(&self, _: Option<String>) -> Option<CpuProfileReport> {
        None
    }

    pub(in crate::monitor) fn split(
        &self,
        _: &mut PhaseReport,
        _: &mut [(Option<u16>, &mut PhaseReport)],
    ) {
    }

    pub(in crate::monitor) fn trace(&self, _: &mut [(Stamp, SlowOperation)], _: bool) {}

    pub(in crate::monitor) fn cost(&self) -> (Duration, u64) {
        (Duration::ZERO, 0)
    }

    pub(in crate::monitor) fn capability(&self) -> Capability {
        cpu_profile::here()
    }
}
