//! Slow operations, one by one.

use super::plural;
use crate::export::quantity::{bytes, count, duration};
use crate::report::{Report, SlowOperation};

/// The slowest operations, the slowest first.
pub(in crate::export) fn slowest(report: &Report, most: usize) -> Vec<&SlowOperation> {
    let mut slow: Vec<_> = report.slow_operations.iter().collect();
    slow.sort_by(|a, b| b.latency_seconds.total_cmp(&a.latency_seconds));
    slow.truncate(most);
    slow
}

/// How long it took and when that was.
pub(in crate::export) fn took(slow: &SlowOperation) -> String {
    let took = duration(slow.latency_seconds);
    format!("{took}, ended {} after the start", ended(slow))
}

/// When it ended, since the start; fine enough to be found on a chart of a long run.
pub(in crate::export) fn ended(slow: &SlowOperation) -> String {
    format!("{:.2} s", slow.ended_seconds)
}

/// How many have a receipt and are not among those shown; nothing where there are none.
pub(in crate::export) fn further(report: &Report, shown: usize) -> Option<String> {
    let further = report.slow_operations.len().saturating_sub(shown);
    (further > 0).then(|| {
        format!(
            "{} more slow operations have a receipt",
            count(further as u64)
        )
    })
}

/// What is known of it, each with what it is about.
pub(in crate::export) fn facts(slow: &SlowOperation) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if slow.outcome != "ok" {
        facts.push(("outcome", slow.outcome.clone()));
    }
    facts.extend(slow.phase.clone().map(|phase| ("phase", phase)));
    facts.extend(slow.label.clone().map(|label| ("label", label)));
    if slow.thread != 0 {
        facts.push(("thread", slow.thread.to_string()));
    }
    let mut fact = |what, parts: Vec<Option<String>>| {
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        if !parts.is_empty() {
            facts.push((what, parts.join(", ")));
        }
    };
    fact("time", time(slow));
    let told = |majors: &u64| *majors > 0 || slow.page_faults.is_none();
    let majors = |majors| format!("{} waited for storage", count(majors));
    fact(
        "page faults",
        vec![
            slow.page_faults.map(count),
            slow.major_faults.filter(told).map(majors),
        ],
    );
    fact("allocations", allocations(slow));
    let work = slow.work.iter();
    fact(
        "work",
        work.map(|(name, added)| Some(format!("{} {name}", count(*added))))
            .collect(),
    );
    fact("seen", vec![seen(slow)]);
    facts
}

/// All of that in one line.
pub(in crate::export) fn sentence(slow: &SlowOperation) -> String {
    let facts = facts(slow).into_iter().map(|(what, text)| match what {
        "time" | "work" | "seen" => text,
        _ => format!("{what} {text}"),
    });
    facts.collect::<Vec<_>>().join(" · ")
}

fn time(slow: &SlowOperation) -> Vec<Option<String>> {
    let part = |seconds: Option<f64>, what: &str| {
        seconds.map(|seconds| format!("{} {what}", duration(seconds)))
    };
    let some = |seconds: &f64| *seconds > 0.0;
    let waited = slow
        .on_thread_seconds
        .filter(|on_thread| *on_thread < 0.99 * slow.latency_seconds);
    let times = slow.blocks.filter(|blocks| *blocks > 1);
    let times = times.map_or_else(String::new, |blocks| format!(" ({} times)", count(blocks)));
    vec![
        part(waited, "of it on a thread"),
        part(slow.on_cpu_seconds, "on a CPU"),
        part(
            slow.blocked_seconds.filter(some),
            &format!("blocked{times}"),
        ),
        part(slow.preempted_seconds.filter(some), "preempted"),
    ]
}

fn allocations(slow: &SlowOperation) -> Vec<Option<String>> {
    let bytes_of = |size: Option<u64>, what: &str| {
        size.filter(|size| *size > 0)
            .map(|size| format!("{}{what}", bytes(size)))
    };
    let kept = slow.net_bytes.and_then(|net| u64::try_from(net).ok());
    vec![
        slow.allocations.map(count),
        bytes_of(slow.allocated_bytes, ""),
        bytes_of(kept, " kept"),
        bytes_of(slow.peak_bytes, " at once"),
    ]
}

/// How often it was sampled, and where that was most often.
fn seen(slow: &SlowOperation) -> Option<String> {
    let samples = plural(slow.samples?, "sample");
    let stack = slow.stacks.first();
    let innermost = stack.and_then(|stack| Some((stack.samples, stack.functions.first()?)));
    Some(match innermost {
        Some((of_them, function)) => format!("{samples}, {} of them in {function}", count(of_them)),
        None => samples,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::SlowStack;

    #[test]
    fn what_is_known_is_told_and_nothing_else() {
        let mut slow = SlowOperation {
            ended_seconds: 12.0,
            operation: "search".into(),
            outcome: "ok".into(),
            latency_seconds: 0.213,
            ..SlowOperation::default()
        };
        assert_eq!(took(&slow), "213 ms, ended 12.00 s after the start");
        assert_eq!(sentence(&slow), "");
        slow.outcome = "error".into();
        slow.label = Some("ef=200".into());
        slow.on_thread_seconds = Some(0.213);
        (slow.on_cpu_seconds, slow.blocked_seconds) = (Some(0.003), Some(0.21));
        (slow.blocks, slow.allocations) = (Some(4), Some(12));
        slow.work.insert("hops".into(), 71);
        slow.samples = Some(3);
        slow.stacks.push(SlowStack {
            samples: 2,
            functions: vec!["distance".into()],
        });
        assert_eq!(
            sentence(&slow),
            "outcome error · label ef=200 · 3.00 ms on a CPU, 210 ms blocked (4 times) · allocations 12 · 71 hops · \
             3 samples, 2 of them in distance"
        );
    }

    #[test]
    fn the_slowest_come_first() {
        let slow = |latency_seconds| SlowOperation {
            latency_seconds,
            ..SlowOperation::default()
        };
        let mut report = crate::Monitor::off().report();
        report.slow_operations = [0.1, 0.3, 0.2].map(slow).into();
        let latencies = slowest(&report, 2)
            .into_iter()
            .map(|slow| slow.latency_seconds);
        assert_eq!(latencies.collect::<Vec<_>>(), [0.3, 0.2]);
    }
}
