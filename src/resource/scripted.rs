//! A probe that says what a test wrote.

use std::time::Duration;

use super::{Capability, Probe, Reading, ResourceSample};

/// Gives one scripted reading after the other; when none is left, the last one again.
#[derive(Debug, Default)]
pub(crate) struct Script {
    readings: std::collections::VecDeque<Reading>,
}

/// A reading at `at` seconds in which everything is known and nothing was used.
pub(crate) fn reading(at: f64) -> Reading {
    let none = Some(0);
    let sample = ResourceSample {
        at_seconds: at,
        anonymous_bytes: none,
        file_backed_bytes: none,
        shared_bytes: none,
        swapped_bytes: none,
        peak_resident_bytes: none,
        cpu_user_seconds: Some(0.0),
        cpu_system_seconds: Some(0.0),
        minor_faults: none,
        major_faults: none,
        voluntary_switches: none,
        involuntary_switches: none,
        read_bytes: none,
        written_bytes: none,
        threads: Some(1),
        open_files: none,
        cgroup_memory_bytes: none,
        memory_some_stalled_seconds: Some(0.0),
        memory_all_stalled_seconds: Some(0.0),
    };
    Reading {
        sample,
        cpu_seconds: Some(0.0),
        cpus_available: Some(1.0),
        cgroup_memory_limit_bytes: None,
        memory_headroom: None,
        pressure_scope: None,
        interference: super::Interference::default(),
    }
}

impl Script {
    /// Anonymous memory at each reading, bytes.
    pub(crate) fn memory(bytes: impl IntoIterator<Item = u64>) -> Self {
        let one = |bytes| {
            let mut reading = reading(0.0);
            reading.sample.anonymous_bytes = Some(bytes);
            reading
        };
        Self {
            readings: bytes.into_iter().map(one).collect(),
        }
    }
}

impl Probe for Script {
    fn read(&mut self, at: Duration) -> Reading {
        let next = if self.readings.len() > 1 {
            self.readings.pop_front()
        } else {
            self.readings.front().cloned()
        };
        let mut next = next.unwrap_or_else(|| reading(0.0));
        next.sample.at_seconds = at.as_secs_f64();
        next
    }

    fn capabilities(&mut self) -> Vec<Capability> {
        Vec::new()
    }
}
