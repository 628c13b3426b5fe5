//! Odd requests: over-aligned, huge, of size zero, refused.

use std::alloc::{GlobalAlloc, Layout, alloc, alloc_zeroed, dealloc, realloc};

use vecperf::Allocator;

use super::truth::{FAILS, Truth, assert_equal_to_the_truth};

#[test]
fn over_aligned_blocks_come_aligned_and_are_counted() {
    for align in [16, 64, 4096, 1 << 20] {
        let layout = Layout::from_size_align(100, align).unwrap();
        let place = unsafe { alloc(layout) };
        assert!(!place.is_null() && place.addr().is_multiple_of(align));
        let larger = unsafe { realloc(place, layout, 5_000) };
        assert!(!larger.is_null() && larger.addr().is_multiple_of(align));
        unsafe { dealloc(larger, Layout::from_size_align(5_000, align).unwrap()) };
    }
    assert_equal_to_the_truth();
}

#[test]
fn zeroed_blocks_are_zeroed() {
    let layout = Layout::from_size_align(300_000, 8).unwrap();
    for _ in 0..20 {
        let place = unsafe { alloc_zeroed(layout) };
        let bytes = unsafe { std::slice::from_raw_parts_mut(place, 300_000) };
        assert!(bytes.iter().all(|byte| *byte == 0));
        bytes.fill(1);
        unsafe { dealloc(place, layout) };
    }
}

/// The system's allocator takes these, though the trait does not ask it to.
#[test]
fn a_block_of_no_bytes_counts_as_one() {
    let allocator = Allocator::new(Truth::new());
    let nothing = Layout::from_size_align(0, 1).unwrap();
    let place = unsafe { allocator.alloc(nothing) };
    unsafe { allocator.dealloc(place, nothing) };
    assert_equal_to_the_truth();
}

#[test]
fn what_was_refused_is_not_counted_and_the_old_block_stays() {
    let refused = Layout::from_size_align(FAILS, 1).unwrap();
    assert!(unsafe { alloc(refused) }.is_null());
    assert!(unsafe { alloc_zeroed(refused) }.is_null());
    let layout = Layout::from_size_align(100, 1).unwrap();
    let place = unsafe { alloc(layout) };
    unsafe { place.write_bytes(7, 100) };
    assert!(unsafe { realloc(place, layout, FAILS) }.is_null());
    let bytes = unsafe { std::slice::from_raw_parts(place, 100) };
    assert!(bytes.iter().all(|byte| *byte == 7));
    unsafe { dealloc(place, layout) };
    assert_equal_to_the_truth();
}

#[test]
fn the_largest_request_is_refused_by_the_system_and_nothing_wraps() {
    let huge = Layout::from_size_align(isize::MAX as usize - 7, 8).unwrap();
    assert!(unsafe { alloc(huge) }.is_null());
    let mut vector: Vec<u8> = Vec::new();
    assert!(vector.try_reserve_exact(isize::MAX as usize).is_err());
    assert_equal_to_the_truth();
}
