//! What the process owns: to be the same after as before.

use std::fs;

use crate::Ledger;

/// What can leak.
#[derive(Debug)]
pub(super) struct Owned {
    descriptors: usize,
    threads: usize,
    timers: usize,
    maps: usize,
    rings: usize,
    mapped_kib: f64,
}

impl Owned {
    pub(super) fn now() -> Self {
        let entries = |directory| fs::read_dir(directory).map_or(0, Iterator::count);
        let text = |file| fs::read_to_string(file).unwrap_or_default();
        let starting =
            |text: &str, with: &str| text.lines().filter(|line| line.starts_with(with)).count();
        let maps = text("/proc/self/maps");
        let status = text("/proc/self/status");
        let mapped = status
            .lines()
            .find_map(|line| line.strip_prefix("VmSize:")?.split_whitespace().next());
        Self {
            descriptors: entries("/proc/self/fd"),
            threads: entries("/proc/self/task"),
            timers: starting(&text("/proc/self/timers"), "ID:"),
            maps: maps.lines().count(),
            rings: maps.matches("[perf_event]").count(),
            mapped_kib: mapped.and_then(|kib| kib.parse().ok()).unwrap_or(f64::NAN),
        }
    }

    /// How much more there is than `before`.
    pub(super) fn compare(&self, before: &Self, ledger: &mut Ledger) {
        let more = |now: usize, before: usize| now as f64 - before as f64;
        ledger.count(
            "more_descriptors",
            more(self.descriptors, before.descriptors),
        );
        ledger.count("more_threads", more(self.threads, before.threads));
        ledger.count("more_timers", more(self.timers, before.timers));
        ledger.count("more_maps", more(self.maps, before.maps));
        ledger.count("more_rings", more(self.rings, before.rings));
        ledger.count("more_mib", (self.mapped_kib - before.mapped_kib) / 1024.0);
    }
}
