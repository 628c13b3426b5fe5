//! Whether a CPU profile can be taken here, by which back end, and what to change for a better one.

use crate::resource::{self, Capability};

/// What the capability is called.
const NAME: &str = "CPU profile";

/// It cannot be taken, or is not: why, and what to change.
pub(crate) fn lack(reason: &str, remedy: &str) -> Capability {
    resource::lack(NAME, reason, remedy)
}

/// By trying: a recording is started and stopped, which takes about 50 ms.
#[cfg(all(feature = "cpu", target_os = "linux"))]
pub(crate) fn here() -> Capability {
    use crate::cpu::{Options, Recording, Target};
    match Recording::start(Target::ThisProcess, &Options::default()) {
        Ok(recording) => recording
            .statistics()
            .map_or_else(|| lack("", ""), |statistics| taken(&statistics)),
        Err(refusals) => refused(&refusals),
    }
}

#[cfg(all(feature = "cpu", not(target_os = "linux")))]
pub(crate) fn here() -> Capability {
    lack(
        "the profiler runs on Linux only",
        "run on Linux; times, memory and CPU use are measured here, too",
    )
}

#[cfg(not(feature = "cpu"))]
pub(crate) fn here() -> Capability {
    lack(
        "built without the feature `cpu`",
        "build vecperf with its default features",
    )
}

/// It is taken: how.
#[cfg(all(feature = "cpu", target_os = "linux"))]
pub(crate) fn taken(statistics: &crate::cpu::Statistics) -> Capability {
    let rate = match statistics.highest_rate {
        Some(highest) if f64::from(highest) < statistics.asked_rate => {
            format!("at most {highest} samples a second of a thread's CPU time")
        }
        _ => format!(
            "{} samples a second of a thread's CPU time",
            statistics.asked_rate
        ),
    };
    let seen = |seen: bool, what| if seen { what } else { "" };
    let how = format!(
        "{}: {rate}{}{}{}",
        statistics.back_end.name(),
        if statistics.kernel {
            ", the kernel's included"
        } else {
            ", in user mode"
        },
        seen(statistics.switches, ", waits"),
        seen(statistics.faults, ", page faults"),
    );
    let better = statistics.refusals.iter().map(|refusal| {
        let (back_end, reason) = (refusal.back_end.name(), &refusal.reason);
        format!("; not {back_end}: {reason}")
    });
    Capability {
        name: NAME.to_owned(),
        available: true,
        reason: std::iter::once(how).chain(better).collect(),
        remedy: remedies(&statistics.refusals),
    }
}

/// No back end runs: why.
#[cfg(all(feature = "cpu", target_os = "linux"))]
pub(crate) fn refused(refusals: &[crate::cpu::Refusal]) -> Capability {
    let reasons = refusals.iter().map(|refusal| {
        let (back_end, reason) = (refusal.back_end.name(), &refusal.reason);
        format!("{back_end}: {reason}")
    });
    lack(&reasons.collect::<Vec<_>>().join("; "), &remedies(refusals))
}

#[cfg(all(feature = "cpu", target_os = "linux"))]
fn remedies(refusals: &[crate::cpu::Refusal]) -> String {
    let remedies = refusals.iter().map(|refusal| refusal.remedy.as_str());
    let mut remedies: Vec<_> = remedies.filter(|remedy| !remedy.is_empty()).collect();
    remedies.dedup();
    remedies.join("; ")
}
