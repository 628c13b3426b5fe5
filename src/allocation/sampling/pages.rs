//! Memory straight from the system: never freed, never the program's allocator's.

use std::io;
use std::ptr;

/// Address space without memory behind it, of this many bytes and aligned to `align`, a power of two.
pub(super) fn reserve(bytes: usize, align: usize) -> io::Result<*mut u8> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    let whole = map(bytes + align, libc::PROT_NONE, flags)?;
    let before = whole.align_offset(align);
    let start = whole.wrapping_add(before);
    unmap(whole, before);
    unmap(start.wrapping_add(bytes), align - before);
    Ok(start)
}

/// Gives back whole pages of address space that nobody knows.
fn unmap(from: *mut u8, bytes: usize) {
    if bytes > 0 {
        // SAFETY: mapped by `reserve`, which gives away the rest only. Where it fails, the space stays reserved.
        unsafe { libc::munmap(from.cast(), bytes) };
    }
}

/// `count` values of all zeroes that live as long as the process; a page is resident once it is used.
///
/// # Safety
/// All zeroes must be a `T`.
pub(super) unsafe fn zeroed<T: Sync>(count: usize) -> io::Result<&'static [T]> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    let bytes = count.saturating_mul(size_of::<T>()).max(1);
    let first = map(bytes, libc::PROT_READ | libc::PROT_WRITE, flags)?;
    // SAFETY: mapped for that many values, aligned to a page, zero, which is a `T` as the caller says, and never unmapped.
    Ok(unsafe { std::slice::from_raw_parts(first.cast::<T>(), count) })
}

/// Makes reserved address space memory that reads as zero. Once more does nothing. Both ends are whole pages.
pub(super) fn open(from: *mut u8, bytes: usize) -> bool {
    // SAFETY: the caller's own address space; protection is only ever widened.
    unsafe { libc::mprotect(from.cast(), bytes, libc::PROT_READ | libc::PROT_WRITE) == 0 }
}

/// Asks the kernel for something about whole pages; whether it does it.
pub(super) fn advise(from: *const u8, bytes: usize, advice: libc::c_int) -> bool {
    // SAFETY: advice that is used here changes what a fork gets and how large pages are, no contents in this process.
    unsafe { libc::madvise(from.cast_mut().cast(), bytes, advice) == 0 }
}

fn map(bytes: usize, protection: libc::c_int, flags: libc::c_int) -> io::Result<*mut u8> {
    // SAFETY: a new mapping at an address of the kernel's choice.
    let address = unsafe { libc::mmap(ptr::null_mut(), bytes, protection, flags, -1, 0) };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(address.cast())
}
