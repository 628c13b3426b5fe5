//! What a sampler that runs cannot do here, in words.

use super::events::Plan;
use super::fault;
use super::ring::Ring;
use super::rings;

/// What was refused or held back.
#[derive(Debug, Default)]
pub(super) struct Limits {
    /// Lower than what was asked for.
    pub(super) highest_rate: Option<u32>,
    /// Why code in the kernel is not sampled.
    pub(super) kernel_denied: Option<i32>,
    /// Times that the kernel held samples back.
    pub(super) throttled: u64,
    /// CPUs that threads came to, and that could not be covered.
    pub(super) cpus_not_covered: Vec<u32>,
}

impl Limits {
    pub(super) fn notes(&self, plan: &Plan, rings: &[Ring], faults: bool) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(error) = self.kernel_denied {
            notes.push(format!(
                "code in the kernel is not sampled: perf_event_open with it was answered with {}; CAP_PERFMON or \
                 sysctl kernel.perf_event_paranoid=1 allows it",
                fault::name(error)
            ));
        }
        if rings::small(rings) {
            notes.push(format!(
                "this user may lock little memory: samples have at most {} KiB of stack, and more may be lost; \
                 a larger sysctl kernel.perf_event_mlock_kb or ulimit -l helps",
                rings::most_stack(rings) >> 10
            ));
        }
        if !plan.wish.threads_only {
            let note =
                "child processes are sampled, too, and left out afterwards: Linux before 5.13";
            notes.push(note.to_owned());
        }
        if plan.faults && !faults {
            let note = "page faults are not sampled: too few file descriptors (ulimit -n)";
            notes.push(note.to_owned());
        }
        if self.throttled > 0 {
            notes.push(format!(
                "the kernel held samples back {} times: kernel.perf_event_max_sample_rate",
                self.throttled
            ));
        }
        if !self.cpus_not_covered.is_empty() {
            notes.push(format!(
                "threads that run on the CPUs {:?}, which none could when the recording began, are not sampled there: \
                 too few file descriptors (ulimit -n) or too little locked memory (ulimit -l)",
                self.cpus_not_covered
            ));
        }
        notes
    }
}
