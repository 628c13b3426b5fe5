//! Whether the dynamic loader has mapped or unmapped a library: it counts both.

use std::ffi::{c_int, c_void};

/// Libraries that the loader ever mapped and unmapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Loaded {
    mapped: u64,
    unmapped: u64,
}

impl Loaded {
    /// As the loader counts now; under 1 µs. Takes the loader's lock on its list, which `dlopen` holds for moments and
    /// not while a library's constructors run. Never in a signal handler.
    pub(super) fn now() -> Self {
        let mut loaded = Self::default();
        // SAFETY: the callback has the type that is asked for, is called only during this call, and gets the address of
        // `loaded`, which nobody else uses meanwhile.
        unsafe { libc::dl_iterate_phdr(Some(first), (&raw mut loaded).cast()) };
        loaded
    }
}

/// Each entry tells both counts: the first one is enough.
unsafe extern "C" fn first(
    entry: *mut libc::dl_phdr_info,
    size: usize,
    loaded: *mut c_void,
) -> c_int {
    if size >= size_of::<libc::dl_phdr_info>() {
        // SAFETY: the loader gives an entry of at least this size, valid during the call.
        let entry = unsafe { &*entry };
        let now = Loaded {
            mapped: entry.dlpi_adds,
            unmapped: entry.dlpi_subs,
        };
        // SAFETY: the address of the caller's `Loaded`.
        unsafe { loaded.cast::<Loaded>().write(now) };
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_comes_and_goes_is_counted() {
        let before = Loaded::now();
        // SAFETY: a literal with a terminating zero; the library's constructors are the C library's own kind.
        let library = unsafe { libc::dlopen(c"libutil.so.1".as_ptr(), libc::RTLD_NOW) };
        if library.is_null() {
            eprintln!("skipped: no libutil.so.1 here");
            return;
        }
        let opened = Loaded::now();
        // SAFETY: the handle is that of `dlopen`, closed once.
        unsafe { libc::dlclose(library) };
        assert!(opened.mapped > before.mapped, "{before:?} {opened:?}");
    }
}
