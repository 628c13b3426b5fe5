//! The CPU profile of a monitor: one recording from start to finish, or one that is asked for.

#[cfg_attr(not(all(feature = "cpu", target_os = "linux")), path = "absent.rs")]
mod taken;

#[cfg(all(feature = "cpu", target_os = "linux"))]
mod functions;
#[cfg(all(feature = "cpu", target_os = "linux"))]
mod splits;
#[cfg(all(feature = "cpu", target_os = "linux"))]
mod told;
#[cfg(all(feature = "cpu", target_os = "linux"))]
mod traced;

pub(super) use taken::Profiling;

/// An instance by operation, thread and the stamp of its receipt.
pub(super) type Stamp = (u32, u32, u64);
