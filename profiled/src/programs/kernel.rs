//! Programs that spend their time in the kernel: system calls, page faults.

use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::time::Duration;

use super::Run;
use crate::Ledger;
use crate::spin::{self, jittered};

/// `getppid`, which does next to nothing, and reads of 64 KiB, which do.
pub(super) fn system_calls(run: &Run<'_>) -> Ledger {
    let (parent, read) = (run.operation("parent"), run.operation("read"));
    let compute = run.operation("compute");
    let mut zeroes = File::open("/dev/zero").unwrap();
    let mut buffer = vec![0; 64 * 1024];
    run.repeat(1.0, |ledger| {
        let times = fastrand::u32(500..1_500);
        ledger.spend("parent", || parent.measure(|| self::parent(times)));
        let times = fastrand::u32(20..60);
        ledger.spend("read", || {
            read.measure(|| self::read(times, &mut zeroes, &mut buffer))
        });
        let units = jittered(Duration::from_micros(200));
        ledger.spend("compute", || {
            compute.measure(|| black_box(spin::compute(units)))
        });
    })
}

#[inline(never)]
fn parent(times: u32) {
    for _ in 0..times {
        // SAFETY: takes nothing, returns a number.
        black_box(unsafe { libc::getppid() });
    }
}

#[inline(never)]
fn read(times: u32, file: &mut File, buffer: &mut [u8]) {
    for _ in 0..times {
        file.read_exact(black_box(buffer)).unwrap();
    }
}

const MAPPED: usize = 4 << 20;
const PAGE: usize = 4096;

/// Memory mapped, touched page by page and unmapped; and some computing.
pub(super) fn page_faults(run: &Run<'_>) -> Ledger {
    let (touch, compute) = (run.operation("touch"), run.operation("compute"));
    run.repeat(1.0, |ledger| {
        ledger.spend("touch", || touch.measure(|| self::touch(MAPPED)));
        ledger.count("faults", (MAPPED / PAGE) as f64);
        let units = jittered(Duration::from_micros(500));
        ledger.spend("compute", || {
            compute.measure(|| black_box(spin::compute(units)))
        });
    })
}

/// Maps so many bytes, touches them page by page and unmaps them: a fault a page.
///
/// # Panics
/// When the kernel refuses so much.
#[inline(never)]
pub fn touch(bytes: usize) {
    let (protection, flags) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
    );
    // SAFETY: a new mapping, wherever the kernel likes.
    let memory = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, -1, 0) };
    assert_ne!(memory, libc::MAP_FAILED);
    // Else it may be huge pages, and no faults to speak of.
    // SAFETY: advice on our mapping.
    unsafe { libc::madvise(memory, bytes, libc::MADV_NOHUGEPAGE) };
    for at in (0..bytes).step_by(PAGE) {
        // SAFETY: `at` lies in the mapping.
        let page = unsafe { memory.cast::<u8>().add(at) };
        // SAFETY: it is writable, and ours alone.
        unsafe { page.write_volatile(1) };
    }
    // SAFETY: the whole of our mapping, of which nothing is used any more.
    unsafe { libc::munmap(memory, bytes) };
}
