//! Programs that spend their time in other languages' code: C++ and its exceptions, the C library.

use std::cmp::Ordering;
use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::time::Duration;

use super::Run;
use crate::spin::{self, jittered};
use crate::{Ledger, native};

/// A search in a C++ template, exceptions thrown and caught, and some Rust.
pub(super) fn cpp(run: &Run<'_>) -> Ledger {
    let search = run.operation("cpp_search");
    let catch = run.operation("cpp_catch");
    let rust = run.operation("compute");
    run.repeat(1.0, |ledger| {
        let rounds = fastrand::usize(4_000..12_000);
        ledger.spend("cpp_search", || {
            search.measure(|| black_box(native::search(rounds)))
        });
        let rounds = fastrand::usize(10..30);
        ledger.spend("cpp_catch", || {
            catch.measure(|| black_box(native::catch(rounds)))
        });
        let units = jittered(Duration::from_micros(200));
        ledger.spend("compute", || {
            rust.measure(|| black_box(spin::compute(units)))
        });
    })
}

const COPIED: usize = 256 * 1024;
const SORTED: usize = 2_000;

/// `memcpy`, and `qsort` with a comparison that it calls back.
pub(super) fn libc_calls(run: &Run<'_>) -> Ledger {
    let (copy, sort) = (run.operation("copy"), run.operation("sort"));
    let from = vec![1_u8; COPIED];
    let mut to = vec![0_u8; COPIED];
    let mut numbers = vec![0_u32; SORTED];
    run.repeat(1.0, |ledger| {
        let times = fastrand::u32(5..20);
        ledger.spend("copy", || {
            copy.measure(|| self::copy(times, &from, &mut to))
        });
        numbers.fill_with(|| fastrand::u32(..));
        ledger.spend("sort", || sort.measure(|| self::sort(&mut numbers)));
    })
}

#[inline(never)]
fn copy(times: u32, from: &[u8], to: &mut [u8]) {
    for _ in 0..times {
        black_box(&mut *to).copy_from_slice(black_box(from));
    }
}

#[inline(never)]
fn sort(numbers: &mut [u32]) {
    // SAFETY: the pointer, count and size are those of one slice; `compare` reads two of its elements.
    unsafe {
        libc::qsort(
            numbers.as_mut_ptr().cast(),
            numbers.len(),
            size_of::<u32>(),
            Some(compare),
        );
    }
    black_box(numbers);
}

unsafe extern "C" fn compare(left: *const c_void, right: *const c_void) -> c_int {
    // SAFETY: qsort hands pointers to elements of the slice, which are u32.
    let left = unsafe { *left.cast::<u32>() };
    // SAFETY: as above.
    let right = unsafe { *right.cast::<u32>() };
    match left.cmp(&right) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}
