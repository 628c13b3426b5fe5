//! Call frames from copied registers and stack, and the modules they lie in. Runs on the drain thread only.
//!
//! ```text
//!  process.rs    what of a process can be looked at: its maps, its memory, its mapped files
//!  maps.rs       the text of /proc/PID/maps
//!  elf.rs        segments, unwind tables and build id of a file
//!  modules.rs    all files mapped as code, now and earlier
//!  catalogue.rs  reading them, and knowing them again
//!  layout.rs     what is mapped where now, and when to look again
//!  stack.rs      the copied bytes of a stack
//!  registers.rs  registers, as this processor has them
//!  unwinder.rs   joins these
//! ```

mod catalogue;
mod elf;
mod layout;
mod maps;
mod modules;
mod process;
mod registers;
mod stack;
#[cfg(test)]
mod tests;
mod unwinder;

pub(super) use modules::{Module, ModuleId, Modules};
pub(super) use unwinder::{End, Frame, Unwinder, Unwound};
