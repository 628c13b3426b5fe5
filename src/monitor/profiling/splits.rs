//! Where operations' time went, as the report tells it.

use crate::cpu::{Split, SplitPart};
use crate::report::{PhaseReport, TimeSplit, TimeSplitReport};
use crate::segment::Source;

/// Latencies are known to the bucket: a smaller difference from the time on threads is none.
const ROUNDING: f64 = 0.012;

/// States the splits of the operations that ended in a phase.
pub(super) fn state(phase: &mut PhaseReport, splits: &[Split], source: &dyn Source, faults: bool) {
    for split in splits {
        let Some(name) = source.operation(split.operation) else {
            continue;
        };
        let operation = phase.operations.iter_mut().find(|it| it.name == name);
        if let (Some(operation), Some(all)) = (operation, part(&split.all, faults)) {
            operation.time_split = Some(TimeSplitReport {
                all,
                above_p99: part(&split.above_p99, faults),
            });
        }
    }
}

/// Means over the instances; `None` without any.
fn part(part: &SplitPart, faults: bool) -> Option<TimeSplit> {
    let waited = &part.waited;
    if waited.instances == 0 {
        return None;
    }
    let each = |sum: u64| sum as f64 / waited.instances as f64;
    let seconds = |nanos: u64| each(nanos) / 1e9;
    let wall = seconds(waited.wall_ns);
    let latency = seconds(part.latency_ns);
    let elsewhere = latency - wall;
    let elsewhere = if elsewhere > latency * ROUNDING {
        elsewhere
    } else {
        0.0
    };
    let off_cpu = waited.blocked_ns.saturating_add(waited.preempted_ns);
    Some(TimeSplit {
        count: waited.instances,
        latency_seconds: wall + elsewhere,
        on_cpu_seconds: seconds(waited.wall_ns.saturating_sub(off_cpu)),
        blocked_seconds: seconds(waited.blocked_ns),
        preempted_seconds: seconds(waited.preempted_ns),
        elsewhere_seconds: elsewhere,
        blocks: each(waited.blocks),
        page_faults: faults.then(|| each(waited.faults)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Waited;

    fn of(wall_ns: u64, blocked_ns: u64, latency_ns: u64) -> Option<TimeSplit> {
        let waited = Waited {
            instances: 10,
            wall_ns,
            blocked_ns,
            preempted_ns: 1_000_000,
            blocks: 5,
            faults: 30,
        };
        part(&SplitPart { waited, latency_ns }, true)
    }

    #[test]
    fn the_parts_add_up_to_the_latency() {
        let split = of(100_000_000, 60_000_000, 100_500_000).unwrap_or_default();
        assert_eq!(
            split.latency_seconds, 0.01,
            "within the rounding of buckets"
        );
        assert_eq!(split.on_cpu_seconds, 0.0039);
        assert_eq!(split.blocked_seconds, 0.006);
        assert_eq!((split.blocks, split.page_faults), (0.5, Some(3.0)));

        let waited = of(100_000_000, 60_000_000, 400_000_000).unwrap_or_default();
        assert!((waited.elsewhere_seconds - 0.03).abs() < 1e-12);
        assert!((waited.latency_seconds - 0.04).abs() < 1e-12);
        assert_eq!(part(&SplitPart::default(), true), None);
    }
}
