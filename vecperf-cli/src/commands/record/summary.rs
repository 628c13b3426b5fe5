//! What a recording came to, in a few lines: how much, how true, what costs most, what to do next.

use std::path::Path;

use vecperf::cpu::Statistics;
use vecperf::export::quantity;
use vecperf::profile::Profile;

use crate::args::SelectionArgs;
use crate::profile::{self, Sides, Stacks, short};

/// How many functions are named.
const TOP: usize = 5;

/// The lines, for stderr.
pub(super) fn lines(
    path: &Path,
    profile: &Profile,
    statistics: Option<&Statistics>,
) -> Vec<String> {
    let mut lines = vec![format!("{} written", path.display())];
    if let Some(statistics) = statistics {
        lines.extend(amount(statistics));
        lines.extend(statistics.notes.iter().map(|note| short(note, 500)));
    }
    lines.extend(top(profile));
    if !profile.samples.is_empty() {
        let path = path.display();
        lines.push(format!(
            "next: vecperf functions {path}; vecperf flame {path}"
        ));
    }
    lines
}

/// `4,012 samples, 4.03 s of CPU in 2.10 s: 995 of 1,000 a second, 0 lost`, and what is missing, a line each.
fn amount(statistics: &Statistics) -> Vec<String> {
    let cpu = statistics.cpu.as_secs_f64();
    let mut line = format!(
        "{} samples, {} of CPU in {}",
        quantity::count(statistics.samples),
        quantity::duration(cpu),
        quantity::duration(statistics.duration.as_secs_f64()),
    );
    if statistics.samples > 0 {
        line += &format!(
            ": {} of {} a second",
            quantity::number(statistics.achieved_rate),
            quantity::number(statistics.asked_rate)
        );
    }
    line += &format!(", {} lost", quantity::count(statistics.lost));
    let mut lines = vec![line];
    let unseen = statistics.kernel_not_sampled.as_secs_f64();
    if unseen > 0.01 * cpu {
        lines.push(format!(
            "{} of it in the kernel, not sampled",
            quantity::duration(unseen)
        ));
        lines.push("`sysctl kernel.perf_event_paranoid=1` shows it".to_owned());
    }
    lines
}

/// The functions that cost most in themselves.
fn top(profile: &Profile) -> Vec<String> {
    let all = SelectionArgs::default();
    let Some((stacks, unit)) = Sides::new(profile, None, &all)
        .and_then(|sides| Ok((Stacks::new(profile, &sides)?, sides.unit.clone())))
        .ok()
    else {
        return vec!["no samples: it used no CPU time".to_owned()];
    };
    let mut costs = profile::functions(&stacks);
    costs.sort_by(|a, b| b.own[0].total_cmp(&a.own[0]));
    let line = |cost: &profile::Cost| {
        format!(
            "{:>6.1} %  {:>9}  {}",
            100.0 * cost.own[0] / stacks.totals[0],
            unit.show(cost.own[0]),
            short(&cost.name, 80 - 21)
        )
    };
    costs
        .iter()
        .filter(|cost| cost.own[0] > 0.0)
        .take(TOP)
        .map(line)
        .collect()
}
