//! What was used between two readings: grows reading by reading, and adjoining windows join.
//!
//! Counters need only the first and the last reading. Peaks and the CPU time that was *available* (affinity and quota
//! may change) need all of them, so a window carries both along.

use std::time::Duration;

use super::{MemoryPressure, Reading, ResourceUse, anonymous_swapped};

/// The shortest window that has a CPU percentage.
///
/// The kernel brings the CPU time of a running thread up to date at its tick (4 ms at CONFIG_HZ=250, 15.6 ms on
/// Windows), so in a shorter window the error would exceed a tenth.
const SHORTEST: Duration = Duration::from_millis(if cfg!(windows) { 160 } else { 50 });

/// The readings from one moment to another, summed up.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Window {
    first: Reading,
    last: Reading,
    readings: u64,
    peak: Option<u64>,
    /// CPU seconds that the process could have used.
    capacity: Option<f64>,
}

impl Window {
    /// The empty window at `first`.
    pub(crate) fn opening(first: Reading) -> Self {
        let capacity = first.cpus_available.map(|_| 0.0);
        Self {
            peak: anonymous_swapped(&first.sample),
            last: first.clone(),
            first,
            readings: 1,
            capacity,
        }
    }

    /// The empty window that opens where this one ends.
    pub(crate) fn next(&self) -> Self {
        Self::opening(self.last.clone())
    }

    /// The empty window where this one opens.
    pub(crate) fn before(&self) -> Self {
        Self::opening(self.first.clone())
    }

    /// Goes on to `reading`.
    pub(crate) fn extend(&mut self, reading: Reading) {
        let wall = (reading.sample.at_seconds - self.last.sample.at_seconds).max(0.0);
        self.capacity = sum(
            self.capacity,
            reading.cpus_available.map(|cpus| cpus * wall),
        );
        self.peak = self.peak.max(anonymous_swapped(&reading.sample));
        self.readings += 1;
        self.last = reading;
    }

    /// Goes on to the end of `later`, which opens where this one ends.
    pub(crate) fn join(&mut self, later: &Self) {
        self.capacity = sum(self.capacity, later.capacity);
        self.peak = self.peak.max(later.peak);
        self.readings += later.readings - 1;
        self.last = later.last.clone();
    }

    /// Seconds from the monitor's start to where it opens.
    pub(crate) fn opens_at(&self) -> f64 {
        self.first.sample.at_seconds
    }

    /// Seconds from the monitor's start to where it ends.
    pub(crate) fn ends_at(&self) -> f64 {
        self.last.sample.at_seconds
    }

    /// What was used in it.
    pub(crate) fn resources(&self) -> ResourceUse {
        let (first, last) = (&self.first.sample, &self.last.sample);
        let wall = self.ends_at() - self.opens_at();
        let long_enough = wall >= SHORTEST.as_secs_f64();
        let cpu = seconds(self.first.cpu_seconds, self.last.cpu_seconds).filter(|_| long_enough);
        let capacity = self.capacity.filter(|&capacity| capacity > 0.0);
        ResourceUse {
            samples: self.readings,
            peak_anonymous_swapped_bytes: self.peak,
            cpu_user_seconds: seconds(first.cpu_user_seconds, last.cpu_user_seconds),
            cpu_system_seconds: seconds(first.cpu_system_seconds, last.cpu_system_seconds),
            cpus_available: capacity
                .map(|capacity| capacity / wall)
                .or(self.last.cpus_available),
            cpu_percent: cpu
                .zip(capacity)
                .map(|(cpu, capacity)| 100.0 * cpu / capacity),
            cores_used: cpu.map(|cpu| cpu / wall),
            minor_faults: count(first.minor_faults, last.minor_faults),
            major_faults: count(first.major_faults, last.major_faults),
            voluntary_switches: count(first.voluntary_switches, last.voluntary_switches),
            involuntary_switches: count(first.involuntary_switches, last.involuntary_switches),
            read_bytes: count(first.read_bytes, last.read_bytes),
            written_bytes: count(first.written_bytes, last.written_bytes),
            cgroup_memory_limit_bytes: self.last.cgroup_memory_limit_bytes,
            memory_headroom: self.last.memory_headroom.as_deref().cloned(),
            memory_growth: None,
            memory_pressure: self.pressure(wall, long_enough),
            cpu_interference: self.last.interference.since(&self.first.interference),
            last: Some(last.clone()),
        }
    }

    fn pressure(&self, wall: f64, long_enough: bool) -> Option<MemoryPressure> {
        let (first, last) = (&self.first.sample, &self.last.sample);
        let stalled = |first: Option<f64>, last: Option<f64>| {
            let seconds = last? - first?;
            (seconds >= 0.0).then_some(seconds)
        };
        let some = (
            first.memory_some_stalled_seconds,
            last.memory_some_stalled_seconds,
        );
        let all = (
            first.memory_all_stalled_seconds,
            last.memory_all_stalled_seconds,
        );
        let some_seconds = stalled(some.0, some.1)?;
        let all_seconds = stalled(all.0, all.1)?;
        let percent = |seconds: f64| long_enough.then(|| (100.0 * seconds / wall).min(100.0));
        Some(MemoryPressure {
            scope: self.last.pressure_scope?,
            some_seconds,
            all_seconds,
            some_percent: percent(some_seconds),
            all_percent: percent(all_seconds),
        })
    }
}

fn sum(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    Some(one? + other?)
}

/// A counter's growth; a counter that went back was replaced by another, and then nothing is known.
fn count(first: Option<u64>, last: Option<u64>) -> Option<u64> {
    last?.checked_sub(first?)
}

/// As [`count`]; the split of CPU time is an estimate that may go back by a rounding, which is no growth.
fn seconds(first: Option<f64>, last: Option<f64>) -> Option<f64> {
    Some((last? - first?).max(0.0))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::scripted::reading;
    use super::*;
    use crate::resource::{MemoryHeadroom, PressureScope};

    const MIB: u64 = 1 << 20;

    /// Reading at `at` seconds: `cpu` seconds used so far, `cpus` available, `anonymous` MiB.
    fn at(at: f64, cpu: f64, cpus: f64, anonymous: u64) -> Reading {
        let mut reading = reading(at);
        reading.cpu_seconds = Some(cpu);
        reading.cpus_available = Some(cpus);
        reading.sample.anonymous_bytes = Some(anonymous * MIB);
        reading
    }

    fn window(readings: &[Reading]) -> Window {
        let mut window = Window::opening(readings[0].clone());
        readings[1..]
            .iter()
            .for_each(|reading| window.extend(reading.clone()));
        window
    }

    #[test]
    fn cpu_is_a_share_of_what_was_available() {
        let resources = window(&[at(1.0, 5.0, 4.0, 1), at(3.0, 7.0, 4.0, 1)]).resources();
        assert_eq!(resources.cores_used, Some(1.0));
        assert_eq!(resources.cpu_percent, Some(25.0));
        assert_eq!(resources.cpus_available, Some(4.0));
    }

    #[test]
    fn a_quota_that_changes_counts_for_its_time() {
        // One second with 4 CPUs, one with 1: 5 CPU seconds could be used, 2 were.
        let resources = window(&[
            at(0.0, 0.0, 4.0, 1),
            at(1.0, 1.0, 4.0, 1),
            at(2.0, 2.0, 1.0, 1),
        ])
        .resources();
        assert_eq!(resources.cpu_percent, Some(40.0));
        assert_eq!(resources.cpus_available, Some(2.5));
    }

    #[test]
    fn a_window_of_a_few_ticks_has_no_cpu_percentage() {
        let resources = window(&[at(0.0, 0.0, 2.0, 1), at(0.049, 0.04, 2.0, 1)]).resources();
        assert_eq!((resources.cpu_percent, resources.cores_used), (None, None));
        let empty = Window::opening(at(1.0, 1.0, 2.0, 1)).resources();
        assert_eq!(
            (empty.cpu_percent, empty.cpus_available, empty.samples),
            (None, Some(2.0), 1)
        );
    }

    #[test]
    fn a_clock_or_counter_that_goes_back_gives_nothing_absurd() {
        let mut back = at(4.0, 2.0, 2.0, 1);
        back.sample.minor_faults = Some(7);
        let mut start = at(5.0, 3.0, 2.0, 1);
        start.sample.minor_faults = Some(9);
        let resources = window(&[start, back]).resources();
        assert_eq!(
            (
                resources.cpu_percent,
                resources.cores_used,
                resources.minor_faults
            ),
            (None, None, None)
        );
    }

    #[test]
    fn the_peak_is_the_largest_sum_and_not_the_sum_of_the_largest() {
        let mut swapped = at(1.0, 0.0, 2.0, 100);
        swapped.sample.swapped_bytes = Some(300 * MIB);
        let resources =
            window(&[at(0.0, 0.0, 2.0, 350), swapped, at(2.0, 0.0, 2.0, 50)]).resources();
        assert_eq!(resources.peak_anonymous_swapped_bytes, Some(400 * MIB));
        assert_eq!(resources.last.unwrap().anonymous_bytes, Some(50 * MIB));
    }

    #[test]
    fn pressure_is_what_was_lost_in_the_window_and_headroom_what_is_left_at_its_end() {
        let stalled = |seconds: f64, some, all, left| {
            let mut reading = at(seconds, 0.0, 2.0, 1);
            reading.sample.memory_some_stalled_seconds = Some(some);
            reading.sample.memory_all_stalled_seconds = Some(all);
            reading.pressure_scope = Some(PressureScope::Cgroup);
            reading.memory_headroom = Some(Arc::new(MemoryHeadroom {
                headroom_bytes: left,
                ..MemoryHeadroom::default()
            }));
            reading
        };
        let resources =
            window(&[stalled(10.0, 3.0, 1.0, 9), stalled(14.0, 5.0, 1.5, 7)]).resources();
        let pressure = resources.memory_pressure.unwrap();
        assert_eq!((pressure.some_seconds, pressure.all_seconds), (2.0, 0.5));
        assert_eq!(
            (pressure.some_percent, pressure.all_percent),
            (Some(50.0), Some(12.5))
        );
        assert_eq!(resources.memory_headroom.unwrap().headroom_bytes, 7);
        let back = window(&[stalled(10.0, 3.0, 1.0, 9), stalled(14.0, 2.0, 1.0, 7)]).resources();
        assert_eq!(back.memory_pressure, None, "another cgroup's counter");
    }

    #[test]
    fn unknown_stays_unknown() {
        let bare = |at_seconds| Reading {
            sample: super::super::ResourceSample {
                at_seconds,
                ..Default::default()
            },
            ..Reading::default()
        };
        let resources = window(&[bare(0.0), bare(1.0)]).resources();
        let expected = ResourceUse {
            samples: 2,
            last: Some(bare(1.0).sample),
            ..ResourceUse::default()
        };
        assert_eq!(resources, expected);
    }

    #[test]
    fn joined_windows_equal_the_whole() {
        let all: Vec<_> = (0..9u32)
            .map(|i| at(f64::from(i), f64::from(i), 2.0, u64::from(i * 7 % 5)))
            .collect();
        let mut joined = window(&all[..4]);
        joined.join(&window(&all[3..7]));
        joined.join(&window(&all[6..]));
        assert_eq!(joined, window(&all));
    }
}
