//! Whether a heap profile can be taken here, and what to change for one.

use crate::allocation::installation;
use crate::resource::{self, Capability, have};

/// What the capability is called.
const NAME: &str = "heap profile";

/// It cannot be taken, or is not: why, and what to change.
pub(crate) fn lack(reason: &str, remedy: &str) -> Capability {
    resource::lack(NAME, reason, remedy)
}

/// It is taken: one byte in so many.
pub(crate) fn taken(mean_bytes: u64) -> Capability {
    let how = format!("vecperf::Allocator: one byte in {mean_bytes} sampled");
    have(NAME, &how)
}

/// What this build, system and program allow; nothing is started.
pub(crate) fn here() -> Capability {
    match unsupported().or_else(|| installation().lack()) {
        Some((reason, remedy)) => lack(reason, remedy),
        None => have(NAME, "vecperf::Allocator is installed"),
    }
}

/// Why there is none in this build or on this system, and what to change.
fn unsupported() -> Option<(&'static str, &'static str)> {
    if !cfg!(feature = "cpu") {
        return Some((
            "built without the feature `cpu`, which has the unwinder",
            "build vecperf with its default features",
        ));
    }
    let works = cfg!(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64")
    ));
    (!works).then_some(("works on Linux on x86-64 and AArch64", ""))
}
