//! What the system says of this process's address space: its mappings, and where the calling thread's stack lies. Below
//! every room that looks at addresses; nothing here keeps anything.
//!
//! ```text
//!  maps.rs   the lines of /proc/PID/maps
//!  stack.rs  the calling thread's stack, and the registers that unwinding starts from
//! ```

pub(crate) mod maps;
#[cfg(feature = "cpu")]
pub(crate) mod stack;
