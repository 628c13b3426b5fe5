//! The whole run for a scraper, in Prometheus' text format 0.0.4 (`text/plain; version=0.0.4`) with OpenMetrics'
//! names: base units, `_total` for counters.
//!
//! Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>

mod memory;
mod text;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::{self, Write};

use crate::export::Exporter;
use crate::histogram::Histogram;
use crate::report::{AllocationReport, Distribution, OperationReport, Report};
use crate::resource::{ResourceSample, ResourceUse};
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
        operations(&mut text, &report.run.operations);
        allocations(&mut text, &report.run.operations);
        faults(&mut text, &report.run.operations);
        time_split(&mut text, &report.run.operations);
        profile(&mut text, &report);
        gauges(&mut text, &report);
        if let Some(last) = &report.run.resources.last {
            resources(&mut text, last);
        }
        limits(&mut text, &report.run.resources);
        memory::families(&mut text, &report);
        verdicts(&mut text, &report);
        self_cost(&mut text, &report);
        out.write_all(text.as_bytes())
    }
}

fn operations(text: &mut Text, operations: &[OperationReport]) {
    // Two series of one name and one set of labels make a scraper refuse all of them.
    let mut seen = BTreeSet::new();
    let operations: Vec<_> = operations
        .iter()
        .filter(|operation| seen.insert(&operation.name))
        .collect();
    text.family(
        "operations_total",
        "counter",
        "Operations that ended, by outcome; untimed: counted without outcome.",
    );
    for operation in &operations {
        let counts = [
            ("ok", operation.ok),
            ("error", operation.errors),
            ("cancelled", operation.cancelled),
            ("untimed", operation.untimed),
        ];
        for (outcome, count) in counts {
            text.sample(
                "operations_total",
                &[("operation", &operation.name), ("outcome", outcome)],
                count,
            );
        }
    }
    text.family(
        "operation_duration_seconds",
        "histogram",
        "Latency, from the intended start where one was given.",
    );
    for operation in &operations {
        for (outcome, latency) in by_outcome(operation) {
            text.histogram(
                "operation_duration_seconds",
                &[("operation", &operation.name), ("outcome", outcome)],
                &latency,
            );
        }
    }
    text.family(
        "work_total",
        "counter",
        "Work counters, e.g. distance computations.",
    );
    for operation in &operations {
        let mut seen = BTreeSet::new();
        for work in operation.work.iter().filter(|work| seen.insert(&work.name)) {
            text.sample(
                "work_total",
                &[("operation", &operation.name), ("counter", &work.name)],
                work.total,
            );
        }
    }
    text.family(
        "recall_ratio",
        "gauge",
        "Mean recall@k, and its 95 % confidence interval.",
    );
    for operation in &operations {
        if let Some(recall) = &operation.recall {
            for (bound, value) in [
                ("mean", recall.mean),
                ("low", recall.low),
                ("high", recall.high),
            ] {
                let labels = [
                    ("operation", operation.name.as_str()),
                    ("k", &recall.k.to_string()),
                    ("bound", bound),
                ];
                text.sample("recall_ratio", &labels, value);
            }
        }
    }
}

/// The report holds the latency of all outcomes, and of the bad ones; the good ones are the difference.
fn by_outcome(operation: &OperationReport) -> Vec<(&'static str, Histogram)> {
    let histogram = |it: &Option<Distribution>| {
        it.as_ref()
            .map(Distribution::to_histogram)
            .unwrap_or_default()
    };
    let (error, cancelled) = (
        histogram(&operation.error_latency),
        histogram(&operation.cancelled_latency),
    );
    let mut bad = error.clone();
    bad.merge(&cancelled);
    let ok = histogram(&operation.latency).since(&bad);
    let all = [("ok", ok), ("error", error), ("cancelled", cancelled)];
    all.into_iter()
        .filter(|(_, histogram)| !histogram.is_empty())
        .collect()
}

/// What the operations allocated that were counted.
fn allocations(text: &mut Text, operations: &[OperationReport]) {
    let mut seen = BTreeSet::new();
    let mut counted: Vec<_> = operations
        .iter()
        .filter_map(|operation| Some((&operation.name, operation.allocations.as_ref()?)))
        .collect();
    counted.retain(|(name, _)| seen.insert(*name));
    type Family = (&'static str, &'static str, fn(&AllocationReport) -> u64);
    let families: [Family; 3] = [
        (
            "operations_allocations_counted_total",
            "Operations whose allocations were counted.",
            |of| of.operations,
        ),
        (
            "operation_allocations_total",
            "Blocks that operations allocated, nested ones included.",
            |of| of.allocations,
        ),
        (
            "operation_allocated_bytes_total",
            "Bytes that operations allocated, nested ones included.",
            |of| of.bytes,
        ),
    ];
    for (family, help, value) in families {
        if !counted.is_empty() {
            text.family(family, "counter", help);
        }
        for (name, of) in &counted {
            text.sample(family, &[("operation", name)], value(of));
        }
    }
}

/// Which of the sampled operations waited for storage.
fn faults(text: &mut Text, operations: &[OperationReport]) {
    let mut seen = BTreeSet::new();
    let mut sampled: Vec<_> = operations
        .iter()
        .filter_map(|operation| Some((&operation.name, operation.faults.as_ref()?)))
        .collect();
    sampled.retain(|(name, _)| seen.insert(*name));
    if sampled.is_empty() {
        return;
    }
    text.family(
        "sampled_operations_total",
        "counter",
        "Operations looked at for major page faults, by whether they had any.",
    );
    for (name, faults) in &sampled {
        let warm = faults.sampled.saturating_sub(faults.cold);
        for (state, count) in [("cold", faults.cold), ("warm", warm)] {
            let labels = [("operation", name.as_str()), ("state", state)];
            text.sample("sampled_operations_total", &labels, count);
        }
    }
    text.family(
        "sampled_major_faults_total",
        "counter",
        "Major page faults of those operations.",
    );
    for (name, faults) in sampled {
        let labels = [("operation", name.as_str())];
        text.sample("sampled_major_faults_total", &labels, faults.major_faults);
    }
}

/// Where operations' time went, summed over the instances that were seen.
fn time_split(text: &mut Text, operations: &[OperationReport]) {
    let mut seen = BTreeSet::new();
    let mut split: Vec<_> = operations
        .iter()
        .filter_map(|operation| Some((&operation.name, &operation.time_split.as_ref()?.all)))
        .collect();
    split.retain(|(name, _)| seen.insert(*name));
    if split.is_empty() {
        return;
    }
    text.family(
        "operation_time_seconds_total",
        "counter",
        "Where operations' time went, of those the profiler saw end.",
    );
    for (name, split) in split {
        let states = [
            ("on_cpu", split.on_cpu_seconds),
            ("blocked", split.blocked_seconds),
            ("preempted", split.preempted_seconds),
            ("elsewhere", split.elsewhere_seconds),
        ];
        for (state, mean) in states {
            let labels = [("operation", name.as_str()), ("state", state)];
            let sum = mean * split.count as f64;
            text.sample("operation_time_seconds_total", &labels, sum);
        }
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
