//! What a heap profile says of one function. Tests take turns: a process has one heap profile at a time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use vecperf::profile::Profile;
use vecperf::{Monitor, Settings};

static TURN: Mutex<()> = Mutex::new(());

/// A monitor that samples one byte in `mean`, for as long as the guard lives.
pub(crate) fn monitor(mean: u64) -> (MutexGuard<'static, ()>, Monitor) {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut settings = Settings::default();
    settings.monitoring.heap_sample_bytes = mean;
    settings.monitoring.cpu_profiling = false;
    (turn, Monitor::in_memory(settings).unwrap())
}

/// The sums of a value over all stacks that hold a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) alloc_objects: i64,
    pub(crate) alloc_space: i64,
    pub(crate) temporary_objects: i64,
    pub(crate) temporary_space: i64,
    pub(crate) inuse_objects: i64,
    pub(crate) inuse_space: i64,
}

pub(crate) fn of(profile: &Profile, function: &str) -> Seen {
    let is_it = |index: u32| profile.functions[index as usize].name.contains(function);
    let holds = |location: &u32| {
        let lines = &profile.locations[*location as usize].lines;
        lines.iter().any(|line| is_it(line.function))
    };
    let samples = profile.samples.iter();
    let own: Vec<_> = samples
        .filter(|sample| sample.locations.iter().any(holds))
        .collect();
    let sum = |kind: &str| {
        let value = profile.value_index(kind).unwrap();
        own.iter().map(|sample| sample.value(value)).sum()
    };
    Seen {
        alloc_objects: sum("alloc_objects"),
        alloc_space: sum("alloc_space"),
        temporary_objects: sum("temporary_objects"),
        temporary_space: sum("temporary_space"),
        inuse_objects: sum("inuse_objects"),
        inuse_space: sum("inuse_space"),
    }
}

/// Whether `seen` is `truth` within `deviations` times what theory expects of blocks of this size.
pub(crate) fn is_near(seen: i64, truth: u64, size: u64, mean: u64, deviations: f64) -> bool {
    let chance = -(-(size as f64) / mean as f64).exp_m1();
    let samples = truth as f64 / size as f64 * chance;
    let deviation = ((1.0 - chance) / samples).sqrt();
    (seen as f64 / truth as f64 - 1.0).abs() <= deviations * deviation + 1e-3
}
