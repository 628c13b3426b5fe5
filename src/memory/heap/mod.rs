//! What the heaps of this process have given out, as their allocators say.

#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod jemalloc;
#[cfg(target_os = "linux")]
mod malloc;
mod rust;

pub(crate) use rust::{RustHeap, Within};
pub(super) use rust::{reading as rust, within};

/// What one allocator says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeapReading {
    /// `malloc (glibc)` or `jemalloc`.
    pub(crate) allocator: &'static str,
    /// Bytes given out, rounding and headers included; touched or not.
    pub(crate) in_use: u64,
    /// Bytes kept for later, at most: some of it may have been given back to the kernel, or never have been touched.
    pub(crate) free: u64,
}

/// One entry for each allocator that tells; none where none does.
pub(super) fn readings() -> Vec<HeapReading> {
    #[cfg(target_os = "linux")]
    {
        let all = [malloc::reading()];
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        let all = [all[0].clone(), jemalloc::reading()];
        all.into_iter().flatten().collect()
    }
    #[cfg(not(target_os = "linux"))]
    Vec::new()
}
