//! Call frames from copied registers and stack, and the modules they lie in. Runs on the drain thread only.
//!
//! ```text
//!  process.rs    what of a process can be looked at: its maps, its memory, its mapped files
//!  maps.rs       the text of /proc/PID/maps
//!  elf.rs        segments and build id of a file
//!  tables.rs     its unwind tables
//!  index.rs      the index of a file's unwind table: checked, or made
//!  rows.rs       what of the tables framehop does not follow
//!  modules.rs    all files mapped as code, now and earlier
//!  catalogue.rs  reading them, and knowing them again
//!  layout.rs     what is mapped where now, and when to look again
//!  stack.rs      the copied bytes of a stack
//!  registers/    registers, as this processor has them
//!  unwinder.rs   joins these
//! ```

mod catalogue;
mod elf;
mod index;
mod layout;
mod maps;
mod modules;
mod process;
mod registers;
mod rows;
mod stack;
mod tables;
#[cfg(test)]
mod tests;
mod unwinder;

pub(crate) use modules::Modules;
pub(super) use modules::{Module, ModuleId};
pub(crate) use unwinder::{End, Frame, Unwinder, Unwound};
