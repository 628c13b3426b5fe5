//! Each rule with a report in which it fires, and a near one in which it must not.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::report::{
    AllocationReport, BackEndRefusal, CpuProfileReport, Distribution, FaultReport, FunctionReport,
    MemoryReport, OperationReport, PhaseReport, TimeSplit, TimeSplitReport, Workload,
};
use crate::resource::{
    CpuInterference, MemoryGrowth, MemoryHeadroom, MemoryPressure, PressureScope, ResourceSample,
    TimeToLimit,
};
use crate::snapshot::{OperationSnapshot, Snapshot};
use crate::{Histogram, Monitor, RecallEstimate, Status, Verdict};

/// Latencies of `count` operations around `micros`.
fn around(histogram: &mut Histogram, micros: u64, count: u64) {
    (0..count)
        .for_each(|at| histogram.record(Duration::from_micros(micros + micros * (at % 10) / 100)));
}

fn operation(name: &str, shape: impl FnOnce(&mut Histogram)) -> OperationReport {
    let mut snapshot = OperationSnapshot {
        name: name.into(),
        ..OperationSnapshot::default()
    };
    shape(&mut snapshot.ok);
    OperationReport::from_snapshot(&snapshot, Duration::from_secs(10))
}

/// A good run of `search` on two CPUs in which nothing stands out.
fn quiet() -> Report {
    let mut report = Monitor::off().report();
    let snapshot = Snapshot {
        to: Duration::from_secs(10),
        ..Snapshot::default()
    };
    let mut search = PhaseReport::from_snapshot("search", true, &snapshot);
    search.operations = vec![operation("search", |all| around(all, 100, 20_000))];
    search.resources.cpus_available = Some(2.0);
    report.phases = vec![
        PhaseReport::from_snapshot("build", false, &snapshot),
        search,
    ];
    report.workload = Some(Workload {
        threads: 2,
        arrival: "closed loop".into(),
        parameters: [("ef_search".to_owned(), "64".to_owned())].into(),
        ..Workload::default()
    });
    report
}

fn steady(report: &mut Report) -> &mut PhaseReport {
    report.phases.last_mut().unwrap()
}

fn search(report: &mut Report) -> &mut OperationReport {
    &mut steady(report).operations[0]
}

fn recall(mean: f64, half: f64) -> Option<RecallEstimate> {
    Some(RecallEstimate {
        k: 10,
        queries: 1000,
        mean,
        low: mean - half,
        high: (mean + half).min(1.0),
    })
}

fn split(on_cpu: f64, blocked: f64, preempted: f64) -> TimeSplit {
    TimeSplit {
        count: 200,
        latency_seconds: on_cpu + blocked + preempted,
        on_cpu_seconds: on_cpu,
        blocked_seconds: blocked,
        preempted_seconds: preempted,
        ..TimeSplit::default()
    }
}

fn tail(blocked: f64, preempted: f64) -> Option<TimeSplitReport> {
    Some(TimeSplitReport {
        all: split(100e-6, 0.0, 1e-6),
        above_p99: Some(split(100e-6, blocked, preempted)),
    })
}

fn profile(change: impl FnOnce(&mut CpuProfileReport)) -> Option<CpuProfileReport> {
    let mut profile = CpuProfileReport {
        back_end: "perf_event".into(),
        asked_rate: 1000.0,
        achieved_rate: 990.0,
        cpu_seconds: 10.0,
        samples: 10_000,
        ..CpuProfileReport::default()
    };
    change(&mut profile);
    Some(profile)
}

fn hot(name: &str, share: f64) -> FunctionReport {
    FunctionReport {
        name: name.into(),
        self_share: share,
        total_share: share,
    }
}

fn grows(low: f64, minutes: Option<f64>) -> Option<MemoryGrowth> {
    Some(MemoryGrowth {
        readings: 100,
        seconds: 600.0,
        mb_per_hour: low + 5.0,
        low_mb_per_hour: low,
        high_mb_per_hour: low + 10.0,
        limit_in: minutes.map(|minutes| TimeToLimit {
            minutes,
            ..TimeToLimit::default()
        }),
    })
}

/// Operations with a name, a latency in µs and a recall.
fn settings(report: &mut Report, of: &[(&str, u64, f64)]) {
    let operations = of.iter().map(|&(name, micros, mean)| OperationReport {
        recall: recall(mean, 0.01),
        ..operation(name, |all| around(all, micros, 2000))
    });
    steady(report).operations = operations.collect();
}

/// What makes a rule fire, and what is just not enough for it.
type Case = (Rule, fn(&mut Report), fn(&mut Report));

const CASES: &[Case] = &[
    (
        Rule::RecallBelowTarget,
        |it| {
            it.settings.thresholds.min_recall = Some(0.95);
            search(it).recall = recall(0.9, 0.01);
        },
        |it| {
            it.settings.thresholds.min_recall = Some(0.95);
            search(it).recall = recall(0.945, 0.01);
        },
    ),
    (
        Rule::EfSaturated,
        |it| {
            settings(
                it,
                &[("search ef=64", 100, 0.98), ("search ef=128", 180, 0.981)],
            )
        },
        |it| {
            settings(
                it,
                &[("search ef=64", 100, 0.95), ("search ef=128", 180, 0.981)],
            )
        },
    ),
    (
        // Each costs little more than the one before.
        Rule::EfSaturated,
        |it| {
            let costs = [
                ("ef=64", 100, 0.98),
                ("ef=72", 115, 0.981),
                ("ef=80", 130, 0.9815),
            ];
            settings(it, &costs);
        },
        // Two operations are not one at two settings.
        |it| settings(it, &[("exact", 180, 0.981), ("graph ef=64", 100, 0.98)]),
    ),
    (
        Rule::EfSaturated,
        |it| search(it).recall = recall(1.0, 0.002),
        |it| search(it).recall = recall(0.99, 0.002),
    ),
    (
        Rule::Errors,
        |it| search(it).errors = 3,
        |it| search(it).cancelled = 3,
    ),
    (
        Rule::CoordinatedOmission,
        |it| {
            steady(it).operations[0] = operation("search", |all| {
                around(all, 100, 20_000);
                around(all, 500_000, 3);
            });
        },
        |it| {
            steady(it).operations[0] = operation("search", |all| {
                around(all, 100, 20_000);
                around(all, 1_500, 20);
            });
        },
    ),
    (
        Rule::Overloaded,
        |it| {
            it.workload.as_mut().unwrap().rate = Some(4000.0);
            search(it).service_time = operation("", |all| around(all, 10, 2000)).latency;
        },
        |it| {
            it.workload.as_mut().unwrap().rate = Some(2000.0);
            search(it).service_time = operation("", |all| around(all, 95, 2000)).latency;
        },
    ),
    (
        Rule::BlockedTail,
        |it| search(it).time_split = tail(500e-6, 0.0),
        |it| search(it).time_split = tail(20e-6, 0.0),
    ),
    (
        Rule::PreemptedTail,
        |it| search(it).time_split = tail(0.0, 500e-6),
        |it| search(it).time_split = tail(0.0, 20e-6),
    ),
    (
        Rule::ColdPages,
        |it| {
            search(it).faults = Some(FaultReport {
                sampled: 1000,
                cold: 12,
                cold_percent: 1.2,
                major_faults: 40,
                ..FaultReport::default()
            });
        },
        |it| {
            search(it).faults = Some(FaultReport {
                sampled: 10_000,
                cold: 1,
                cold_percent: 0.01,
                ..FaultReport::default()
            });
        },
    ),
    (
        Rule::Bimodal,
        |it| {
            steady(it).operations[0] = operation("search", |all| {
                around(all, 100, 10_000);
                around(all, 400, 3000);
            });
        },
        |it| {
            steady(it).operations[0] = operation("search", |all| {
                (0..10_000).for_each(|at| all.record(Duration::from_micros(100 + at % 97 * 4)));
            });
        },
    ),
    (
        Rule::DistanceBound,
        |it| {
            it.cpu_profile =
                profile(|it| it.functions = vec![hot("engine::distance::l2_avx2", 0.55)])
        },
        |it| {
            it.cpu_profile =
                profile(|it| it.functions = vec![hot("engine::distance::l2_avx2", 0.3)])
        },
    ),
    (
        Rule::KernelBound,
        |it| {
            steady(it).resources.cpu_user_seconds = Some(4.0);
            steady(it).resources.cpu_system_seconds = Some(4.0);
        },
        |it| {
            steady(it).resources.cpu_user_seconds = Some(9.0);
            steady(it).resources.cpu_system_seconds = Some(1.0);
        },
    ),
    (
        Rule::AllocationHeavy,
        |it| search(it).allocations = Some(allocations(40.0, 0)),
        |it| search(it).allocations = Some(allocations(2.0, 0)),
    ),
    (
        Rule::Leaving,
        |it| search(it).allocations = Some(allocations(1.0, 8 << 20)),
        |it| search(it).allocations = Some(allocations(1.0, 9000)),
    ),
    (
        Rule::NearMemoryLimit,
        |it| steady(it).resources.memory_headroom = Some(headroom(5 << 20)),
        |it| steady(it).resources.memory_headroom = Some(headroom(50 << 20)),
    ),
    (
        Rule::Growth,
        |it| steady(it).resources.memory_growth = grows(40.0, Some(90.0)),
        |it| steady(it).resources.memory_growth = grows(-4.0, None),
    ),
    (
        Rule::Swapped,
        |it| steady(it).resources.last = Some(swapped(3 << 20)),
        |it| steady(it).resources.last = Some(swapped(4096)),
    ),
    (
        Rule::MemoryPressure,
        |it| steady(it).resources.memory_pressure = Some(pressure(4.0)),
        |it| steady(it).resources.memory_pressure = Some(pressure(0.1)),
    ),
    (
        Rule::UnexplainedMemory,
        |it| it.memory = Some(explained(0.5)),
        |it| it.memory = Some(explained(0.95)),
    ),
    (
        Rule::Oversubscribed,
        |it| it.workload.as_mut().unwrap().threads = 8,
        |it| it.workload.as_mut().unwrap().threads = 1,
    ),
    (
        Rule::SerialBuild,
        |it| {
            it.phases[0].resources.cores_used = Some(1.0);
            it.phases[0].resources.cpus_available = Some(8.0);
        },
        |it| {
            it.phases[0].resources.cores_used = Some(6.0);
            it.phases[0].resources.cpus_available = Some(8.0);
        },
    ),
    (
        Rule::NoisyMachine,
        |it| {
            search(it).time_split = Some(TimeSplitReport {
                all: split(90e-6, 0.0, 10e-6),
                above_p99: None,
            });
        },
        |it| search(it).time_split = tail(0.0, 1e-6),
    ),
    (
        Rule::NoisyMachine,
        |it| taken(it, |taken| taken.steal_percent = Some(2.5)),
        |it| taken(it, |taken| taken.steal_percent = Some(1.5)),
    ),
    (
        Rule::NoisyMachine,
        |it| taken(it, |taken| taken.throttled_percent = Some(1.5)),
        |it| taken(it, |taken| taken.throttled_percent = Some(0.5)),
    ),
    (
        Rule::NoisyMachine,
        |it| taken(it, |taken| taken.thermal_throttles = Some(1)),
        |it| taken(it, |taken| taken.thermal_throttles = Some(0)),
    ),
    (
        Rule::NoisyMachine,
        |it| it.environment.frequency_governor = Some("performance, powersave".into()),
        |it| it.environment.frequency_governor = Some("performance".into()),
    ),
    (
        Rule::NoisyMachine,
        // A phase too short for a reading of its own: the run's counts.
        |it| {
            it.workload.as_mut().unwrap().threads = 8;
            it.run.resources.cpu_interference = CpuInterference {
                steal_percent: Some(30.0),
                steal_seconds: Some(3.0),
                ..CpuInterference::default()
            };
        },
        // That own threads take turns is no noise.
        |it| {
            it.workload.as_mut().unwrap().threads = 8;
            search(it).time_split = tail(0.0, 500e-6);
        },
    ),
    (
        Rule::TooFewSamples,
        |it| steady(it).operations[0] = operation("search", |all| around(all, 100, 300)),
        |it| steady(it).operations[0] = operation("search", |all| around(all, 100, 1000)),
    ),
    (
        Rule::TooFewSamples,
        |it| it.verdicts = vec![verdict(Status::NoData)],
        |it| it.verdicts = vec![verdict(Status::Inconclusive)],
    ),
    (
        Rule::SamplingDegraded,
        |it| {
            it.cpu_profile = profile(|it| {
                it.refusals = vec![BackEndRefusal {
                    back_end: "perf_event".into(),
                    reason: "not permitted".into(),
                    remedy: "sysctl kernel.perf_event_paranoid=1".into(),
                }];
            });
        },
        |it| it.cpu_profile = profile(|_| ()),
    ),
    (
        Rule::SamplesLost,
        |it| it.cpu_profile = profile(|it| it.lost = 500),
        |it| it.cpu_profile = profile(|it| it.lost = 5),
    ),
    (
        Rule::StacksCutOff,
        |it| it.cpu_profile = profile(|it| it.truncated_share = 0.2),
        |it| it.cpu_profile = profile(|it| it.truncated_share = 0.01),
    ),
    (
        Rule::SeriesOverflow,
        |it| it.self_cost.overflowed = 1,
        |it| it.self_cost.series = 2000,
    ),
    (
        Rule::CutShort,
        |it| it.complete = false,
        |it| it.complete = true,
    ),
];

/// What was taken in the judged phase, with seconds to match.
fn taken(report: &mut Report, change: impl FnOnce(&mut CpuInterference)) {
    let taken = &mut steady(report).resources.cpu_interference;
    (taken.steal_seconds, taken.throttled_seconds) = (Some(0.5), Some(0.5));
    change(taken);
}

fn allocations(each: f64, net: i64) -> AllocationReport {
    AllocationReport {
        operations: 20_000,
        allocations_per_operation: each,
        net_bytes: net,
        net_bytes_per_operation: net as f64 / 20_000.0,
        ..AllocationReport::default()
    }
}

fn headroom(left: u64) -> MemoryHeadroom {
    MemoryHeadroom {
        limited_by: "memory.max of /service".into(),
        limit_bytes: 100 << 20,
        used_bytes: (100 << 20) - left,
        headroom_bytes: left,
    }
}

fn swapped(bytes: u64) -> ResourceSample {
    ResourceSample {
        swapped_bytes: Some(bytes),
        ..ResourceSample::default()
    }
}

fn pressure(percent: f64) -> MemoryPressure {
    MemoryPressure {
        scope: PressureScope::Cgroup,
        some_seconds: percent / 10.0,
        all_seconds: 0.0,
        some_percent: Some(percent),
        all_percent: Some(0.0),
    }
}

fn explained(share: f64) -> MemoryReport {
    MemoryReport {
        explained_share: Some(share),
        unexplained_bytes: Some(64 << 20),
        ..MemoryReport::default()
    }
}

fn verdict(status: Status) -> Verdict {
    Verdict {
        threshold: "max_response_time_ms".into(),
        operation: Some("insert".into()),
        status,
        limit: 100.0,
        observed: None,
        unit: "ms".into(),
        evidence: "12 operations, and a verdict needs 100".into(),
    }
}

#[test]
fn nothing_stands_out_in_a_quiet_run() {
    assert_eq!(quiet().findings(), []);
}

#[test]
fn each_rule_fires_where_it_should_and_not_where_it_is_near() {
    for (at, (rule, fires, does_not)) in CASES.iter().enumerate() {
        let found = |change: &fn(&mut Report)| {
            let mut report = quiet();
            change(&mut report);
            let findings = report.findings();
            findings.into_iter().find(|finding| finding.rule == *rule)
        };
        let finding = found(fires).unwrap_or_else(|| panic!("case {at}: {rule:?} did not fire"));
        assert!(
            !finding.evidence.is_empty() && !finding.next.is_empty(),
            "{finding:?}"
        );
        assert!(
            finding
                .evidence
                .concat()
                .contains(|c: char| c.is_ascii_digit()),
            "a figure: {finding:?}"
        );
        assert_eq!(found(does_not), None, "case {at}: {rule:?}");
    }
}

#[test]
fn every_rule_has_a_case_a_name_and_its_condition_in_the_documents() {
    let cases: BTreeSet<_> = CASES.iter().map(|case| case.0).collect();
    assert_eq!(cases, Rule::ALL.iter().copied().collect());
    let documents = include_str!("../../docs/findings.md");
    for rule in Rule::ALL {
        assert_eq!(serde_json::to_value(rule).unwrap(), rule.name());
        assert!(
            documents.contains(&format!("`{}`", rule.name())),
            "docs/findings.md: {rule:?}"
        );
    }
}

#[test]
fn the_gravest_come_first() {
    let mut report = quiet();
    report.complete = false;
    search(&mut report).errors = 1000;
    search(&mut report).recall = recall(1.0, 0.001);
    let severities: Vec<_> = report.findings().iter().map(|it| it.severity).collect();
    assert_eq!(
        severities,
        [Severity::Problem, Severity::Warning, Severity::Note]
    );
}

#[test]
fn each_cause_of_noise_has_its_own_next_step_and_a_governor_alone_is_a_note() {
    let mut report = quiet();
    report.environment.frequency_governor = Some("schedutil".into());
    let [finding] = &report.findings()[..] else {
        panic!("{:?}", report.findings());
    };
    assert_eq!(finding.severity, Severity::Note);
    assert!(finding.next.contains("cpupower"), "{}", finding.next);
    taken(&mut report, |taken| {
        taken.throttled_percent = Some(12.0);
        taken.steal_percent = Some(20.0);
    });
    let [finding] = &report.findings()[..] else {
        panic!("{:?}", report.findings());
    };
    assert_eq!(finding.severity, Severity::Warning);
    assert_eq!(finding.evidence.len(), 3, "{finding:?}");
    for said in ["without neighbours", "larger CPU quota", "cpupower"] {
        assert!(finding.next.contains(said), "{said}: {}", finding.next);
    }
    assert!(!finding.next.contains("cool"), "{}", finding.next);
}

#[test]
fn any_number_a_file_may_hold_is_survived() {
    let mut report = quiet();
    for number in [f64::NAN, f64::INFINITY, -1.0, f64::MAX, 0.0] {
        let latency = Distribution {
            p50_seconds: number,
            mean_seconds: number,
            max_seconds: number,
            buckets: vec![(-1920, u64::MAX), (2240, u64::MAX)],
            ..search(&mut report).latency.clone().unwrap()
        };
        search(&mut report).latency = Some(latency);
        search(&mut report).recall = recall(number, number);
        search(&mut report).time_split = tail(number, number);
        steady(&mut report).resources.cpu_interference = CpuInterference {
            steal_seconds: Some(number),
            steal_percent: Some(number),
            throttled_seconds: Some(number),
            throttled_percent: Some(number),
            thermal_throttles: Some(u64::MAX),
        };
        for finding in report.findings() {
            let said = finding.evidence.concat();
            assert!(
                !said.contains("NaN") && !said.contains("inf"),
                "{finding:?}"
            );
        }
    }
}

#[test]
fn all_that_is_too_short_is_one_finding() {
    let mut report = quiet();
    let names = ["ef=16", "ef=32", "ef=64"];
    let short = names.map(|name| operation(name, |all| around(all, 100, 300)));
    steady(&mut report).operations = short.into();
    report.verdicts = vec![verdict(Status::NoData)];
    let found = report.findings();
    let few: Vec<_> = found
        .iter()
        .filter(|it| it.rule == Rule::TooFewSamples)
        .collect();
    assert_eq!(few.len(), 1, "{few:#?}");
    assert_eq!(
        (few[0].severity, few[0].evidence.len()),
        (Severity::Warning, 4)
    );
    let told = |name: &str| few[0].evidence.iter().any(|it| it.starts_with(name));
    assert!(names.into_iter().all(told), "{few:#?}");
}
