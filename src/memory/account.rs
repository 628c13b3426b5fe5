//! The process's memory at one moment, as plain data.

use std::time::Duration;

use super::{HeapReading, Look, RustHeap};

/// What was found at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    /// From the monitor's start.
    pub(crate) at: Duration,
    /// What the heaps have given out, one entry an allocator; empty where none of them tells.
    pub(crate) heaps: Vec<HeapReading>,
    /// What Rust code holds; `None` unless it is counted.
    pub(crate) rust: Option<RustHeap>,
    /// What the program says of its parts.
    pub(crate) components: Vec<ComponentReading>,
    /// Ranges of addresses, and what of them is in memory.
    pub(crate) regions: Vec<RegionReading>,
    /// Anonymous memory in huge pages, bytes; `None` where the kernel does not tell.
    pub(crate) huge_page_bytes: Option<u64>,
    /// What the reader should know.
    pub(crate) notes: Vec<String>,
}

/// What a component said.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ComponentReading {
    pub(crate) name: String,
    /// It lies in mappings of its own, not in a heap.
    pub(crate) outside_heap: bool,
    /// What it said last; `None`: it has never answered.
    pub(crate) bytes: Option<u64>,
    /// The most that it ever said.
    pub(crate) highest: Option<u64>,
    /// When it said so, from the monitor's start.
    pub(crate) answered_at: Option<Duration>,
    pub(crate) answering: Answering,
}

/// How a component answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answering {
    /// It answered when it was last asked.
    Fresh,
    /// It has not come back from an earlier question.
    Stale,
    /// It panicked, and is not asked again.
    Panicked,
}

/// What lies in a range of addresses.
#[derive(Clone, Debug)]
pub(crate) struct RegionReading {
    pub(crate) name: String,
    /// Its length.
    pub(crate) bytes: u64,
    /// What was seen last; `None`: nobody has looked yet.
    pub(crate) last: Option<Look>,
    /// What was seen first.
    pub(crate) first: Option<Look>,
    /// What the kernel says of the mapping.
    pub(crate) identity: Option<Identity>,
}

/// What the kernel says of a mapping.
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "what Linux tells; elsewhere nobody does")
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// A file on a disk.
    File(Inode),
    /// Shared memory, or a file that lies in memory only.
    Shared(Inode),
    /// No file: a heap, or memory that was mapped as such.
    Anonymous,
    /// More than one of these, or not mapped from end to end.
    Mixed,
    /// Another mapping than at first: the program put something else there.
    Replaced,
}

/// A file, as the kernel names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inode {
    /// Device and number.
    pub(crate) id: ((u32, u32), u64),
    /// The path that it had when it was mapped or has been given since.
    pub(crate) path: String,
}

impl Identity {
    /// Whether both are of the same mapping. A file may have been renamed meanwhile, or grown.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(one), Self::File(two)) | (Self::Shared(one), Self::Shared(two)) => {
                one.id == two.id
            }
            (one, two) => one == two,
        }
    }
}
