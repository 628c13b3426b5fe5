//! What the process's memory is made of: what its heaps have given out, what the program says of its parts, and which
//! pages of its mappings are in memory.
//!
//! ```text
//!  roster.rs     what the program registered, and how far asking it has come   (pure)
//!  asking.rs     the thread that asks; one that is kept waiting is replaced
//!  component.rs  the handle of a part that the program knows the size of
//!  region/       the handle of a range of addresses; which of its pages are in memory
//!  heap/         what glibc's malloc and jemalloc have given out
//!  huge_pages.rs
//!  account.rs    all of it at one moment, as plain data
//! ```
//!
//! Nothing here touches the memory that it speaks of, so that no part can make the process larger or crash by being
//! looked at.

mod account;
mod asking;
mod component;
mod heap;
#[cfg_attr(not(target_os = "linux"), path = "huge_pages_elsewhere.rs")]
mod huge_pages;
mod region;
mod roster;

#[cfg(any(target_os = "linux", test))]
pub(crate) use account::Inode;
pub(crate) use account::{Account, Answering, ComponentReading, Identity, RegionReading};
pub(crate) use asking::Memory;
pub use component::Component;
pub(crate) use heap::{HeapReading, RustHeap, Within};
pub use region::Region;
pub(crate) use region::{Look, Pages, Range};
