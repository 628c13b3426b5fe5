//! jemalloc's statistics, where the program has it. Its `mallctl` is asked for by a weak symbol: a statically linked one
//! is in no table that could be searched while running.

use std::ffi::CStr;

use super::HeapReading;

type Mallctl = unsafe extern "C" fn(
    *const libc::c_char,
    *mut libc::c_void,
    *mut libc::size_t,
    *mut libc::c_void,
    libc::size_t,
) -> libc::c_int;

/// What it has given out and kept; `None` where it is not there, or was built without statistics.
pub(super) fn reading() -> Option<HeapReading> {
    let mallctl = mallctl()?;
    // The statistics are those of the last epoch.
    let mut epoch = 1u64;
    let mut length = size_of::<u64>();
    let pointer = (&raw mut epoch).cast::<libc::c_void>();
    // SAFETY: the name ends in a zero byte; both values are numbers of 8 bytes that live through the call, as jemalloc's
    // manual has it for `epoch`.
    let failed =
        unsafe { mallctl(c"epoch".as_ptr(), pointer, &raw mut length, pointer, length) } != 0;
    if failed {
        return None;
    }
    let in_use = number(mallctl, c"stats.allocated")?;
    let resident = number(mallctl, c"stats.resident")?;
    Some(HeapReading {
        allocator: "jemalloc",
        in_use,
        free: resident.saturating_sub(in_use),
    })
}

fn number(mallctl: Mallctl, name: &CStr) -> Option<u64> {
    let mut value = 0usize;
    let mut length = size_of::<usize>();
    let (pointer, nothing) = ((&raw mut value).cast(), std::ptr::null_mut());
    // SAFETY: the name ends in a zero byte; the value is a `size_t`, as jemalloc's manual has it, and lives through the
    // call; nothing is written to jemalloc.
    let failed = unsafe { mallctl(name.as_ptr(), pointer, &raw mut length, nothing, 0) } != 0;
    (!failed && length == size_of::<usize>()).then_some(value as u64)
}

/// The first of the names that jemalloc goes by: in the crate `tikv-jemallocator`, unprefixed, preloaded.
fn mallctl() -> Option<Mallctl> {
    let mut address = prefixed();
    if address == 0 {
        address = plain();
    }
    if address == 0 {
        // SAFETY: the name ends in a zero byte; the default handle needs no library to stay loaded.
        address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"mallctl".as_ptr()) } as usize;
    }
    // SAFETY: the symbol is jemalloc's alone, and this is its type; zero is `None`.
    unsafe { std::mem::transmute::<usize, Option<Mallctl>>(address) }
}

/// The address of a weak symbol: 0 where nothing defines it.
macro_rules! weak {
    ($name:ident, $symbol:literal) => {
        fn $name() -> usize {
            let address: usize;
            #[cfg(target_arch = "x86_64")]
            // SAFETY: reads one entry of the linker's table of addresses.
            unsafe {
                std::arch::asm!(
                    concat!(".weak ", $symbol),
                    concat!("mov {0}, qword ptr [rip + ", $symbol, "@GOTPCREL]"),
                    out(reg) address,
                    options(nomem, nostack, preserves_flags, pure)
                );
            }
            #[cfg(target_arch = "aarch64")]
            // SAFETY: reads one entry of the linker's table of addresses.
            unsafe {
                std::arch::asm!(
                    concat!(".weak ", $symbol),
                    concat!("adrp {0}, :got:", $symbol),
                    concat!("ldr {0}, [{0}, :got_lo12:", $symbol, "]"),
                    out(reg) address,
                    options(readonly, nostack, preserves_flags, pure)
                );
            }
            address
        }
    };
}

weak!(prefixed, "_rjem_mallctl");
weak!(plain, "mallctl");
