//! The CPU profile of a monitor: one recording from start to finish, or one that is asked for.

#[cfg_attr(not(all(feature = "cpu", target_os = "linux")), path = "absent.rs")]
mod taken;

#[cfg(all(feature = "cpu", target_os = "linux"))]
mod functions;
#[cfg(all(feature = "cpu", target_os = "linux"))]
mod slow;
#[cfg(all(feature = "cpu", target_os = "linux"))]
mod splits;
#[cfg(all(feature = "cpu", target_os = "linux"))]
mod told;

pub(super) use taken::Profiling;
