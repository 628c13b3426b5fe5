//! What a recording reached, as the report tells it.

use crate::cpu::Statistics;
use crate::report::{BackEndRefusal, CpuProfileReport, FunctionReport};

/// A larger share of CPU time than this in a kernel that cannot be sampled is worth a note.
const KERNEL_SHARE: f64 = 0.1;
/// More samples a second than this cost visibly.
const HIGH_RATE: f64 = 2000.0;

pub(super) fn report(
    statistics: &Statistics,
    file: Option<String>,
    functions: Vec<FunctionReport>,
) -> CpuProfileReport {
    let of_samples = |count| share(count, statistics.samples);
    CpuProfileReport {
        back_end: statistics.back_end.name().to_owned(),
        refusals: statistics
            .refusals
            .iter()
            .map(|refusal| BackEndRefusal {
                back_end: refusal.back_end.name().to_owned(),
                reason: refusal.reason.clone(),
                remedy: refusal.remedy.clone(),
            })
            .collect(),
        asked_rate: statistics.asked_rate,
        achieved_rate: statistics.achieved_rate,
        duration_seconds: statistics.duration.as_secs_f64(),
        cpu_seconds: statistics.cpu.as_secs_f64(),
        samples: statistics.samples,
        lost: statistics.lost,
        truncated_share: of_samples(statistics.truncated),
        broken_share: of_samples(statistics.broken),
        unknown_frames_share: share(statistics.unknown_frames, statistics.frames),
        in_operations_share: of_samples(statistics.joined),
        operations_overrun: statistics.overrun,
        kernel_sampled: statistics.kernel,
        kernel_not_sampled_seconds: statistics.kernel_not_sampled.as_secs_f64(),
        drain_cpu_seconds: statistics.drain_cpu.as_secs_f64(),
        stack_bytes: statistics.stack_bytes as u64,
        symbol_seconds: statistics.symbols.as_secs_f64(),
        file,
        notes: notes(statistics),
        functions,
    }
}

fn share(part: u64, of: u64) -> f64 {
    if of > 0 { part as f64 / of as f64 } else { 0.0 }
}

/// What the reader should know beyond the figures.
fn notes(statistics: &Statistics) -> Vec<String> {
    let mut notes = statistics.notes.clone();
    let (kernel, all) = (statistics.kernel_not_sampled, statistics.cpu);
    let in_kernel = kernel.as_secs_f64() / all.as_secs_f64();
    if in_kernel > KERNEL_SHARE {
        notes.push(format!(
            "{:.0} % of the CPU time was spent in the kernel, which may not be sampled here: it is one \
             entry, `[kernel (not sampled)]`; allow it with CAP_PERFMON or kernel.perf_event_paranoid = 1, or set \
             cpu_back_end = \"thread_timer\", which counts it to the function that called",
            in_kernel * 100.0
        ));
    }
    if statistics.asked_rate > HIGH_RATE {
        notes.push(format!(
            "sample_rate = {}: beyond {HIGH_RATE} the profile slows the program visibly, 4000 by 15 % and \
             more",
            statistics.asked_rate
        ));
    }
    if statistics.overrun > 0 {
        notes.push(format!(
            "{} stretches of operations were written over before they were read, or had no ring to be left in; samples \
             in them are outside of any operation",
            statistics.overrun
        ));
    }
    if !statistics.switches {
        notes.push(format!(
            "waits cannot be seen here by {}, so operations have no time split; perf_event sees them where it runs",
            statistics.back_end.name()
        ));
    }
    notes
}
