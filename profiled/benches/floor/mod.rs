//! The floor: the calling thread sampled by perf_event, one instruction pointer a sample and nothing else.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

const SOFTWARE: u64 = 1;
const TASK_CLOCK: u64 = 1;
const SAMPLE_IP: u64 = 1;
/// Disabled, no kernel, no hypervisor.
const FLAGS: u64 = 1 | 1 << 5 | 1 << 6;
const ENABLE: libc::c_ulong = 0x2400;
const DISABLE: libc::c_ulong = 0x2401;
const PERIOD_NS: u64 = 994_001;
/// Room for 16,000 samples of 16 bytes: it is never read, and must not fill.
const DATA_PAGES: usize = 64;
const PAGE: usize = 4096;
/// Where the first page says how far the kernel has written.
const DATA_HEAD: usize = 1024;
const RECORD: u64 = 16;

/// The event, and the ring that it writes to.
pub(crate) struct Floor {
    event: OwnedFd,
    ring: *mut u8,
    before: std::cell::Cell<u64>,
}

impl Floor {
    /// `None`: refused.
    pub(crate) fn open() -> Option<Self> {
        // The kernel's `perf_event_attr` as of its first version, which every kernel takes: type and size, config, period,
        // what a sample holds, what a reading holds, flags, and two that may be zero.
        const WORDS: usize = 8;
        let size = 8 * WORDS as u64;
        let attributes: [u64; WORDS] = [
            SOFTWARE | size << 32,
            TASK_CLOCK,
            PERIOD_NS,
            SAMPLE_IP,
            0,
            FLAGS,
            0,
            0,
        ];
        // SAFETY: `attributes` is as long as its first word says; the call makes a descriptor or fails.
        let opened = unsafe {
            libc::syscall(
                libc::SYS_perf_event_open,
                &raw const attributes,
                0,
                -1,
                -1,
                0_u64,
            )
        };
        if opened < 0 {
            return None;
        }
        // SAFETY: a new descriptor, ours alone.
        let event = unsafe { OwnedFd::from_raw_fd(opened as i32) };
        let (protection, length) = (libc::PROT_READ | libc::PROT_WRITE, (1 + DATA_PAGES) * PAGE);
        // SAFETY: a new shared mapping of the event, wherever the kernel likes.
        let ring = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                protection,
                libc::MAP_SHARED,
                event.as_raw_fd(),
                0,
            )
        };
        (ring != libc::MAP_FAILED).then(|| Self {
            event,
            ring: ring.cast(),
            before: std::cell::Cell::new(0),
        })
    }

    /// Starts or stops sampling.
    pub(crate) fn enable(&self, on: bool) {
        self.before
            .set(if on { self.head() } else { self.before.get() });
        let request = if on { ENABLE } else { DISABLE };
        // SAFETY: the event is open; the request takes no pointer.
        unsafe { libc::ioctl(self.event.as_raw_fd(), request as _, 0) };
    }

    /// Samples since it was last enabled. What was written is given back.
    pub(crate) fn samples(&self) -> f64 {
        let (head, before) = (self.head(), self.before.get());
        // SAFETY: `data_tail` follows `data_head` in the first page; the kernel reads it.
        let tail = unsafe { self.ring.add(DATA_HEAD + 8) }.cast::<u64>();
        // SAFETY: it is aligned, mapped and writable.
        unsafe { tail.write_volatile(head) };
        ((head - before) / RECORD) as f64
    }

    fn head(&self) -> u64 {
        // SAFETY: within the first page, which is mapped.
        let head = unsafe { self.ring.add(DATA_HEAD) }.cast::<u64>();
        // SAFETY: aligned; the kernel writes it, so it is read as volatile.
        unsafe { head.read_volatile() }
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `open`, of that length, used by nothing else.
        unsafe { libc::munmap(self.ring.cast(), (1 + DATA_PAGES) * PAGE) };
    }
}
