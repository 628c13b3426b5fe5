//! What stands in a profile beside its samples, for the reader.

use std::time::Duration;

use crate::cpu::statistics::Statistics;

/// The comments, `key: value` each.
pub(super) fn of(statistics: &Statistics) -> Vec<String> {
    let mut comments = vec![
        format!("vecperf: {}", env!("CARGO_PKG_VERSION")),
        format!("back end: {}", statistics.back_end.name()),
        format!(
            "rate: {:.0} samples a second of CPU time asked for, {:.1} achieved",
            statistics.asked_rate, statistics.achieved_rate
        ),
        format!(
            "samples: {}, records lost: {}, stacks truncated: {}, broken: {}, in operations: {}",
            statistics.samples,
            statistics.lost,
            statistics.truncated,
            statistics.broken,
            statistics.joined
        ),
        kernel(statistics),
    ];
    if statistics.overrun > 0 {
        comments.push(format!(
            "operations written over before they were read, or without a ring: {} of {}; samples in them are outside of any \
             operation",
            statistics.overrun,
            statistics.overrun + statistics.segments
        ));
    }
    comments.extend(statistics.refusals.iter().map(|refusal| {
        let (back_end, reason) = (refusal.back_end.name(), &refusal.reason);
        format!("no {back_end}: {reason}")
    }));
    comments.extend(statistics.notes.iter().map(|note| format!("note: {note}")));
    comments
}

/// What a sample added to the operation it fell into, where that could be told.
pub(super) fn lengthening(of_a_sample: Duration) -> Option<String> {
    let micros = of_a_sample.as_secs_f64() * 1e6;
    (!of_a_sample.is_zero()).then(|| {
        format!(
            "cohorts: by latency without the {micros:.1} µs that a sample adds to its operation"
        )
    })
}

fn kernel(statistics: &Statistics) -> String {
    if statistics.kernel {
        return "kernel: sampled".to_owned();
    }
    let seconds = statistics.kernel_not_sampled.as_secs_f64();
    format!("kernel: not sampled, {seconds:.3} s of CPU time spent in it")
}
