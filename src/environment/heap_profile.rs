//! Whether a heap profile can be taken here, and what to change for one.

use crate::allocation::{Installation, installation};
use crate::resource::Capability;

/// What the capability is called.
const NAME: &str = "heap profile";

/// It cannot be taken, or is not: why, and what to change.
pub(crate) fn lack(reason: &str, remedy: &str) -> Capability {
    Capability {
        name: NAME.to_owned(),
        available: false,
        reason: reason.to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// It is taken: one byte in so many.
pub(crate) fn taken(mean_bytes: u64) -> Capability {
    Capability {
        name: NAME.to_owned(),
        available: true,
        reason: format!("vecperf::Allocator: one byte in {mean_bytes} sampled"),
        remedy: String::new(),
    }
}

/// What this build, system and program allow; nothing is started.
pub(crate) fn here() -> Capability {
    if let Some((reason, remedy)) = unsupported() {
        return lack(reason, remedy);
    }
    match installation() {
        Installation::Once => Capability {
            name: NAME.to_owned(),
            available: true,
            reason: "vecperf::Allocator is installed".to_owned(),
            remedy: String::new(),
        },
        Installation::Absent => lack(ABSENT.0, ABSENT.1),
        Installation::Twice => lack(TWICE.0, TWICE.1),
    }
}

const ABSENT: (&str, &str) = (
    "vecperf::Allocator is not this program's allocator",
    "install it: #[global_allocator] static ALLOCATOR: vecperf::Allocator = vecperf::Allocator::system();",
);
const TWICE: (&str, &str) = (
    "vecperf::Allocator is wrapped around itself",
    "wrap it once",
);

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
