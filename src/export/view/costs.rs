//! What the run used, and what watching it cost.

use super::{plural, plural_of};
use crate::export::quantity::{bytes, count, duration, number, percent};
use crate::report::{ColdStart, PhaseReport, Report, Workload};
use crate::resource::{MemoryHeadroom, MemoryPressure, PressureScope};

/// What the run used: a label and a text each; what was not measured is left out.
pub(in crate::export) fn resources(report: &Report) -> Vec<(&'static str, String)> {
    let run = &report.run.resources;
    let steady = report.steady();
    let mut lines = Vec::new();
    let mut add = |label, parts: Vec<Option<String>>| {
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        if !parts.is_empty() {
            lines.push((label, parts.join(" · ")));
        }
    };
    let last = run.last.as_ref();
    add(
        "memory",
        vec![
            run.peak_anonymous_swapped_bytes
                .map(|peak| format!("{} anonymous + swapped at peak", bytes(peak))),
            last.and_then(|last| last.file_backed_bytes)
                .map(|file| format!("{} file-backed", bytes(file))),
            run.cgroup_memory_limit_bytes
                .map(|limit| format!("limit {}", bytes(limit))),
        ],
    );
    add(
        "limits",
        vec![
            run.memory_headroom.as_ref().map(headroom),
            run.memory_pressure.as_ref().map(pressure),
        ],
    );
    add("growth", vec![growth(steady)]);
    add("index", report.workload.iter().map(index).collect());
    let cold = report.workload.iter().filter_map(|it| it.cold.as_ref());
    add("cold", cold.flat_map(cold_start).collect());
    let used = &steady.resources;
    let of = |available: Option<f64>| {
        available.map_or_else(String::new, |cpus| format!(" of {} CPUs", short(cpus)))
    };
    add(
        "cpu",
        vec![
            used.cpu_percent.map(|cpu| {
                format!(
                    "{}{} in {}",
                    percent(cpu),
                    of(used.cpus_available),
                    steady.name
                )
            }),
            used.cpu_user_seconds
                .map(|user| format!("{} user", duration(user))),
            used.cpu_system_seconds
                .map(|system| format!("{} system", duration(system))),
        ],
    );
    add("noise", noise(report));
    add(
        "faults",
        vec![
            used.minor_faults
                .map(|faults| format!("{} minor", count(faults))),
            used.major_faults
                .map(|faults| format!("{} major in {}", count(faults), steady.name)),
            used.involuntary_switches
                .map(|switches| format!("preempted {} times", count(switches))),
        ],
    );
    add(
        "storage",
        vec![
            run.read_bytes.map(|read| format!("{} read", bytes(read))),
            run.written_bytes
                .map(|written| format!("{} written", bytes(written))),
        ],
    );
    lines
}

/// What took CPU time from the process in the judged phase, and how the frequency of the CPUs is chosen.
fn noise(report: &Report) -> Vec<Option<String>> {
    let steady = report.steady();
    let taken = &steady.resources.cpu_interference;
    let steal = taken.steal_percent;
    let quota = taken.throttled_percent.zip(taken.throttled_seconds);
    let governor = report.environment.frequency_governor.as_ref();
    let told = [
        steal.map(|part| match part {
            0.0 => "no steal".to_owned(),
            _ => format!("steal {} of the time with work", percent(part)),
        }),
        quota.map(|(part, seconds)| match part {
            0.0 => "CPU quota not used up".to_owned(),
            _ => {
                let (part, lost) = (percent(part), duration(seconds));
                format!("CPU quota used up in {part} of its periods, {lost} lost")
            }
        }),
        taken.thermal_throttles.map(|events| match events {
            0 => "not too hot".to_owned(),
            _ => format!("slowed down {} by heat", plural(events, "time")),
        }),
    ];
    let told: Vec<_> = told.into_iter().flatten().collect();
    vec![
        (!told.is_empty()).then(|| format!("in {}: {}", steady.name, told.join(", "))),
        governor.map(|names| format!("governor {names}")),
    ]
}

/// `1.2 GiB of memory left by memory.max of /sys/fs/cgroup/pod (2 GiB)`.
fn headroom(headroom: &MemoryHeadroom) -> String {
    format!(
        "{} of memory left by {} ({})",
        bytes(headroom.headroom_bytes),
        headroom.limited_by,
        bytes(headroom.limit_bytes)
    )
}

/// `some task of the machine waited for memory 0.3 % of the time, all 0 %`.
fn pressure(pressure: &MemoryPressure) -> String {
    let whose = match pressure.scope {
        PressureScope::Cgroup => "cgroup",
        PressureScope::Machine => "machine",
    };
    match (pressure.some_percent, pressure.all_percent) {
        _ if pressure.some_seconds == 0.0 => format!("no memory pressure on the {whose}"),
        (Some(some), Some(all)) => format!(
            "memory pressure: tasks of the {whose} waited {} of the time, all at once {}",
            percent(some),
            percent(all)
        ),
        _ => format!(
            "memory pressure: tasks of the {whose} waited {}",
            duration(pressure.some_seconds)
        ),
    }
}

/// `12.3 MiB an hour in search (95 % confidence: 8 to 16) · memory.max of /pod is reached in 34 min (26 to 52)`.
fn growth(steady: &PhaseReport) -> Option<String> {
    /// Shorter, and nothing found: the bound would be true and say nothing.
    const WORTH_TELLING_SECONDS: f64 = 60.0;
    let growth = steady.resources.memory_growth.as_ref()?;
    let name = &steady.name;
    if !growth.is_significant() {
        let text = format!(
            "memory in {name}: none beyond chance, at most {} MiB an hour",
            number(growth.high_mb_per_hour)
        );
        return (growth.seconds >= WORTH_TELLING_SECONDS).then_some(text);
    }
    let mut text = format!(
        "memory in {name}: {} MiB an hour (95 % confidence: {} to {})",
        number(growth.mb_per_hour),
        number(growth.low_mb_per_hour),
        number(growth.high_mb_per_hour)
    );
    let bound = steady.resources.memory_headroom.as_ref();
    if let (Some(limit), Some(bound)) = (&growth.limit_in, bound) {
        text += &format!(
            " · at this growth {} is used up in {} ({} to {})",
            bound.limited_by,
            duration(limit.minutes * 60.0),
            duration(limit.soonest_minutes * 60.0),
            duration(limit.latest_minutes * 60.0)
        );
    }
    Some(text)
}

fn index(workload: &Workload) -> Option<String> {
    let mut parts: Vec<_> = workload.index_bytes.iter().collect();
    parts.sort_by_key(|&(_, &size)| std::cmp::Reverse(size));
    let total = parts
        .iter()
        .fold(0u64, |sum, &(_, &size)| sum.saturating_add(size));
    let each = total as f64 / workload.vectors as f64;
    let each = if each.is_finite() {
        format!(", {} B a vector", number(each))
    } else {
        String::new()
    };
    let parts: Vec<_> = parts
        .into_iter()
        .map(|(name, &size)| format!("{name} {}", bytes(size)))
        .collect();
    (total > 0).then(|| format!("{}{each} ({})", bytes(total), parts.join(", ")))
}

fn cold_start(cold: &ColdStart) -> [Option<String>; 2] {
    let [all, before] = [cold.file_bytes, cold.resident_before_bytes].map(bytes);
    let after = cold.resident_after_bytes.map(bytes);
    let after = after.map(|after| format!(", {after} after"));
    [
        Some(plural_of(cold.searches, "first search", "first searches")),
        Some(format!(
            "{before} of the file's {all} in memory before{}",
            after.unwrap_or_default()
        )),
    ]
}

/// What watching cost, in one line.
pub(in crate::export) fn self_cost(report: &Report) -> String {
    let cost = &report.self_cost;
    let all = cost.cpu_seconds + cost.recording_seconds;
    let mut parts = vec![format!("{} of CPU", duration(all))];
    let used = &report.run.resources;
    let process = used.cpu_user_seconds.unwrap_or(0.0) + used.cpu_system_seconds.unwrap_or(0.0);
    if process > 0.0 {
        parts.push(format!(
            "{} of the process'",
            percent(all / process * 100.0)
        ));
    }
    parts.push(bytes(cost.bytes));
    parts.push(plural_of(cost.series, "series", "series"));
    if cost.overflowed > 0 {
        parts.push(format!(
            "{} records in the overflow series",
            count(cost.overflowed)
        ));
    }
    if cost.missed_beats > 0 {
        parts.push(format!("{} late", plural(cost.missed_beats, "beat")));
    }
    parts.join(" · ")
}

/// A number of CPUs: `2`, `1.5`.
fn short(value: f64) -> String {
    format!("{}", (value * 100.0).round() / 100.0)
}
