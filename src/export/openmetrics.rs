//! The whole run for a scraper, in Prometheus' text format 0.0.4 (`text/plain; version=0.0.4`) with OpenMetrics'
//! names: base units, `_total` for counters.
//!
//! Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>

mod memory;
mod operations;
mod text;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::{self, Write};

use crate::export::Exporter;
use crate::report::Report;
use crate::resource::{CpuInterference, ResourceSample, ResourceUse};
use crate::threshold::Status;
use text::Text;

/// The whole run as metrics; see `docs/metrics.md` for their names.
///
/// Latencies are classic histograms with a bound at every power of two from 0.95 µs to 32 s: the recorder's own
/// buckets end there, so that each count is exact and nothing is interpolated.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenMetrics;

impl Exporter for OpenMetrics {
    fn name(&self) -> &str {
        "openmetrics"
    }

    fn export(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let report = report.finite();
        let mut text = Text::default();
        text.family("build_info", "gauge", "The vecperf that watches.");
        text.sample("build_info", &[("version", &report.vecperf_version)], 1);
        operations::families(&mut text, &report);
        profile(&mut text, &report);
        gauges(&mut text, &report);
        if let Some(last) = &report.run.resources.last {
            resources(&mut text, last);
        }
        limits(&mut text, &report.run.resources);
        interference(&mut text, &report.run.resources.cpu_interference);
        memory::families(&mut text, &report);
        verdicts(&mut text, &report);
        self_cost(&mut text, &report);
        out.write_all(text.as_bytes())
    }
}

fn profile(text: &mut Text, report: &Report) {
    let Some(profile) = &report.cpu_profile else {
        return;
    };
    let samples = [
        ("taken", Some(profile.samples)),
        ("lost", Some(profile.lost)),
    ];
    text.choices(
        "profile_samples_total",
        "counter",
        "CPU samples taken, and records lost before they were read.",
        "kind",
        &samples,
    );
    let rates = [
        ("asked", Some(profile.asked_rate)),
        ("achieved", Some(profile.achieved_rate)),
    ];
    text.choices(
        "profile_rate",
        "gauge",
        "Samples per second of CPU time.",
        "kind",
        &rates,
    );
}

fn gauges(text: &mut Text, report: &Report) {
    text.family(
        "value",
        "gauge",
        "The program's own gauges; each name has its unit.",
    );
    for (name, value) in &report.run.gauges {
        text.sample("value", &[("name", name)], value);
    }
}

fn resources(text: &mut Text, last: &ResourceSample) {
    let memory = [
        ("anonymous", last.anonymous_bytes),
        ("file_backed", last.file_backed_bytes),
        ("shared", last.shared_bytes),
        ("swapped", last.swapped_bytes),
    ];
    text.choices(
        "memory_bytes",
        "gauge",
        "Memory of the process.",
        "kind",
        &memory,
    );
    let cpu = [
        ("user", last.cpu_user_seconds),
        ("system", last.cpu_system_seconds),
    ];
    text.choices(
        "cpu_seconds_total",
        "counter",
        "CPU time of the process.",
        "mode",
        &cpu,
    );
    let faults = [("minor", last.minor_faults), ("major", last.major_faults)];
    text.choices(
        "page_faults_total",
        "counter",
        "Page faults; major ones waited for storage.",
        "kind",
        &faults,
    );
    let switches = [
        ("voluntary", last.voluntary_switches),
        ("involuntary", last.involuntary_switches),
    ];
    text.choices(
        "context_switches_total",
        "counter",
        "Context switches.",
        "kind",
        &switches,
    );
    let storage = [("read", last.read_bytes), ("write", last.written_bytes)];
    text.choices(
        "storage_bytes_total",
        "counter",
        "Bytes from and to storage.",
        "direction",
        &storage,
    );
    for (name, help, value) in [
        ("threads", "Threads alive.", last.threads),
        ("open_files", "Open file descriptors.", last.open_files),
    ] {
        if let Some(value) = value {
            text.family(name, "gauge", help);
            text.sample(name, &[], value);
        }
    }
}

fn limits(text: &mut Text, run: &ResourceUse) {
    if let Some(headroom) = &run.memory_headroom {
        text.family(
            "memory_headroom_bytes",
            "gauge",
            "Memory left by the tightest limit.",
        );
        text.sample("memory_headroom_bytes", &[], headroom.headroom_bytes);
    }
    let last = run.last.as_ref();
    let stalled = [
        (
            "some",
            last.and_then(|last| last.memory_some_stalled_seconds),
        ),
        ("all", last.and_then(|last| last.memory_all_stalled_seconds)),
    ];
    text.choices(
        "memory_stalled_seconds_total",
        "counter",
        "Time that tasks of the cgroup or machine waited for memory.",
        "tasks",
        &stalled,
    );
}

/// Since the monitor's start.
fn interference(text: &mut Text, taken: &CpuInterference) {
    let seconds = [
        ("steal", taken.steal_seconds),
        ("quota", taken.throttled_seconds),
    ];
    text.choices(
        "cpu_taken_seconds_total",
        "counter",
        "CPU time taken from the machine by its host, or from the cgroup by its quota.",
        "by",
        &seconds,
    );
    if let Some(events) = taken.thermal_throttles {
        text.family(
            "thermal_throttles_total",
            "counter",
            "Times that a CPU was slowed down because it was too hot.",
        );
        text.sample("thermal_throttles_total", &[], events);
    }
}

fn verdicts(text: &mut Text, report: &Report) {
    text.family("verdict", "gauge", "1 for what each threshold came to.");
    let mut seen = BTreeSet::new();
    for verdict in &report.verdicts {
        let operation = verdict.operation.as_deref().unwrap_or("");
        if !seen.insert((&verdict.threshold, operation)) {
            continue;
        }
        let all = [
            (Status::Pass, "pass"),
            (Status::Fail, "fail"),
            (Status::NoData, "no_data"),
            (Status::Inconclusive, "inconclusive"),
        ];
        for (status, word) in all {
            let labels = [
                ("threshold", verdict.threshold.as_str()),
                ("operation", operation),
                ("status", word),
            ];
            text.sample("verdict", &labels, u8::from(verdict.status == status));
        }
    }
}

fn self_cost(text: &mut Text, report: &Report) {
    let cost = &report.self_cost;
    let mut one = |name, kind, help, value: &dyn Display| {
        text.family(name, kind, help);
        text.sample(name, &[], value);
    };
    one(
        "self_cpu_seconds_total",
        "counter",
        "CPU time of vecperf's own threads.",
        &cost.cpu_seconds,
    );
    one(
        "self_recording_seconds_total",
        "counter",
        "CPU time of recording in the program's own threads, at most.",
        &cost.recording_seconds,
    );
    one(
        "self_memory_bytes",
        "gauge",
        "Bytes held by shards, series and rings.",
        &cost.bytes,
    );
    one("self_series", "gauge", "Series in use.", &cost.series);
    one(
        "self_overflowed_total",
        "counter",
        "Records in the overflow series.",
        &cost.overflowed,
    );
    one(
        "self_missed_beats_total",
        "counter",
        "Beats that the collector was late for.",
        &cost.missed_beats,
    );
}
