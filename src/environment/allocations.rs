//! Whether allocations are counted in this program.

use crate::allocation::installation;
use crate::resource::{Capability, have, lack};

/// What the capability is called.
const NAME: &str = "allocations";

/// By the program's allocator.
pub(super) fn here() -> Capability {
    match installation().lack() {
        Some((why, remedy)) => lack(NAME, why, remedy),
        None => have(
            NAME,
            "vecperf::Allocator counts them, by thread and operation",
        ),
    }
}
