//! The two kinds of capability entries.

use super::Capability;
use crate::clock;

/// It can be measured; `how`.
pub(crate) fn have(name: &str, how: &str) -> Capability {
    Capability {
        name: name.to_owned(),
        available: true,
        reason: how.to_owned(),
        remedy: String::new(),
    }
}

/// It cannot be measured; `why`, and what to change (empty: nothing helps).
pub(crate) fn lack(name: &str, why: &str, remedy: &str) -> Capability {
    Capability {
        name: name.to_owned(),
        available: false,
        reason: why.to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// What takes CPU time from the process without its doing.
#[cfg(not(target_os = "linux"))]
pub(super) fn no_interference() -> impl Iterator<Item = Capability> {
    let names = [
        "steal time",
        "CPU quota",
        "thermal throttling",
        "CPU frequency governor",
    ];
    names
        .into_iter()
        .map(|name| lack(name, "read on Linux only", "run on Linux"))
}

/// The clock that durations are measured with. The slow one measures as truly, so it is a lack of speed only.
pub(super) fn clock() -> Capability {
    let words = clock::description();
    if words.starts_with("tsc") {
        return have("fast clock", &words);
    }
    if cfg!(not(target_os = "linux")) {
        return lack("fast clock", &words, "run on Linux on x86-64");
    }
    let remedy = "needs an x86-64 with an invariant counter, and tsc in \
        /sys/devices/system/clocksource/clocksource0/current_clocksource; without it a timed operation costs 30 ns more";
    lack("fast clock", &words, remedy)
}
