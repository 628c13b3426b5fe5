//! Judging again: from the saved numbers back to snapshots, for thresholds that were not known at the run.

use super::build::seconds;
use super::{AllocationReport, Distribution, OperationReport, PhaseReport, Report};
use crate::config::Settings;

use crate::snapshot::{CounterReading, OperationSnapshot, Snapshot};
use crate::threshold::{Evidence, Verdict, evaluate, thresholds};

impl Report {
    /// The verdicts that `settings` give on the numbers in this report. The saved ones ([`Report::verdicts`]) stay.
    ///
    /// The report holds its distributions bucket by bucket, so these are the verdicts that the run itself would have
    /// ended with.
    pub fn judge(&self, settings: &Settings) -> Vec<Verdict> {
        judge(&self.run, self.steady(), settings)
    }
}

fn judge(run: &PhaseReport, steady: &PhaseReport, settings: &Settings) -> Vec<Verdict> {
    let (run, steady) = (run.to_snapshot(), steady.to_snapshot());
    let evidence = Evidence {
        run: &run,
        steady: &steady,
    };
    evaluate(evidence, &thresholds(settings))
}

impl PhaseReport {
    /// The snapshot again, as far as a report holds it: without gauges and vecperf's own cost.
    fn to_snapshot(&self) -> Snapshot {
        Snapshot {
            from: seconds(self.start_seconds),
            to: seconds(self.start_seconds).saturating_add(seconds(self.duration_seconds)),
            operations: self
                .operations
                .iter()
                .map(OperationReport::to_snapshot)
                .collect(),
            resources: self.resources.clone(),
            ..Snapshot::default()
        }
    }
}

impl OperationReport {
    fn to_snapshot(&self) -> OperationSnapshot {
        let histogram = |distribution: &Option<Distribution>| {
            distribution
                .as_ref()
                .map(Distribution::to_histogram)
                .unwrap_or_default()
        };
        let (error, cancelled) = (
            histogram(&self.error_latency),
            histogram(&self.cancelled_latency),
        );
        OperationSnapshot {
            name: self.name.clone(),
            // `latency` counts all outcomes.
            ok: histogram(&self.latency).since(&error).since(&cancelled),
            error,
            cancelled,
            service: histogram(&self.service_time),
            polling: histogram(&self.poll_time),
            untimed: self.untimed,
            counters: self
                .work
                .iter()
                .map(|work| CounterReading {
                    name: work.name.clone(),
                    total: work.total,
                })
                .collect(),
            allocations: self.allocations.as_ref().map(AllocationReport::to_snapshot),
            stated_recall: self.recall.clone(),
            ..OperationSnapshot::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::recall::RecallEstimate;
    use crate::resource::ResourceUse;
    use crate::threshold::Status;

    /// 1,000 searches of 1 to 10 ms, 20 of them failed, 5 cancelled.
    fn snapshot() -> Snapshot {
        let mut search = OperationSnapshot {
            name: "search".to_owned(),
            ..OperationSnapshot::default()
        };
        for i in 0..1000_u64 {
            let outcome = match i % 200 {
                0..4 => &mut search.error,
                4 => &mut search.cancelled,
                _ => &mut search.ok,
            };
            outcome.record(Duration::from_micros(1_000 + 9 * i));
        }
        search.counters = vec![CounterReading {
            name: "hops".to_owned(),
            total: 5_000,
        }];
        search.stated_recall = RecallEstimate::from_queries(10, [0.9, 1.0, 0.8, 0.9]);
        Snapshot {
            from: Duration::from_millis(500),
            to: Duration::from_millis(4_500),
            operations: vec![search],
            resources: ResourceUse {
                cpu_percent: Some(50.0),
                ..ResourceUse::default()
            },
            ..Snapshot::default()
        }
    }

    #[test]
    fn a_snapshot_comes_back_from_its_report() {
        let snapshot = snapshot();
        let back = PhaseReport::from_snapshot("search", true, &snapshot).to_snapshot();
        assert_eq!(
            (back.from, back.to, &back.resources),
            (snapshot.from, snapshot.to, &snapshot.resources)
        );
        let (back, was) = (&back.operations[0], &snapshot.operations[0]);
        assert_eq!((&back.error, &back.cancelled), (&was.error, &was.cancelled));
        assert_eq!(back.ok.buckets(), was.ok.buckets());
        assert_eq!(back.latency().max(), was.latency().max());
        assert_eq!(
            (&back.counters, back.recall(), back.count()),
            (&was.counters, was.recall(), 1000)
        );
    }

    #[test]
    fn a_saved_report_is_judged_as_the_run_would_have_been() {
        let snapshot = snapshot();
        let phase = PhaseReport::from_snapshot("search", true, &snapshot);

        for toml in [
            "",
            "max_response_time_ms = 5",
            "max_cpu_percent = 40",
            "max_error_percent = 1.5\nmin_recall = 0.99",
        ] {
            let settings =
                Settings::from_toml(&format!("[thresholds]\n{toml}"), "strict.toml").unwrap();
            let evidence = Evidence {
                run: &snapshot,
                steady: &snapshot,
            };
            let expected = evaluate(evidence, &thresholds(&settings));
            assert_eq!(judge(&phase, &phase, &settings), expected, "{toml}");
            assert_eq!(
                toml.is_empty(),
                expected
                    .iter()
                    .all(|verdict| verdict.status != Status::Fail),
                "{toml}"
            );
        }
    }
}
