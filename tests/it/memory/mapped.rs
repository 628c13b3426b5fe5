//! Mapped memory on Linux: the split of a touched mapping, regions and what becomes of them.

use std::fs::File;
use std::io::Write as _;

use memmap2::{Mmap, MmapMut};
use vecperf::report::RegionReport;

use super::{finished, monitor};

const MIB: u64 = 1 << 20;
const PAGE: usize = 4096;

fn touch(bytes: &[u8]) {
    let sum: u64 = bytes
        .iter()
        .step_by(PAGE)
        .map(|&byte| u64::from(byte))
        .sum();
    std::hint::black_box(sum);
}

/// A file of `mib` MiB with something in each page, mapped read-only.
fn mapped(mib: usize) -> (File, Mmap) {
    let mut file = tempfile::tempfile().unwrap();
    let block = vec![1u8; MIB as usize];
    (0..mib).for_each(|_| file.write_all(&block).unwrap());
    // SAFETY: nobody else has this file, and it is not truncated while it is mapped.
    let map = unsafe { Mmap::map(&file) }.unwrap();
    (file, map)
}

#[test]
fn a_touched_anonymous_mapping_of_256_mb_is_explained_by_its_component() {
    let mut map = MmapMut::map_anon(256 * MIB as usize).unwrap();
    map.iter_mut().step_by(PAGE).for_each(|byte| *byte = 1);
    let monitor = monitor();
    let without = finished(&monitor);
    let monitor = super::monitor();
    monitor.component("arena", || 256 * MIB).outside_heap();
    let with = finished(&monitor);
    assert!(without.unexplained_bytes >= Some(192 * MIB), "{without:?}");
    let anonymous = with.anonymous_swapped_bytes.unwrap();
    assert!(anonymous >= 256 * MIB, "{with:?}");
    assert_eq!(with.outside_heap_bytes, 256 * MIB);
    // Tests beside this one hold some, too.
    let rest = with.unexplained_bytes.unwrap();
    assert!(rest <= anonymous - 256 * MIB, "{with:?}");
    drop(map);
}

#[test]
fn a_region_over_a_file_splits_file_backed_memory() {
    let (_file, map) = mapped(64);
    touch(&map[..32 * MIB as usize]);
    let monitor = monitor();
    monitor.region("index", &map);
    let memory = finished(&monitor);
    let region = &memory.regions[0];
    assert_eq!(region.bytes, 64 * MIB);
    assert_eq!(region.margin_bytes, 0, "each page was looked at");
    assert_eq!(
        region.resident_bytes,
        Some(64 * MIB),
        "just written: {region:?}"
    );
    // The kernel maps some pages around the one that is touched.
    let mapped = region.mapped_bytes.unwrap();
    assert!((32 * MIB..=33 * MIB).contains(&mapped), "{region:?}");
    assert_eq!(region.anonymous_bytes, Some(0));
    assert_eq!(region.doubt, None);
    // Where /tmp lies in memory only, its files are shared memory and no part of this.
    let within = memory.file_backed_in_regions_bytes.unwrap();
    assert!(within == 0 || within == mapped, "{memory:?}");
}

#[test]
fn a_region_that_is_unmapped_under_us_is_told_of() {
    let (_file, map) = mapped(4);
    let monitor = monitor();
    monitor.region("index", &map);
    let before = monitor.report().memory.unwrap();
    assert_eq!(before.regions[0].doubt, None);
    drop(map);
    let after = region_of(&monitor);
    // Unless another test has mapped something there meanwhile.
    assert!(after.doubt.is_some(), "{after:?}");
}

#[test]
fn part_of_a_region_unmapped_is_told_of_too() {
    let map = std::mem::ManuallyDrop::new(MmapMut::map_anon(4 * MIB as usize).unwrap());
    let monitor = monitor();
    monitor.region("index", &map);
    let end = map.as_ptr().wrapping_add(3 * MIB as usize);
    // SAFETY: the last quarter of a mapping that nobody reads from here on, and that is never unmapped again.
    let failed = unsafe { libc::munmap(end.cast_mut().cast(), MIB as usize) };
    assert_eq!(failed, 0);
    // A hole where another test maps something at once is none.
    if finished(&monitor).regions[0].resident_bytes.is_none() {
        assert!(monitor.report().memory.unwrap().regions[0].doubt.is_some());
    }
}

#[test]
fn a_huge_region_is_estimated_with_a_margin() {
    let file = tempfile::tempfile().unwrap();
    let size = 8 << 30;
    file.set_len(size).unwrap();
    // SAFETY: nobody else has this file, and it is not truncated while it is mapped.
    let map = unsafe { Mmap::map(&file) }.unwrap();
    touch(&map[..256 * MIB as usize]);
    let monitor = monitor();
    monitor.region("index", &map);
    let region = region_of(&monitor);
    let (mapped, margin) = (region.mapped_bytes.unwrap(), region.margin_bytes);
    assert!(margin > 0 && margin < size / 50, "{region:?}");
    assert!(mapped.abs_diff(256 * MIB) <= 2 * margin, "{region:?}");
}

#[test]
fn an_empty_region_holds_nothing() {
    let monitor = monitor();
    monitor.region("empty", b"");
    let region = region_of(&monitor);
    assert_eq!(
        (region.bytes, region.resident_bytes),
        (0, Some(0)),
        "{region:?}"
    );
}

fn region_of(monitor: &vecperf::Monitor) -> RegionReport {
    finished(monitor).regions.remove(0)
}
