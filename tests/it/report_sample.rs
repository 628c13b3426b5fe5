//! A report with something in every field, as the other tests need one.

use std::collections::BTreeMap;
use std::time::Duration;

use vecperf::report::{
    AllocationReport, BackEndRefusal, Block, BlockOperation, ColdStart, ComponentReport,
    CpuProfileReport, Distribution, Environment, FaultReport, FunctionReport, HeapProfileReport,
    HeapSiteReport, MemoryReport, OperationReport, PhaseReport, RegionReport, SelfCostReport,
    SeriesPoint, SlowOperation, SlowStack, TimeSplit, TimeSplitReport, WorkReport, Workload,
};
use vecperf::resource::{
    Capability, CpuInterference, MemoryGrowth, MemoryHeadroom, MemoryPressure, PressureScope,
    ResourceSample, ResourceUse, TimeToLimit,
};
use vecperf::{Histogram, RecallEstimate, Report, Settings, Status, Verdict};

const NOTE: &str = "data/logs is in use by another vecperf: this report is \
                    data/logs/performance_metrics.71-1.json";

/// A run of `vecperf bench`: two phases, an error, a failed threshold.
pub(crate) fn sample() -> Report {
    let insert = OperationReport {
        per_second: 5_940.0,
        recall: None,
        work: Vec::new(),
        ..operation("insert", 25_000, 167)
    };
    let search = operation("search", 34_121, 280);
    Report {
        schema_version: Report::SCHEMA_VERSION,
        vecperf_version: "0.1.0".into(),
        started_at: "2026-11-24T10:15:02Z".into(),
        complete: true,
        notes: vec![NOTE.into()],
        verdicts: verdicts(),
        workload: Some(workload()),
        run: phase("run", false, 14.3, vec![insert.clone(), search.clone()]),
        phases: vec![
            phase("load", false, 0.12, vec![]),
            phase("build", false, 4.21, vec![insert]),
            phase("search", true, 10.0, vec![search]),
        ],
        series: (0..3).map(point).collect(),
        environment: Environment {
            os: "linux".into(),
            kernel: "6.1.0".into(),
            architecture: "x86_64".into(),
            cpu_model: "a processor".into(),
            cpus: 2,
            cpus_available: Some(2.0),
            memory_bytes: Some(16 << 30),
            frequency_governor: Some("performance".into()),
            clock: "tsc".into(),
            capabilities: vec![
                Capability {
                    name: "memory".into(),
                    available: true,
                    reason: "/proc/self/status".into(),
                    remedy: String::new(),
                },
                Capability {
                    name: "cgroup memory limit".into(),
                    available: false,
                    reason: "no cgroup file system is mounted".into(),
                    remedy: "mount /sys/fs/cgroup".into(),
                },
            ],
        },
        memory: Some(memory()),
        cpu_profile: Some(cpu_profile()),
        heap_profile: Some(heap_profile()),
        slow_operations: vec![slow(11.2, 0.213), slow(12.5, 0.031)],
        self_cost: SelfCostReport {
            cpu_seconds: 0.0123,
            recording_seconds: 0.00159,
            bytes: 422_000,
            overflowed: 0,
            missed_beats: 0,
            series: 3,
        },
        settings: Settings::default(),
    }
}

fn slow(ended_seconds: f64, latency_seconds: f64) -> SlowOperation {
    SlowOperation {
        ended_seconds,
        operation: "search".into(),
        outcome: "error".into(),
        phase: Some("search".into()),
        thread: 4711,
        label: Some("ef=200".into()),
        latency_seconds,
        on_thread_seconds: Some(latency_seconds / 2.0),
        on_cpu_seconds: Some(0.003),
        blocked_seconds: Some(0.01),
        preempted_seconds: Some(0.001),
        blocks: Some(4),
        page_faults: Some(71),
        major_faults: Some(2),
        allocations: Some(12),
        allocated_bytes: Some(4_096),
        net_bytes: Some(-64),
        peak_bytes: Some(2_048),
        work: [("hops".to_owned(), 311)].into(),
        samples: Some(5),
        stacks: vec![SlowStack {
            samples: 4,
            functions: vec!["distance".into(), "search".into()],
        }],
    }
}

fn operation(name: &str, count: u64, micros: u64) -> OperationReport {
    OperationReport {
        name: name.into(),
        count,
        ok: count - 1,
        errors: 1,
        cancelled: 0,
        untimed: 0,
        per_second: 3_412.1,
        latency: Some(distribution(count, micros)),
        error_latency: Some(distribution(1, micros)),
        cancelled_latency: None,
        service_time: Some(distribution(count, micros)),
        poll_time: None,
        work: vec![
            WorkReport {
                name: "distance_computations".into(),
                total: count * 1234,
                per_operation: 1234.0,
            },
            WorkReport {
                name: "hops".into(),
                total: count * 45,
                per_operation: 45.2,
            },
        ],
        recall: Some(RecallEstimate {
            k: 10,
            queries: 1000,
            mean: 0.951,
            low: 0.9449,
            high: 0.9563,
        }),
        faults: Some(FaultReport {
            sampled: 400,
            cold: 20,
            cold_percent: 5.0,
            major_faults: 50,
            major_faults_per_operation: 0.125,
            cold_mean_seconds: Some(0.004),
            warm_mean_seconds: Some(0.000_25),
        }),
        time_split: Some(TimeSplitReport {
            all: split(count, micros as f64 * 1e-6),
            above_p99: Some(split(count / 100, micros as f64 * 4e-6)),
        }),
        allocations: Some(AllocationReport {
            operations: count,
            allocations: count * 464,
            bytes: count * 89_420,
            net_bytes: -16,
            own_allocations: count * 2,
            own_bytes: count * 240,
            allocations_per_operation: 464.0,
            bytes_per_operation: 89_420.0,
            net_bytes_per_operation: -16.0 / count as f64,
            max_allocations: Some(612),
            max_peak_bytes: None,
        }),
    }
}

fn split(count: u64, latency_seconds: f64) -> TimeSplit {
    TimeSplit {
        count,
        latency_seconds,
        on_cpu_seconds: latency_seconds / 4.0,
        blocked_seconds: latency_seconds / 2.0,
        preempted_seconds: latency_seconds / 8.0,
        elsewhere_seconds: latency_seconds / 8.0,
        blocks: 0.5,
        page_faults: Some(3.0),
    }
}

fn heap_profile() -> HeapProfileReport {
    HeapProfileReport {
        mean_bytes: 512 << 10,
        samples: 5_200,
        live_samples: 420,
        lost: 3,
        without_stack: 2,
        truncated_share: 0.01,
        broken_share: 0.002,
        in_other_share: 0.001,
        allocated_objects: 31_000_000,
        allocated_bytes: 2_700 << 20,
        in_use_objects: 75_000,
        in_use_bytes: 212 << 20,
        reader_cpu_seconds: 0.06,
        file: Some("data/logs/heap_profile.prof".into()),
        notes: vec!["3 blocks that should have been sampled had no room".into()],
        sites: vec![HeapSiteReport {
            function: "hnsw::graph::Graph::link".into(),
            allocated_objects: 50_000,
            allocated_bytes: 180 << 20,
            in_use_objects: 50_000,
            in_use_bytes: 180 << 20,
        }],
    }
}

fn memory() -> MemoryReport {
    let part = |name: &str, bytes: u64, outside_heap| ComponentReport {
        name: name.into(),
        outside_heap,
        bytes: Some(bytes),
        highest_bytes: Some(bytes),
        bytes_per_vector: Some(bytes as f64 / 25_000.0),
        answered_at_seconds: Some(14.2),
        stale: false,
        doubt: None,
    };
    let stale = ComponentReport {
        stale: true,
        answered_at_seconds: Some(2.5),
        ..part("cache", 1_000_000, false)
    };
    let boast = ComponentReport {
        doubt: Some("more than the whole process holds".into()),
        ..part("boast", 1 << 50, false)
    };
    MemoryReport {
        at_seconds: 14.3,
        phase: Some("search".into()),
        anonymous_swapped_bytes: Some(43_000_000),
        heap_bytes: Some(20_000_000),
        heap_sources: vec!["malloc (glibc)".into()],
        rust_heap_bytes: Some(18_000_000),
        other_heap_bytes: Some(2_000_000),
        heap_free_bytes: Some(3_000_000),
        outside_heap_bytes: 9_700_000,
        unexplained_bytes: Some(10_300_000),
        explained_share: Some(0.76),
        untouched_bytes: Some(0),
        huge_page_bytes: Some(4 << 20),
        file_backed_bytes: Some(10 << 20),
        file_backed_in_regions_bytes: Some(6 << 20),
        components: vec![
            part("graph", 9_700_000, true),
            part("vectors", 5_000_000, false),
            stale,
            boast,
        ],
        regions: vec![RegionReport {
            name: "index".into(),
            file: Some("/data/index.bin".into()),
            bytes: 512 << 20,
            resident_bytes: Some(256 << 20),
            first_resident_bytes: Some(0),
            mapped_bytes: Some(6 << 20),
            anonymous_bytes: Some(0),
            swapped_bytes: Some(0),
            margin_bytes: 5 << 20,
            doubt: None,
        }],
        notes: vec!["components and regions beyond 200 are not kept: 3".into()],
    }
}

fn cpu_profile() -> CpuProfileReport {
    CpuProfileReport {
        back_end: "thread_timer".into(),
        refusals: vec![BackEndRefusal {
            back_end: "perf_event".into(),
            reason: "perf_event_open: Operation not permitted (EPERM)".into(),
            remedy: "allow perf_event_open in the container's seccomp profile".into(),
        }],
        asked_rate: 1000.0,
        achieved_rate: 249.2,
        duration_seconds: 14.3,
        cpu_seconds: 12.5,
        samples: 3115,
        lost: 0,
        truncated_share: 0.001,
        broken_share: 0.002,
        unknown_frames_share: 0.0001,
        in_operations_share: 0.93,
        operations_overrun: 0,
        kernel_sampled: false,
        kernel_not_sampled_seconds: 0.4,
        drain_cpu_seconds: 0.08,
        stack_bytes: 8192,
        symbol_seconds: 0.061,
        file: Some("data/logs/profiling_data.prof".into()),
        notes: vec!["2 threads could not be seen".into()],
        functions: vec![
            FunctionReport {
                name: "hnsw::distance".into(),
                self_share: 0.52,
                total_share: 0.52,
            },
            FunctionReport {
                name: "hnsw::search".into(),
                self_share: 0.21,
                total_share: 0.88,
            },
        ],
    }
}

/// Most around `micros`, a tail up to 40 times that.
fn distribution(count: u64, micros: u64) -> Distribution {
    let mut histogram = Histogram::default();
    for at in 0..count.min(1000) {
        let slow = if at % 100 == 99 { 40 } else { 10 + at % 8 };
        histogram.record(Duration::from_nanos(micros * 100 * slow));
    }
    let buckets = histogram
        .buckets()
        .iter()
        .map(|&(index, n)| (index, n * (count / 1000).max(1)));
    let sum = histogram.sum() * u32::try_from((count / 1000).max(1)).unwrap();
    Distribution::from_histogram(&Histogram::from_buckets(
        buckets,
        sum,
        histogram.max().unwrap(),
    ))
    .unwrap()
}

fn phase(name: &str, steady: bool, seconds: f64, operations: Vec<OperationReport>) -> PhaseReport {
    let start_seconds = if steady { 4.33 } else { 0.0 };
    let gauges = BTreeMap::from([("vectors".to_owned(), 25_000.0)]);
    PhaseReport {
        name: name.into(),
        steady,
        start_seconds,
        duration_seconds: seconds,
        operations,
        resources: resources(),
        gauges,
        blocks: if steady { blocks() } else { Vec::new() },
    }
}

/// Twenty blocks of half a second each.
fn blocks() -> Vec<Block> {
    let block = |at: u32| Block {
        start_seconds: 4.33 + f64::from(at) / 2.0,
        duration_seconds: 0.5,
        cpu_seconds: Some(0.48),
        operations: vec![BlockOperation {
            name: "search".into(),
            count: 1706,
            sum_seconds: 0.47,
            allocating: 1706,
            allocations: 5118,
            buckets: vec![(-760, 1600), (-700, 106)],
        }],
    };
    (0..20).map(block).collect()
}

fn resources() -> ResourceUse {
    ResourceUse {
        samples: 143,
        peak_anonymous_swapped_bytes: Some(43_200_000),
        cpu_user_seconds: Some(9.61),
        cpu_system_seconds: Some(0.08),
        cpus_available: Some(2.0),
        cpu_percent: Some(48.3),
        cores_used: Some(0.97),
        minor_faults: Some(12_345),
        major_faults: Some(0),
        voluntary_switches: Some(12),
        involuntary_switches: Some(33),
        read_bytes: Some(0),
        written_bytes: Some(4096),
        cgroup_memory_limit_bytes: Some(2 << 30),
        memory_headroom: Some(MemoryHeadroom {
            limited_by: "memory.max of /sys/fs/cgroup".into(),
            limit_bytes: 2 << 30,
            used_bytes: 3 << 29,
            headroom_bytes: 1 << 29,
        }),
        memory_growth: Some(MemoryGrowth {
            readings: 143,
            seconds: 14.3,
            mb_per_hour: 64.0,
            low_mb_per_hour: 32.0,
            high_mb_per_hour: 96.0,
            limit_in: Some(TimeToLimit {
                minutes: 480.0,
                soonest_minutes: 320.0,
                latest_minutes: 960.0,
            }),
        }),
        memory_pressure: Some(MemoryPressure {
            scope: PressureScope::Cgroup,
            some_seconds: 0.05,
            all_seconds: 0.01,
            some_percent: Some(0.25),
            all_percent: Some(0.05),
        }),
        cpu_interference: CpuInterference {
            steal_seconds: Some(0.25),
            steal_percent: Some(1.25),
            throttled_seconds: Some(0.0),
            throttled_percent: Some(0.0),
            thermal_throttles: Some(0),
        },
        last: Some(point(3).resources),
    }
}

fn point(at: u32) -> SeriesPoint {
    SeriesPoint {
        resources: ResourceSample {
            at_seconds: f64::from(at) * 0.1,
            anonymous_bytes: Some(43_000_000),
            file_backed_bytes: Some(10 << 20),
            shared_bytes: Some(0),
            swapped_bytes: Some(0),
            peak_resident_bytes: Some(54_000_000),
            cpu_user_seconds: Some(0.1),
            cpu_system_seconds: Some(0.01),
            minor_faults: Some(100),
            major_faults: Some(0),
            voluntary_switches: Some(1),
            involuntary_switches: Some(2),
            read_bytes: Some(0),
            written_bytes: Some(0),
            threads: Some(2),
            open_files: Some(5),
            cgroup_memory_bytes: None,
            memory_some_stalled_seconds: Some(0.125),
            memory_all_stalled_seconds: Some(0.0625),
        },
        operations: BTreeMap::from([("search".to_owned(), u64::from(at) * 341)]),
        components: BTreeMap::from([("graph".to_owned(), 12 << 20)]),
    }
}

fn verdicts() -> Vec<Verdict> {
    let cpu = "48.3 % of 2 CPUs over the search phase (10.0 s), more than 40 %";
    let memory = "at most 41.2 MiB of anonymous and swapped memory, within 1024 MiB";
    let search =
        "0 of 34,121 operations took longer than 100 ms (0 %, 1 % may); the longest took 11.2 ms";
    let insert = "12 operations, and a verdict needs 100";
    let recall = "0.951, and 0.95 lies within its 95 % interval";
    vec![
        verdict(
            "max_cpu_percent",
            None,
            Status::Fail,
            (40.0, Some(48.3), "%"),
            cpu,
        ),
        verdict(
            "max_memory_mb",
            None,
            Status::Pass,
            (1024.0, Some(41.2), "MiB"),
            memory,
        ),
        verdict(
            "max_response_time_ms",
            Some("search"),
            Status::Pass,
            (100.0, Some(11.2), "ms"),
            search,
        ),
        verdict(
            "max_response_time_ms",
            Some("insert"),
            Status::NoData,
            (100.0, None, "ms"),
            insert,
        ),
        verdict(
            "min_recall",
            Some("search"),
            Status::Inconclusive,
            (0.95, Some(0.951), ""),
            recall,
        ),
    ]
}

fn verdict(
    threshold: &str,
    operation: Option<&str>,
    status: Status,
    (limit, observed, unit): (f64, Option<f64>, &str),
    evidence: &str,
) -> Verdict {
    Verdict {
        threshold: threshold.into(),
        operation: operation.map(str::to_owned),
        status,
        limit,
        observed,
        unit: unit.into(),
        evidence: evidence.into(),
    }
}

fn workload() -> Workload {
    let parameters = [("m", "16"), ("ef_construction", "200"), ("ef_search", "64")];
    Workload {
        dataset: "glove-50".into(),
        vectors: 25_000,
        dimensions: 50,
        metric: "ip".into(),
        queries: 1000,
        k: 10,
        engine: "hnsw".into(),
        parameters: parameters
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        threads: 1,
        arrival: "closed loop".into(),
        rate: Some(4000.0),
        late: Some(12),
        index_bytes: BTreeMap::from([
            ("graph".to_owned(), 9_700_000),
            ("vectors".to_owned(), 5_000_000),
        ]),
        recall: Some(RecallEstimate {
            k: 10,
            queries: 1000,
            mean: 0.951,
            low: 0.945,
            high: 0.957,
        }),
        id_recall: Some(0.9508),
        ann_benchmarks_recall: Some(0.957),
        cold: Some(cold_start()),
    }
}

fn cold_start() -> ColdStart {
    ColdStart {
        searches: 100,
        file_bytes: 5_000_000,
        resident_before_bytes: 8192,
        resident_after_bytes: Some(3_000_000),
    }
}
