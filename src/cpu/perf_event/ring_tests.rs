//! A ring over memory of ours, with the test as the kernel.

use std::fs::File;

use super::*;

const PAGE: usize = 4096;

/// What the kernel does with a ring.
pub(crate) struct Written {
    base: NonNull<u8>,
    head: u64,
}

/// A record of a thread's switch, all words told apart.
pub(crate) fn switch(time: u64) -> [u64; 5] {
    let header = 40 << 48 | 14;
    [header, 11, time, 12, 13]
}

impl Written {
    pub(crate) fn new() -> Self {
        // SAFETY: a new mapping at a place that the kernel chooses replaces nothing.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                2 * PAGE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert_ne!(base, libc::MAP_FAILED);
        Self {
            base: NonNull::new(base.cast()).unwrap(),
            head: 0,
        }
    }

    /// The ring, which unmaps the memory when it is dropped.
    pub(crate) fn ring(&self) -> Ring {
        let owner = File::open("/dev/null").unwrap().into();
        Ring::over(owner, 0, self.base, PAGE, PAGE)
    }

    fn at(&self, offset: usize) -> *mut u64 {
        assert!(offset < 2 * PAGE);
        // SAFETY: within the mapping.
        unsafe { self.base.add(offset) }.cast().as_ptr()
    }

    pub(crate) fn tail(&self) -> u64 {
        // SAFETY: mapped as long as the ring lives; no other thread.
        unsafe { self.at(DATA_TAIL).read() }
    }

    pub(crate) fn write(&mut self, record: &[u64]) {
        for word in record {
            let offset = PAGE + self.head as usize % PAGE;
            // SAFETY: mapped as long as the ring lives; no slice of the ring is held here.
            unsafe { self.at(offset).write(*word) };
            self.head += 8;
        }
        // SAFETY: as above.
        unsafe { self.at(DATA_HEAD).write(self.head) };
    }
}

#[test]
fn records_are_read_in_place_and_over_the_end() {
    let mut kernel = Written::new();
    let mut ring = kernel.ring();
    let mut joined = Vec::new();
    for time in 1..1000 {
        ring.look();
        assert_eq!(ring.next_time(), None);
        kernel.write(&switch(time));
        assert_eq!(ring.next_time(), None, "not before it is looked at");
        ring.look();
        assert_eq!(ring.next_time(), Some(time));
        assert_eq!(ring.record(&mut joined), Some(&switch(time)[..]));
        assert_eq!(kernel.tail(), (time - 1) * 40, "not before it is read");
        ring.advance();
        assert_eq!(kernel.tail(), time * 40);
    }
    // 512 words hold 102.4 records: every fifth round one wraps.
    assert_eq!(joined.len(), 5);
}

#[test]
fn nonsense_is_skipped_and_the_ring_goes_on() {
    for nonsense in [0, u64::MAX, 41 << 48 | 14, 8 << 48 | 14, 4000 << 48 | 9] {
        let mut kernel = Written::new();
        let mut ring = kernel.ring();
        kernel.write(&[nonsense, 1, 2, 3, 4, 5]);
        ring.look();
        assert_eq!(ring.next_time(), Some(0), "{nonsense:x}: comes at once");
        assert_eq!(ring.record(&mut Vec::new()), None);
        ring.advance();
        kernel.write(&switch(7));
        ring.look();
        assert_eq!(ring.next_time(), Some(7));
    }
}

#[test]
fn a_forked_child_leaves_its_memory_alone() {
    let kernel = Written::new();
    let mut ring = kernel.ring();
    ring.process = 1;
    drop(ring);
    assert_eq!(kernel.tail(), 0, "still mapped");
    drop(kernel.ring());
}
