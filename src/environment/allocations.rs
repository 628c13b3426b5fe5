//! Whether allocations are counted in this program.

use crate::allocation::{Installation, installation};
use crate::resource::Capability;

/// What the capability is called.
const NAME: &str = "allocations";

const INSTALL: &str = "install vecperf::Allocator: #[global_allocator] static ALLOCATOR: vecperf::Allocator = \
     vecperf::Allocator::system();";

/// By the program's allocator.
pub(crate) fn here() -> Capability {
    let (available, reason, remedy) = match installation() {
        Installation::Once => (
            true,
            "vecperf::Allocator counts them, by thread and operation",
            "",
        ),
        Installation::Absent => (
            false,
            "this program's allocator is not vecperf::Allocator",
            INSTALL,
        ),
        Installation::Twice => (
            false,
            "vecperf::Allocator is wrapped around itself and would count twice",
            "install it once",
        ),
    };
    Capability {
        name: NAME.to_owned(),
        available,
        reason: reason.to_owned(),
        remedy: remedy.to_owned(),
    }
}
