//! What `/proc/self/maps` says of a range of addresses: pure functions, no file is opened here.

use crate::address_space::maps::{self, Line};

/// The mappings that a range touches, in order.
pub(super) fn touched(text: &[u8], start: usize, end: usize) -> Vec<Line<'_>> {
    let (start, end) = (start as u64, end as u64);
    maps::lines(text)
        .filter(|mapping| mapping.start < end && mapping.end > start)
        .collect()
}

/// Whether they leave no gap in the range.
pub(super) fn are_whole(mappings: &[Line<'_>], start: usize, end: usize) -> bool {
    let mut reached = start as u64;
    for mapping in mappings {
        if mapping.start > reached {
            return false;
        }
        reached = reached.max(mapping.end);
    }
    reached >= end as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &[u8] = b"\
55d000000000-55d000021000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0000100000 r--s 00001000 fe:01 1234                       /data/my index.bin (deleted)
7f0000100000-7f0000200000 r--s 00101000 fe:01 1234                       /data/my index.bin (deleted)
7f0000300000-7f0000400000 rw-p 00000000 00:00 0 
";

    #[test]
    fn a_range_is_found_with_its_file() {
        let found = touched(MAPS, 0x7f00_0008_0000, 0x7f00_0018_0000);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].path(), b"/data/my index.bin (deleted)");
        assert_eq!((found[0].device, found[0].inode), ((0xfe, 1), 1234));
        assert!(are_whole(&found, 0x7f00_0008_0000, 0x7f00_0018_0000));
    }

    #[test]
    fn a_gap_is_seen_wherever_it_is() {
        let check = |start, end, whole| {
            assert_eq!(
                are_whole(&touched(MAPS, start, end), start, end),
                whole,
                "{start:x}"
            );
        };
        check(0x7f00_0010_0000, 0x7f00_0038_0000, false); // between two
        check(0x7f00_0030_0000, 0x7f00_0050_0000, false); // at the end
        check(0x7e00_0000_0000, 0x7f00_0008_0000, false); // at the start
        check(0x7f00_0030_0000, 0x7f00_0040_0000, true);
        check(0x1000, 0x2000, false);
    }
}
