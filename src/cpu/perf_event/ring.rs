//! One CPU's ring: shared memory into which the kernel writes records, and from which we read them in place.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use super::attr::Attr;
use super::call;
use super::fault::{Call, Fault};
use super::record::Header;

/// Where `struct perf_event_mmap_page` holds the ends of what is written and of what is read.
const DATA_HEAD: usize = 1024;
const DATA_TAIL: usize = 1032;

/// A ring. Records are read in place: from [`Ring::look`] on up to [`Ring::advance`] the kernel leaves them alone.
#[derive(Debug)]
pub(super) struct Ring {
    /// The event that owns the ring; it counts nothing.
    owner: OwnedFd,
    cpu: u32,
    /// The control page, then the data.
    base: NonNull<u8>,
    page: usize,
    /// Bytes of data, a power of two.
    bytes: usize,
    /// As of the last look; both count up for ever.
    head: u64,
    tail: u64,
    /// The process that mapped it: a forked child has no such mapping.
    process: u32,
}

// SAFETY: the mapping belongs to the process, not to a thread, and only this value reads it.
unsafe impl Send for Ring {}

impl Ring {
    /// A ring for the CPU, with so many bytes of data, a power of two and at least a page. It wakes who polls it each time
    /// that `wake` bytes were written.
    pub(super) fn open(cpu: u32, bytes: usize, wake: usize, page: usize) -> Result<Self, Fault> {
        let this_thread = 0;
        let attr = Attr::ring_owner(wake as u32);
        let owner = call::open(&attr, this_thread, cpu)?;
        let base = map(owner.as_fd(), page + bytes)?;
        Ok(Self::over(owner, cpu, base, page, bytes))
    }

    fn over(owner: OwnedFd, cpu: u32, base: NonNull<u8>, page: usize, bytes: usize) -> Self {
        Self {
            owner,
            cpu,
            base,
            page,
            bytes,
            head: 0,
            tail: 0,
            process: process::id(),
        }
    }

    pub(super) fn cpu(&self) -> u32 {
        self.cpu
    }

    /// Bytes of data.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Sees what was written up to now.
    pub(super) fn look(&mut self) {
        // Acquire: what the kernel wrote before it moved the head is seen.
        self.head = self.position(DATA_HEAD).load(Ordering::Acquire);
    }

    /// The time of the next record; 0 when the ring holds nonsense.
    pub(super) fn next_time(&self) -> Option<u64> {
        if self.tail == self.head {
            return None;
        }
        let at = self.tail / 8;
        let header = Header::of(self.word(at));
        Some(self.length(header).map_or(0, |words| {
            self.word(at.wrapping_add(header.time_at(words) as u64))
        }))
    }

    /// The next record; one that wraps around the end is joined in `joined`.
    pub(super) fn record<'r>(&'r self, joined: &'r mut Vec<u64>) -> Option<&'r [u64]> {
        let first = self.tail / 8;
        let words = self.length(Header::of(self.word(first)))?;
        let start = self.index(first);
        let before_the_end = self.bytes / 8 - start;
        if words <= before_the_end {
            return Some(self.slice(start, words));
        }
        joined.clear();
        joined.extend_from_slice(self.slice(start, before_the_end));
        joined.extend_from_slice(self.slice(0, words - before_the_end));
        Some(joined)
    }

    /// The next record was read: the kernel may write over it. Nonsense is skipped with all that follows it.
    pub(super) fn advance(&mut self) {
        let header = Header::of(self.word(self.tail / 8));
        self.tail = match self.length(header) {
            Some(words) => self.tail.wrapping_add(words as u64 * 8),
            None => self.head,
        };
        // Release: the reads of the record come before the kernel sees that they are done.
        self.position(DATA_TAIL).store(self.tail, Ordering::Release);
    }

    /// Words of the record; `None` when it is not one, or not wholly written.
    fn length(&self, header: Header) -> Option<usize> {
        let words = header.words()?;
        let written = self.head.wrapping_sub(self.tail).min(self.bytes as u64);
        (words as u64 * 8 <= written).then_some(words)
    }

    /// The data's word at the position, counted for ever.
    fn word(&self, at: u64) -> u64 {
        self.slice(self.index(at), 1)[0]
    }

    fn index(&self, at: u64) -> usize {
        at as usize & (self.bytes / 8 - 1)
    }

    /// Words of the data; the caller has seen that they were written and gives them back only with `advance`.
    fn slice(&self, start: usize, words: usize) -> &[u64] {
        debug_assert!(start + words <= self.bytes / 8, "{start} {words}");
        // SAFETY: the data begins a page after the base, inside of the mapping.
        let data = unsafe { self.base.add(self.page) }.cast::<u64>();
        // SAFETY: `start` is at most the number of words of data: still in the mapping.
        let first = unsafe { data.add(start) };
        // SAFETY: `start + words` is at most the number of words of data, all mapped and initialised (the kernel maps
        // zeroed pages) as long as `self` lives. The kernel does not write between tail and head, and moving the tail
        // takes `&mut self`. Pages are aligned to more than 8.
        unsafe { std::slice::from_raw_parts(first.as_ptr(), words) }
    }

    fn position(&self, offset: usize) -> &AtomicU64 {
        // SAFETY: both offsets lie in the control page.
        let position = unsafe { self.base.add(offset) }.cast::<u64>();
        // SAFETY: aligned to 8, mapped as long as `self` lives, and from now on only accessed as an atomic: by us
        // here, by the kernel likewise.
        unsafe { AtomicU64::from_ptr(position.as_ptr()) }
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.owner.as_fd()
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // The kernel does not copy a ring's mapping to a forked child; something else may be there by now.
        if process::id() == self.process {
            // SAFETY: the mapping is ours, of this length, and no slice of it outlives `self`.
            unsafe { libc::munmap(self.base.as_ptr().cast(), self.page + self.bytes) };
        }
    }
}

/// Maps a ring. Writable, so that the kernel respects what was not read yet and drops new records instead.
fn map(owner: BorrowedFd<'_>, bytes: usize) -> Result<NonNull<u8>, Fault> {
    use std::os::fd::AsRawFd;
    // SAFETY: a new mapping at a place that the kernel chooses replaces nothing.
    let base = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
            owner.as_raw_fd(),
            0,
        )
    };
    if base == libc::MAP_FAILED {
        return Err(call::last(Call::Map));
    }
    NonNull::new(base.cast()).ok_or(Fault::Answer {
        call: Call::Map,
        error: libc::EINVAL,
    })
}

#[cfg(test)]
#[path = "ring_tests.rs"]
pub(super) mod tests;
