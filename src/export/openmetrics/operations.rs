//! What operations did: how they ended and how long they took, their work and recall, what they allocated and waited for.

use std::collections::BTreeSet;

use super::text::Text;
use crate::histogram::Histogram;
use crate::report::{AllocationReport, Distribution, OperationReport, Report};

/// All families of operations.
pub(super) fn families(text: &mut Text, report: &Report) {
    // Two series of one name and one set of labels make a scraper refuse all of them.
    let mut seen = BTreeSet::new();
    let operations: Vec<_> = (report.run.operations.iter())
        .filter(|operation| seen.insert(&operation.name))
        .collect();
    ended(text, &operations);
    allocations(text, &operations);
    faults(text, &operations);
    time_split(text, &operations);
}

fn ended(text: &mut Text, operations: &[&OperationReport]) {
    text.family(
        "operations_total",
        "counter",
        "Operations that ended, by outcome; untimed: counted without outcome.",
    );
    for operation in operations {
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
    for operation in operations {
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
    for operation in operations {
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
    for operation in operations {
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
fn allocations(text: &mut Text, operations: &[&OperationReport]) {
    let counted: Vec<_> = operations
        .iter()
        .filter_map(|operation| Some((&operation.name, operation.allocations.as_ref()?)))
        .collect();
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
fn faults(text: &mut Text, operations: &[&OperationReport]) {
    let sampled: Vec<_> = operations
        .iter()
        .filter_map(|operation| Some((&operation.name, operation.faults.as_ref()?)))
        .collect();
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
fn time_split(text: &mut Text, operations: &[&OperationReport]) {
    let split: Vec<_> = operations
        .iter()
        .filter_map(|operation| Some((&operation.name, &operation.time_split.as_ref()?.all)))
        .collect();
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
