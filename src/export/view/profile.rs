//! The CPU profile, and where operations' time went.

use super::plural;
use crate::export::quantity::{count, duration, number, percent, rate};
use crate::report::{CpuProfileReport, Report, TimeSplit, TimeSplitReport};

/// The profile in one line, how it was taken and how far it reaches; then its notes.
pub(in crate::export) fn profile(report: &Report) -> Vec<String> {
    let Some(profile) = &report.cpu_profile else {
        return Vec::new();
    };
    let mut parts = vec![
        profile.back_end.clone(),
        format!(
            "{} achieved of {} asked",
            rate(profile.achieved_rate),
            rate(profile.asked_rate)
        ),
        plural(profile.samples, "sample"),
    ];
    let of_samples = [
        (profile.in_operations_share, "in operations"),
        (profile.truncated_share, "cut off"),
        (profile.broken_share, "broken"),
    ];
    parts.extend(
        of_samples
            .into_iter()
            .filter(|(share, _)| *share > 0.0)
            .map(|(share, what)| format!("{} {what}", percent(share * 100.0))),
    );
    if profile.lost > 0 {
        parts.push(format!("{} lost", count(profile.lost)));
    }
    parts.push(kernel(profile));
    parts.extend(profile.file.clone());
    let notes = profile.notes.iter().cloned();
    std::iter::once(parts.join(" · ")).chain(notes).collect()
}

fn kernel(profile: &CpuProfileReport) -> String {
    if profile.kernel_sampled {
        return "kernel included".to_owned();
    }
    let seconds = duration(profile.kernel_not_sampled_seconds);
    format!("{seconds} in the kernel not sampled")
}

/// The first functions: name, own share, share with what they called.
pub(in crate::export) fn functions(report: &Report, most: usize) -> Vec<[String; 3]> {
    let functions = report.cpu_profile.iter().flat_map(|it| &it.functions);
    let row = functions.take(most).map(|function| {
        let shares = [function.self_share, function.total_share];
        let [own, all] = shares.map(|share| percent(share * 100.0));
        [function.name.clone(), own, all]
    });
    row.collect()
}

/// Where an operation's time went: on the whole, and in the slow ones.
pub(super) fn time_split(split: &TimeSplitReport) -> Vec<String> {
    let all = format!("of the mean {}", parts(&split.all));
    let slow = split.above_p99.as_ref();
    let slow = slow.map(|slow| format!("slower than p99: of {}", parts(slow)));
    std::iter::once(all).chain(slow).collect()
}

/// `12.0 ms, 9.00 ms blocked, 3.00 ms on CPU`: the largest part first, what is below a hundredth left out.
fn parts(split: &TimeSplit) -> String {
    let mut parts = [
        (split.on_cpu_seconds, "on CPU"),
        (split.blocked_seconds, "blocked"),
        (split.preempted_seconds, "preempted"),
        (split.elsewhere_seconds, "on no thread"),
    ];
    parts.sort_by(|a, b| b.0.total_cmp(&a.0));
    let worth_telling = parts
        .iter()
        .filter(|(seconds, _)| *seconds > split.latency_seconds / 100.0);
    let mut text = duration(split.latency_seconds);
    for (seconds, what) in worth_telling {
        text.push_str(&format!(", {} {what}", duration(*seconds)));
    }
    let faults = split.page_faults.filter(|faults| *faults >= 0.01);
    if let Some(faults) = faults {
        text.push_str(&format!("; {} page faults", number(faults)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_part_comes_first_and_crumbs_stay_away() {
        let slow = TimeSplit {
            count: 10,
            latency_seconds: 0.012,
            on_cpu_seconds: 0.00295,
            blocked_seconds: 0.009,
            preempted_seconds: 0.000_05,
            ..TimeSplit::default()
        };
        let split = TimeSplitReport {
            all: TimeSplit {
                page_faults: Some(2.5),
                latency_seconds: 0.001,
                on_cpu_seconds: 0.001,
                ..TimeSplit::default()
            },
            above_p99: Some(slow),
        };
        assert_eq!(
            time_split(&split),
            [
                "of the mean 1.00 ms, 1.00 ms on CPU; 2.50 page faults",
                "slower than p99: of 12.0 ms, 9.00 ms blocked, 2.95 ms on CPU"
            ]
        );
    }
}
