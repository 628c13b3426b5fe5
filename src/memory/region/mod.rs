//! A range of addresses, and which of its pages are in memory.

#[cfg_attr(not(target_os = "linux"), path = "elsewhere.rs")]
#[cfg_attr(target_os = "linux", path = "linux.rs")]
mod pages;

#[cfg(target_os = "linux")]
mod mappings;
#[cfg(target_os = "linux")]
mod strata;

use super::asking::Handle;

pub(super) use pages::{identity, look};

/// A range of addresses, as [`Monitor::region`](crate::Monitor::region) registered it.
///
/// Dropping this changes nothing: the region is looked at until it is [removed](Region::remove) or the monitor is
/// finished.
#[derive(Clone, Debug, Default)]
pub struct Region {
    handle: Handle,
}

impl Region {
    pub(super) fn new(handle: Handle) -> Self {
        Self { handle }
    }

    /// Looks at it no more; do so before it is unmapped.
    pub fn remove(self) {
        self.handle.remove();
    }
}

/// Addresses, as a number: nobody reads what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    start: usize,
    bytes: usize,
}

impl Range {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self {
            start: bytes.as_ptr() as usize,
            bytes: bytes.len(),
        }
    }

    pub(crate) fn bytes(self) -> u64 {
        self.bytes as u64
    }
}

/// What was seen of a region.
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "what Linux tells; elsewhere nobody does")
)]
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Look {
    /// Its pages, counted or estimated.
    Seen(Pages),
    /// Part of it is not mapped any more.
    Unmapped,
    /// It cannot be looked at, and why.
    Unknown(String),
}

/// Pages of a region by where they are, in bytes. Where there are too many of them, some are looked at and the rest is
/// concluded from them: see `margin`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Pages {
    /// In memory, whether this process has them in its page table or not: reading one waits for no storage.
    pub(crate) resident: Option<u64>,
    /// Why `resident` is not known.
    pub(crate) hidden: Option<String>,
    /// In this process's page table as pages of a file: part of its file-backed (or shared) memory.
    pub(crate) mapped: Option<u64>,
    /// In its page table as pages of its own: part of its anonymous memory.
    pub(crate) anonymous: Option<u64>,
    /// Swapped out.
    pub(crate) swapped: Option<u64>,
    /// Half the width of the 95 % confidence interval of each; 0 where every page was looked at.
    pub(crate) margin: u64,
}
