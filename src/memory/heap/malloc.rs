//! glibc's malloc: `mallinfo2`, which is there since glibc 2.33. Looked up while running, so that older systems and other
//! C libraries have no statistics instead of no program.

use super::HeapReading;

/// The kernel of `struct mallinfo2`: ten numbers of the machine's word.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Mallinfo2 {
    arena: usize,
    ordblks: usize,
    smblks: usize,
    hblks: usize,
    hblkhd: usize,
    usmblks: usize,
    fsmblks: usize,
    uordblks: usize,
    fordblks: usize,
    keepcost: usize,
}

/// What it has given out. Goes through its free blocks, under its locks: 0.1 µs with few of them.
pub(super) fn reading() -> Option<HeapReading> {
    // SAFETY: the name ends in a zero byte; the default handle needs no library to stay loaded.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"mallinfo2".as_ptr()) };
    if found.is_null() {
        return None;
    }
    // SAFETY: the symbol is glibc's alone, and this is its type; the library stays loaded while the process lives.
    let mallinfo2 = unsafe {
        std::mem::transmute::<*mut libc::c_void, unsafe extern "C" fn() -> Mallinfo2>(found)
    };
    // SAFETY: may be called at any time from any thread; it takes malloc's own locks and nothing else.
    let said = unsafe { mallinfo2() };
    // Blocks of more than 128 KiB have a mapping each (`hblkhd`), which `uordblks` leaves out.
    Some(HeapReading {
        allocator: "malloc (glibc)",
        in_use: (said.uordblks + said.hblkhd) as u64,
        free: said.fordblks as u64,
    })
}
