//! The heap profile of a monitor: from its start to its end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::config::Settings;
use crate::environment::heap_profile;
use crate::heap::{HeapMark, Recording, Statistics};
use crate::monitor::page::Ended;
use crate::profile::{Function, Profile, names};
use crate::record::Recorder;
use crate::report::{HeapProfileReport, HeapSiteReport};
use crate::resource::Capability;
use crate::segment::Source;

/// Sites that the report lists.
const MOST: usize = 20;

/// What a monitor holds of the heap profile. One that cannot be taken leaves everything else as it is.
pub(super) struct Heap {
    source: Arc<Recorder>,
    /// Whether a page is to be made of the profile, too.
    page: bool,
    /// The recording of the run, or why there is none.
    run: Result<Recording, Capability>,
    /// The profile, once the run has ended.
    made: Mutex<Option<Made>>,
}

/// What is kept of the run's profile.
struct Made {
    ended: Ended,
    sites: Vec<HeapSiteReport>,
}

impl Heap {
    /// Starts sampling where the settings want it and the program has `vecperf::Allocator`.
    pub(super) fn start(settings: &Settings, source: Arc<Recorder>) -> Self {
        Self {
            source,
            page: settings.output.report_file.is_some(),
            run: record(settings),
            made: Mutex::default(),
        }
    }

    /// A phase starts now; its number for [`Heap::phase_ends`].
    pub(super) fn phase_starts(&self, name: &str) -> Option<u32> {
        self.run.as_ref().ok()?.phase_starts(name)
    }

    /// The phase ends now.
    pub(super) fn phase_ends(&self, phase: Option<u32>) {
        if let (Ok(recording), Some(phase)) = (&self.run, phase) {
            recording.phase_ends(phase);
        }
    }

    /// No more samples. What was recorded can still be had.
    pub(super) fn stop(&self) {
        if let Ok(recording) = &self.run {
            recording.stop();
        }
    }

    /// The profile so far; `None` when none is taken.
    pub(super) fn profile(&self) -> Option<Profile> {
        let operation = |number| self.operation(number);
        self.run.as_ref().ok()?.profile(&operation)
    }

    /// The heap now; a mark of nothing when no profile is taken.
    pub(super) fn mark(&self) -> HeapMark {
        self.run.as_ref().map(Recording::mark).unwrap_or_default()
    }

    /// What changed between two marks.
    pub(super) fn growth(&self, from: &HeapMark, to: &HeapMark) -> Option<Profile> {
        let operation = |number| self.operation(number);
        self.run.as_ref().ok()?.growth(from, to, &operation)
    }

    /// Reads the symbols, once the run has ended; the profile.
    pub(super) fn finish(&self) -> Option<Ended> {
        let mut made = lock(&self.made);
        if made.is_none() {
            let profile = self.profile()?;
            let (file, sites) = (write(&profile).into(), sites(&profile));
            let profile = self.page.then(|| Arc::new(profile));
            let ended = Ended { file, profile };
            *made = Some(Made { ended, sites });
        }
        made.as_ref().map(|made| made.ended.clone())
    }

    /// The profile in the report; `None` when none is taken.
    pub(super) fn report(&self, file: Option<String>) -> Option<HeapProfileReport> {
        let statistics = self.statistics()?;
        let made = lock(&self.made);
        let sites = made.as_ref().map(|made| made.sites.clone());
        Some(report(&statistics, file, sites.unwrap_or_default()))
    }

    /// CPU time and bytes that the profile took so far.
    pub(super) fn cost(&self) -> (Duration, u64) {
        self.run.as_ref().map(Recording::cost).unwrap_or_default()
    }

    /// Whether a heap profile is taken, and why not.
    pub(super) fn capability(&self) -> Capability {
        match &self.run {
            Ok(recording) => heap_profile::taken(recording.mean_bytes()),
            Err(lack) => lack.clone(),
        }
    }

    fn statistics(&self) -> Option<Statistics> {
        self.run.as_ref().ok()?.statistics()
    }

    fn operation(&self, number: u32) -> Option<String> {
        Source::operation(&*self.source, number)
    }
}

fn record(settings: &Settings) -> Result<Recording, Capability> {
    let monitoring = &settings.monitoring;
    if !monitoring.memory_tracking {
        return Err(heap_profile::lack(
            "memory_tracking = false in the settings",
            "set memory_tracking = true under [monitoring]",
        ));
    }
    if monitoring.heap_sample_bytes == 0 {
        return Err(heap_profile::lack(
            "heap_sample_bytes = 0 in the settings",
            "set heap_sample_bytes = 524288 under [monitoring]",
        ));
    }
    let here = heap_profile::here();
    if !here.available {
        return Err(here);
    }
    Recording::start(monitoring.heap_sample_bytes).map_err(|reason| heap_profile::lack(&reason, ""))
}

#[cfg(feature = "pprof")]
fn write(profile: &Profile) -> Vec<u8> {
    crate::export::pprof::write(profile)
}

/// Without the format there is no unwinder either, and so no profile.
#[cfg(not(feature = "pprof"))]
fn write(_: &Profile) -> Vec<u8> {
    Vec::new()
}

fn report(
    statistics: &Statistics,
    file: Option<String>,
    sites: Vec<HeapSiteReport>,
) -> HeapProfileReport {
    let share = |part: u64| match statistics.samples {
        0 => 0.0,
        all => part as f64 / all as f64,
    };
    let mut notes = Vec::new();
    if statistics.lost > 0 {
        notes.push(format!(
            "{} blocks that should have been sampled had no room: the figures are too low by what they stand for",
            statistics.lost
        ));
    }
    if statistics.failed {
        notes.push("reading samples panicked: the heap profile ended there".to_owned());
    }
    HeapProfileReport {
        mean_bytes: statistics.mean_bytes,
        samples: statistics.samples,
        live_samples: statistics.live,
        lost: statistics.lost,
        without_stack: statistics.without_stack,
        truncated_share: share(statistics.truncated),
        broken_share: share(statistics.broken),
        in_other_share: share(statistics.others),
        allocated_objects: statistics.allocated.objects,
        allocated_bytes: statistics.allocated.bytes,
        in_use_objects: statistics.in_use.objects,
        in_use_bytes: statistics.in_use.bytes,
        reader_cpu_seconds: statistics.reader_cpu.as_secs_f64(),
        file,
        notes,
        sites,
    }
}

/// The functions that hold most, each by its first frame that is not the standard library's.
fn sites(profile: &Profile) -> Vec<HeapSiteReport> {
    let kinds = [
        names::ALLOC_OBJECTS,
        names::ALLOC_SPACE,
        names::INUSE_OBJECTS,
        names::INUSE_SPACE,
    ];
    let Some(values): Option<Vec<usize>> =
        kinds.iter().map(|kind| profile.value_index(kind)).collect()
    else {
        return Vec::new();
    };
    let mut by_name: HashMap<&str, [i64; 4]> = HashMap::new();
    for sample in &profile.samples {
        let sums = by_name
            .entry(caller(profile, &sample.locations))
            .or_default();
        for (sum, value) in sums.iter_mut().zip(&values) {
            *sum = sum.saturating_add(sample.value(*value));
        }
    }
    let bytes = |value: i64| u64::try_from(value).unwrap_or(0);
    let site = |(name, sums): (&str, [i64; 4])| HeapSiteReport {
        function: name.to_owned(),
        allocated_objects: bytes(sums[0]),
        allocated_bytes: bytes(sums[1]),
        in_use_objects: bytes(sums[2]),
        in_use_bytes: bytes(sums[3]),
    };
    let mut sites: Vec<HeapSiteReport> = by_name.into_iter().map(site).collect();
    sites.sort_by(|a, b| {
        let key = |site: &HeapSiteReport| (site.in_use_bytes, site.allocated_bytes);
        key(b)
            .cmp(&key(a))
            .then_with(|| a.function.cmp(&b.function))
    });
    sites.truncate(MOST);
    sites
}

/// The innermost function of a stack that is not the standard library's.
fn caller<'a>(profile: &'a Profile, stack: &[u32]) -> &'a str {
    let locations = stack
        .iter()
        .filter_map(|&location| profile.locations.get(location as usize));
    let lines = locations.flat_map(|location| &location.lines);
    let functions = lines.filter_map(|line| profile.functions.get(line.function as usize));
    let mut all = functions.peekable();
    let first = all.peek().copied();
    let own = all.find(|function| !is_standard(function)).or(first);
    own.map_or("[unknown]", |function| &function.name)
}

/// Whether a function is the standard library's, by its name or, for one that was inlined and has a short one, its file.
fn is_standard(function: &Function) -> bool {
    const NAMES: [&str; 8] = [
        "alloc::",
        "<alloc::",
        "core::",
        "<core::",
        "std::",
        "<std::",
        "hashbrown::",
        "__rust",
    ];
    const FILES: [&str; 4] = [
        "/library/alloc/",
        "/library/core/",
        "/library/std/",
        "/hashbrown-",
    ];
    NAMES.iter().any(|start| function.name.starts_with(start))
        || FILES.iter().any(|folder| function.file.contains(folder))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Builder, Line, Location, ValueType};

    #[test]
    fn a_site_is_the_program_s_own_function() {
        let kinds = [
            names::ALLOC_OBJECTS,
            names::ALLOC_SPACE,
            names::INUSE_OBJECTS,
            names::INUSE_SPACE,
        ];
        let mut builder = Builder::new(kinds.map(|kind| ValueType::new(kind, "x")).to_vec());
        let mut stack = |names: &[&str]| -> Vec<u32> {
            let location = |name: &&str| {
                let function = builder.function(Function {
                    name: (*name).to_owned(),
                    ..Function::default()
                });
                let lines = vec![Line { function, line: 1 }];
                builder.location(Location {
                    lines,
                    ..Location::default()
                })
            };
            names.iter().map(location).collect()
        };
        let first = stack(&[
            "alloc::raw_vec::finish_grow",
            "<alloc::vec::Vec<T>>::push",
            "index::insert",
            "main",
        ]);
        let again = stack(&["index::insert", "main"]);
        let second = stack(&["std::thread::spawn"]);
        builder.sample(first, vec![1, 100, 1, 40], Vec::new());
        builder.sample(again, vec![2, 30, 1, 2], Vec::new());
        builder.sample(second, vec![1, 7, 1, 7], Vec::new());
        builder.sample(Vec::new(), vec![1, 1, 0, 0], Vec::new());
        let sites = sites(&builder.finish());
        let seen: Vec<_> = sites
            .iter()
            .map(|site| {
                (
                    site.function.as_str(),
                    site.in_use_bytes,
                    site.allocated_bytes,
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("index::insert", 42, 130),
                ("std::thread::spawn", 7, 7),
                ("[unknown]", 0, 1)
            ]
        );
    }
}
