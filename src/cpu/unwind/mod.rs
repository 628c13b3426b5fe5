//! Call frames from copied registers and stack, and the modules they lie in. Runs on the drain thread only.

mod modules;
mod unwinder;

pub(super) use modules::{Module, ModuleId, Modules};
pub(super) use unwinder::{End, Frame, Unwinder, Unwound};
