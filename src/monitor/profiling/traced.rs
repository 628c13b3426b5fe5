//! What the CPU profile adds to the receipts of slow operations.

use std::collections::HashMap;

use crate::cpu::{Recording, STACKS, Statistics, Trace};
use crate::report::{SlowOperation, SlowStack};

/// Operations whose stacks are named, the slowest ones.
const NAMED: usize = 100;

/// Puts what was seen of each beside its receipt; names stacks when `named`.
pub(super) fn complete(
    recording: &Recording,
    statistics: &Statistics,
    slow: &mut [(super::Stamp, SlowOperation)],
    named: bool,
) {
    let traces = recording.traces();
    let stamped = traces
        .iter()
        .map(|trace| ((trace.operation, trace.thread, trace.stamp), trace));
    let by_stamp: HashMap<super::Stamp, &Trace> = stamped.collect();
    let mut seen = Vec::new();
    for (stamp, slow) in slow {
        if let Some(trace) = by_stamp.get(stamp) {
            add(slow, trace, (statistics.switches, statistics.faults));
            seen.push((&trace.stacks, slow));
        }
    }
    if !named {
        return;
    }
    seen.retain(|(_, slow)| slow.samples > Some(0));
    seen.sort_by(|a, b| b.1.latency_seconds.total_cmp(&a.1.latency_seconds));
    seen.truncate(NAMED);
    let stacks = seen.iter().flat_map(|(stacks, _)| sampled(stacks));
    let mut numbers: Vec<u32> = stacks.map(|stack| stack.0).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let functions = recording.functions(&numbers);
    let names: HashMap<u32, Vec<String>> = numbers.into_iter().zip(functions).collect();
    for (stacks, slow) in seen {
        let named = sampled(stacks).filter_map(|(number, samples)| {
            Some(SlowStack {
                samples: samples.into(),
                functions: names
                    .get(&number)
                    .filter(|names| !names.is_empty())?
                    .clone(),
            })
        });
        slow.stacks = named.collect();
    }
}

/// The stacks of a trace, and how many samples were in each.
fn sampled(stacks: &[(u32, u32); STACKS]) -> impl Iterator<Item = (u32, u32)> {
    stacks.iter().copied().filter(|stack| stack.1 > 0)
}

fn add(slow: &mut SlowOperation, trace: &Trace, (waits, faults): (bool, bool)) {
    let waited = &trace.waited;
    let seconds = |nanos: u64| waits.then_some(nanos as f64 / 1e9);
    let off_cpu = waited.blocked_ns.saturating_add(waited.preempted_ns);
    slow.on_cpu_seconds = seconds(waited.wall_ns.saturating_sub(off_cpu));
    slow.blocked_seconds = seconds(waited.blocked_ns);
    slow.preempted_seconds = seconds(waited.preempted_ns);
    slow.blocks = waits.then_some(waited.blocks);
    slow.page_faults = faults.then_some(waited.faults);
    slow.samples = Some(trace.samples.into());
}
