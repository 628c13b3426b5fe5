//! From snapshots to the report: pure functions, no state.

use std::time::Duration;

use crate::histogram::Histogram;
use crate::report::{
    AllocationReport, Distribution, FaultReport, OperationReport, PhaseReport, SelfCostReport,
    WorkReport,
};
use crate::snapshot::{OperationSnapshot, Snapshot};

impl PhaseReport {
    /// The window that `snapshot` saw, called `name`; `steady` marks the phase that is judged.
    ///
    /// Gauges whose value is not a finite number are left out: JSON has no word for them.
    pub fn from_snapshot(name: impl Into<String>, steady: bool, snapshot: &Snapshot) -> Self {
        let window = snapshot.duration();
        let gauges = snapshot
            .gauges
            .iter()
            .filter(|gauge| gauge.value.is_finite());
        Self {
            name: name.into(),
            steady,
            start_seconds: snapshot.from.as_secs_f64(),
            duration_seconds: window.as_secs_f64(),
            operations: snapshot
                .operations
                .iter()
                .map(|operation| OperationReport::from_snapshot(operation, window))
                .filter(|operation| operation.count > 0)
                .collect(),
            resources: snapshot.resources.clone(),
            gauges: gauges
                .map(|gauge| (gauge.name.clone(), gauge.value))
                .collect(),
            blocks: Vec::new(),
        }
    }

    /// The operation called `name`, if one ended in the window.
    pub fn operation(&self, name: &str) -> Option<&OperationReport> {
        self.operations
            .iter()
            .find(|operation| operation.name == name)
    }

    /// The operation to show first: one whose answers were judged, else the most frequent.
    pub(crate) fn main_operation(&self) -> Option<&OperationReport> {
        let judged = self.operations.iter().find(|it| it.recall.is_some());
        judged.or_else(|| self.operations.iter().max_by_key(|it| it.count))
    }
}

impl SelfCostReport {
    /// What watching cost in the window of `snapshot`, where timing one operation costs `one`.
    pub fn from_snapshot(snapshot: &Snapshot, one: Duration) -> Self {
        let cost = &snapshot.self_cost;
        let timed: u64 = snapshot
            .operations
            .iter()
            .map(|operation| operation.count() - operation.untimed)
            .sum();
        Self {
            cpu_seconds: cost.cpu.as_secs_f64(),
            recording_seconds: timed as f64 * one.as_secs_f64(),
            bytes: cost.bytes,
            overflowed: cost.overflowed,
            missed_beats: cost.missed_beats,
            series: cost.series,
        }
    }
}

impl OperationReport {
    /// `name` without its numbers, and without words like `ef=64`: operations that have the rest in common are one at several
    /// settings.
    pub(crate) fn family(name: &str) -> String {
        let is_of_a_number = |c: char| c.is_ascii_digit() || c == '.';
        let is_number = |word: &str| !word.is_empty() && word.chars().all(is_of_a_number);
        let is_setting = |word: &&str| word.split_once('=').is_some_and(|it| is_number(it.1));
        let words: Vec<_> = name.split(' ').filter(|word| !is_setting(word)).collect();
        words.join(" ").replace(is_of_a_number, "")
    }

    /// What `operation` did in a window of this length; an empty window has the rate 0.
    pub fn from_snapshot(operation: &OperationSnapshot, window: Duration) -> Self {
        let count = operation.count();
        Self {
            name: operation.name.clone(),
            count,
            ok: operation.ok.count(),
            errors: operation.error.count(),
            cancelled: operation.cancelled.count(),
            untimed: operation.untimed,
            per_second: ratio(count as f64, window.as_secs_f64()),
            latency: Distribution::from_histogram(&operation.latency()),
            error_latency: Distribution::from_histogram(&operation.error),
            cancelled_latency: Distribution::from_histogram(&operation.cancelled),
            service_time: Distribution::from_histogram(&operation.service),
            poll_time: Distribution::from_histogram(&operation.polling),
            work: operation
                .counters
                .iter()
                .map(|counter| WorkReport {
                    name: counter.name.clone(),
                    total: counter.total,
                    per_operation: ratio(counter.total as f64, count as f64),
                })
                .collect(),
            recall: operation.recall(),
            time_split: None,
            allocations: operation
                .allocations
                .as_ref()
                .map(AllocationReport::from_snapshot),
            faults: operation.faults.as_ref().map(FaultReport::from_snapshot),
        }
    }
}

impl Distribution {
    /// `histogram` in numbers, its buckets included; `None` when it is empty.
    ///
    /// ```
    /// use std::time::Duration;
    /// use vecperf::{Histogram, report::Distribution};
    ///
    /// let mut histogram = Histogram::default();
    /// histogram.record(Duration::from_millis(2));
    /// let distribution = Distribution::from_histogram(&histogram).unwrap();
    /// assert_eq!(distribution.max_seconds, 0.002);
    /// assert_eq!(distribution.to_histogram(), histogram);
    /// assert!(Distribution::from_histogram(&Histogram::default()).is_none());
    /// ```
    pub fn from_histogram(histogram: &Histogram) -> Option<Self> {
        let quantile = |q| histogram.quantile(q).map(|at| at.as_secs_f64());
        let count = histogram.count();
        Some(Self {
            count,
            mean_seconds: ratio(histogram.sum().as_secs_f64(), count as f64),
            p50_seconds: quantile(0.5)?,
            p90_seconds: quantile(0.9)?,
            p99_seconds: quantile(0.99)?,
            p999_seconds: quantile(0.999)?,
            max_seconds: histogram.max()?.as_secs_f64(),
            bucket_schema: Histogram::SCHEMA,
            buckets: histogram.buckets().to_vec(),
        })
    }

    /// The logarithm to base 2 of the seconds at `place` among the buckets of every report: bucket `i` lies between the places
    /// `i` − 1 and `i`.
    pub(crate) fn log2_seconds(place: f64) -> f64 {
        place * 2_f64.powi(-Histogram::SCHEMA)
    }

    /// The histogram again, so that what is asked later (another quantile, the share above a limit, the sum of
    /// two runs) needs only the saved report. Counts and maximum are exact, the sum to the rounding of the mean.
    pub fn to_histogram(&self) -> Histogram {
        let buckets = self.buckets.iter().copied();
        Histogram::from_buckets(
            buckets,
            seconds(self.mean_seconds * self.count as f64),
            seconds(self.max_seconds),
        )
    }
}

/// A duration from any number a file may hold: negative and NaN give zero, what is too long the longest.
pub(super) fn seconds(seconds: f64) -> Duration {
    // `try_from_secs_f64` rounds to the nearest nanosecond, so that what was written comes back.
    Duration::try_from_secs_f64(seconds).unwrap_or(if seconds > 0.0 {
        Duration::MAX
    } else {
        Duration::ZERO
    })
}

/// `sum ÷ by`, 0 where there is nothing to divide by.
fn ratio(sum: f64, by: f64) -> f64 {
    if by > 0.0 { sum / by } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{CounterReading, GaugeReading};

    fn histogram(micros: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        micros
            .iter()
            .for_each(|&us| histogram.record(Duration::from_micros(us)));
        histogram
    }

    fn search() -> OperationSnapshot {
        OperationSnapshot {
            name: "search".into(),
            ok: histogram(&[100, 200, 300]),
            error: histogram(&[5]),
            untimed: 6,
            counters: vec![CounterReading {
                name: "hops".into(),
                total: 50,
            }],
            ..OperationSnapshot::default()
        }
    }

    #[test]
    fn counts_rates_and_work_are_per_window_and_operation() {
        let report = OperationReport::from_snapshot(&search(), Duration::from_secs(2));
        assert_eq!(
            (report.count, report.ok, report.errors, report.untimed),
            (10, 3, 1, 6)
        );
        assert_eq!(report.per_second, 5.0);
        assert_eq!(report.work[0].per_operation, 5.0);
        assert_eq!(
            report.latency.as_ref().map(|latency| latency.count),
            Some(4)
        );
        assert_eq!(
            report
                .error_latency
                .as_ref()
                .map(|latency| latency.max_seconds),
            Some(5e-6)
        );
        assert_eq!(
            (report.cancelled_latency, report.service_time),
            (None, None)
        );
    }

    #[test]
    fn an_empty_window_has_finite_numbers() {
        let report = OperationReport::from_snapshot(&OperationSnapshot::default(), Duration::ZERO);
        assert_eq!((report.per_second, report.latency), (0.0, None));
    }

    #[test]
    fn operations_that_did_not_end_and_gauges_without_a_number_are_left_out() {
        let gauge = |name: &str, value| GaugeReading {
            name: name.into(),
            value,
        };
        let snapshot = Snapshot {
            from: Duration::from_secs(1),
            to: Duration::from_secs(3),
            operations: vec![
                search(),
                OperationSnapshot {
                    name: "idle".into(),
                    ..Default::default()
                },
            ],
            gauges: vec![
                gauge("vectors", 7.0),
                gauge("nan", f64::NAN),
                gauge("inf", f64::INFINITY),
            ],
            ..Snapshot::default()
        };
        let phase = PhaseReport::from_snapshot("search", true, &snapshot);
        assert_eq!(
            (phase.start_seconds, phase.duration_seconds, phase.steady),
            (1.0, 2.0, true)
        );
        assert!(phase.operation("search").is_some() && phase.operation("idle").is_none());
        assert_eq!(
            phase.gauges.into_iter().collect::<Vec<_>>(),
            [("vectors".to_owned(), 7.0)]
        );
    }

    #[test]
    fn operations_at_several_settings_are_a_family() {
        let family = OperationReport::family;
        let one = family("search");
        for name in ["search ef=64", "search ef_search=128", "search ef=0.5 m=8"] {
            assert_eq!(family(name), one, "{name}");
        }
        assert_eq!(family("search_64"), family("search_128"));
        assert_eq!(family("search{ef=64}"), family("search{ef=8}"));
        let others = [
            "insert",
            "search filter=on",
            "search filter=off",
            "search{ef=64}",
            "insert{ef=64}",
            "search ef=",
        ];
        let different: std::collections::BTreeSet<_> = others.map(family).into();
        assert_eq!(different.len(), others.len());
        assert!(!different.contains(&one));
    }

    #[test]
    fn a_histogram_comes_back_from_its_distribution() {
        let before = histogram(&[1, 1, 17, 250, 90_000, 3_600_000_000]);
        let after = Distribution::from_histogram(&before)
            .unwrap()
            .to_histogram();
        assert_eq!(
            (after.buckets(), after.max()),
            (before.buckets(), before.max())
        );
        assert!(after.sum().abs_diff(before.sum()) <= Duration::from_micros(1));
    }

    #[test]
    fn any_number_gives_a_histogram() {
        let good = Distribution::from_histogram(&histogram(&[5])).unwrap();
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, f64::MAX] {
            let bad = Distribution {
                mean_seconds: number,
                max_seconds: number,
                ..good.clone()
            };
            assert_eq!(bad.to_histogram().count(), 1);
        }
    }
}
