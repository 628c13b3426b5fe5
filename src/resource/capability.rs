//! The two kinds of capability entries, and what this version leaves out on every system.

use super::Capability;

/// It can be measured; `how`.
pub(super) fn have(name: &str, how: &str) -> Capability {
    Capability {
        name: name.to_owned(),
        available: true,
        reason: how.to_owned(),
        remedy: String::new(),
    }
}

/// It cannot be measured; `why`, and what to change (empty: nothing helps).
pub(super) fn lack(name: &str, why: &str, remedy: &str) -> Capability {
    Capability {
        name: name.to_owned(),
        available: false,
        reason: why.to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// What the settings speak of and this version does not do yet.
pub(super) fn not_in_this_version() -> Vec<Capability> {
    let lack = |name, instead| lack(name, "not in this version of vecperf", instead);
    vec![
        lack(
            "CPU profile",
            "`perf record` or `samply` show where the CPU time goes",
        ),
        lack(
            "allocator counters",
            "process memory is measured; `heaptrack` shows who allocated it",
        ),
    ]
}
