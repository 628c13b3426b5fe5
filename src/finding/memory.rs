//! Memory: how often it is allocated, how much is left, whether it grows.

use super::{Check, Finding, Rule, Severity};
use crate::quantity::{bytes, count, duration, number, percent};
use crate::report::Report;

pub(super) const RULES: &[Check] = &[
    allocation_heavy,
    leaving,
    near_memory_limit,
    growth,
    swapped,
    memory_pressure,
    unexplained_memory,
];

fn allocation_heavy(report: &Report) -> Vec<Finding> {
    let heavy = report.steady().operations.iter().filter_map(|operation| {
        let allocations = operation.allocations.as_ref()?;
        (allocations.allocations_per_operation >= 16.0).then(|| {
            Finding::new(
                Rule::AllocationHeavy,
                Severity::Warning,
                "an operation allocates often",
                "keep its buffers from one operation to the next (visited list, candidates, results); vecperf functions \
                 heap_profile.prof --sort total shows who allocates",
            )
            .about(&operation.name)
            .shown_by(format!(
                "{} allocations and {} an operation",
                number(allocations.allocations_per_operation),
                bytes(allocations.bytes_per_operation.max(0.0) as u64)
            ))
        })
    });
    heavy.collect()
}

fn leaving(report: &Report) -> Vec<Finding> {
    let leaving = report.steady().operations.iter().filter_map(|operation| {
        let allocations = operation.allocations.as_ref()?;
        let net = u64::try_from(allocations.net_bytes).ok()?;
        (net >= 1 << 20 && allocations.net_bytes_per_operation >= 16.0).then(|| {
            Finding::new(
                Rule::Leaving,
                Severity::Warning,
                "an operation leaves memory behind each time",
                "if it is not one that adds to the index: look at who holds it (vecperf functions heap_profile.prof), or whether \
                 another thread frees it",
            )
            .about(&operation.name)
            .shown_by(format!(
                "{} more allocated than freed by {} operations, {} each",
                bytes(net),
                count(allocations.operations),
                bytes(allocations.net_bytes_per_operation as u64)
            ))
        })
    });
    leaving.collect()
}

/// Less than a tenth of the limit is left.
fn near_memory_limit(report: &Report) -> Vec<Finding> {
    let headroom = report.steady().resources.memory_headroom.as_ref();
    let near = headroom
        .filter(|it| it.headroom_bytes < it.limit_bytes / 10)
        .map(|it| {
            Finding::new(
            Rule::NearMemoryLimit,
            Severity::Problem,
            "little memory is left before something stops the process",
            "raise the limit, make the index smaller (f16, i8, fewer links), or map it from a file",
        )
        .shown_by(format!("{} left of {}", bytes(it.headroom_bytes), bytes(it.limit_bytes)))
        .shown_by(format!("the limit is {}", it.limited_by))
        });
    near.into_iter().collect()
}

fn growth(report: &Report) -> Vec<Finding> {
    let growth = report.steady().resources.memory_growth.as_ref();
    let growing = growth.filter(|it| it.low_mb_per_hour > 1.0).map(|it| {
        let soon = it.limit_in.as_ref().filter(|limit| limit.minutes < 24.0 * 60.0);
        let severity = if soon.is_some() { Severity::Problem } else { Severity::Warning };
        let mut finding = Finding::new(
            Rule::Growth,
            severity,
            "memory grows while searching",
            "take the heap profile of two moments and look at what is in use more (Monitor::heap_growth); a cache without a bound \
             is as likely as a leak",
        )
        .shown_by(format!(
            "{} MiB an hour (95 %: {} to {}) over {}",
            number(it.mb_per_hour),
            number(it.low_mb_per_hour),
            number(it.high_mb_per_hour),
            duration(it.seconds)
        ));
        let limit = it.limit_in.as_ref();
        finding.evidence.extend(limit.map(|limit| format!("the limit is reached in {}", duration(60.0 * limit.minutes))));
        finding
    });
    growing.into_iter().collect()
}

fn swapped(report: &Report) -> Vec<Finding> {
    let last = report.steady().resources.last.as_ref();
    let swapped = last
        .and_then(|it| it.swapped_bytes)
        .filter(|&it| it >= 1 << 20);
    let found = swapped.map(|swapped| {
        Finding::new(
            Rule::Swapped,
            Severity::Warning,
            "part of the process is swapped out: an operation that needs it waits for storage",
            "free memory on this machine, or turn swap off for this process (memory.swap.max = 0 of its cgroup)",
        )
        .shown_by(format!("{} swapped out", bytes(swapped)))
    });
    found.into_iter().collect()
}

fn memory_pressure(report: &Report) -> Vec<Finding> {
    let pressure = report.steady().resources.memory_pressure.as_ref();
    let found = pressure
        .and_then(|it| Some((it, it.some_percent?)))
        .filter(|it| it.1 >= 1.0);
    let found = found.map(|(it, some)| {
        Finding::new(
            Rule::MemoryPressure,
            Severity::Warning,
            "time was lost to making memory free",
            "give the process more memory, or its neighbours less: figures of this run are those of a machine that is short of it",
        )
        .shown_by(format!("at least one task waited {} of the time", percent(some)))
        .shown_by(format!("all of them waited {}", duration(it.all_seconds)))
    });
    found.into_iter().collect()
}

fn unexplained_memory(report: &Report) -> Vec<Finding> {
    let Some(memory) = &report.memory else {
        return Vec::new();
    };
    let (Some(share), Some(unexplained)) = (memory.explained_share, memory.unexplained_bytes)
    else {
        return Vec::new();
    };
    if share >= 0.8 || unexplained < 16 << 20 {
        return Vec::new();
    }
    let finding = Finding::new(
        Rule::UnexplainedMemory,
        Severity::Note,
        "much of the memory is explained by nobody",
        "install vecperf::Allocator, and register what lies outside of the heaps (Monitor::component … outside_heap)",
    )
    .shown_by(format!(
        "{} unexplained, {} explained",
        bytes(unexplained),
        percent(100.0 * share)
    ));
    vec![finding]
}
