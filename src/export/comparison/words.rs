//! A change in words and figures.

use crate::compare::{CONFIDENCE, Change, Comparison, Judgement, Metric};
use crate::quantity::{bytes, duration, number, percent, rate, share};

/// The mark of a judgement.
pub(super) const fn mark(judgement: Judgement) -> &'static str {
    match judgement {
        Judgement::Improved => "▲",
        Judgement::Same => "=",
        Judgement::Inconclusive => "?",
        Judgement::Regressed => "✘",
    }
}

/// What changed: `search p99`; the setting behind it.
pub(super) fn subject(change: &Change) -> (String, &'static str, Option<String>) {
    let operation = change
        .operation
        .clone()
        .unwrap_or_else(|| "process".to_owned());
    let metric = match change.metric {
        Metric::LatencyP50 => "p50",
        Metric::LatencyP99 => "p99",
        Metric::LatencyMean => "mean",
        Metric::Throughput => "throughput",
        Metric::Recall => "recall",
        Metric::Errors => "errors",
        Metric::CpuPerOperation => "CPU an operation",
        Metric::Allocations => "allocations an operation",
        Metric::PeakMemory => "peak memory",
    };
    (operation, metric, change.setting.clone())
}

/// A value of a metric.
pub(super) fn value(metric: Metric, value: f64) -> String {
    match metric {
        Metric::LatencyP50 | Metric::LatencyP99 | Metric::LatencyMean | Metric::CpuPerOperation => {
            duration(value)
        }
        Metric::Throughput => rate(value),
        Metric::Recall => share(value),
        Metric::Errors => percent(100.0 * value),
        Metric::Allocations => number(value),
        Metric::PeakMemory => bytes(value.max(0.0) as u64),
    }
}

/// A change: `+5.2 %`, or of a share `-1.04 points`.
fn signed(value: f64) -> String {
    let value = 100.0 * value;
    // No more than a hundredth of a percent: below it, digits are noise.
    format!("{value:+.2}")
}

/// The change alone.
pub(super) fn size(change: &Change) -> String {
    let unit = if change.metric.is_share() {
        "points"
    } else {
        "%"
    };
    format!("{} {unit}", signed(change.change))
}

/// Its interval.
pub(super) fn interval(change: &Change) -> String {
    match (change.low, change.high) {
        (Some(low), Some(high)) => format!("{} to {}", signed(low), signed(high)),
        _ => "–".to_owned(),
    }
}

/// The smallest change for the worse that would have been seen.
pub(super) fn visible(change: &Change) -> String {
    let unit = if change.metric.is_share() {
        "points"
    } else {
        "%"
    };
    match change.visible {
        Some(visible) => format!("{:.2} {unit}", 100.0 * visible),
        None => "–".to_owned(),
    }
}

/// All judgements in one sentence.
pub(super) fn headline(comparison: &Comparison) -> String {
    let judgements = [
        Judgement::Regressed,
        Judgement::Inconclusive,
        Judgement::Improved,
        Judgement::Same,
    ];
    let counted = judgements.map(|judgement| (comparison.count(judgement), judgement.name()));
    let told: Vec<_> = counted
        .into_iter()
        .filter(|it| it.0 > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    if told.is_empty() {
        return "nothing to compare".to_owned();
    }
    told.join(", ")
}

/// What is compared with what.
pub(super) fn sides(comparison: &Comparison) -> String {
    let side = |side: &crate::compare::SideSummary| {
        let runs = if side.runs == 1 {
            "run".to_owned()
        } else {
            "runs".to_owned()
        };
        format!("{} {runs} from {}", side.runs, side.started_at)
    };
    format!(
        "base: {} · new: {}",
        side(&comparison.base),
        side(&comparison.new)
    )
}

/// How to read it.
pub(super) fn legend(comparison: &Comparison) -> String {
    format!(
        "intervals hold together with {}; same: within ±{} (of shares, ±{} points)",
        percent(100.0 * CONFIDENCE),
        percent(100.0 * comparison.effect),
        number(20.0 * comparison.effect)
    )
}

/// A change in one sentence.
pub(super) fn sentence(change: &Change) -> String {
    let mut sentence = format!(
        "{} → {}: {} ({}); the smallest change for the worse that would have been seen is {}",
        value(change.metric, change.base),
        value(change.metric, change.new),
        size(change),
        interval(change),
        visible(change)
    );
    if let Some(reason) = &change.reason {
        sentence.push_str("; ");
        sentence.push_str(reason);
    }
    sentence
}

/// What the functions' times are of.
pub(super) fn of_functions(comparison: &Comparison) -> String {
    match &comparison.functions_of {
        Some(operation) => format!("{operation}: CPU time of functions, an operation"),
        None => "CPU time of functions, an operation".to_owned(),
    }
}
