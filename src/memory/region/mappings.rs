//! What `/proc/self/maps` says of a range of addresses: pure functions, no file is opened here.

/// One mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mapping<'t> {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Device and inode; zeros for memory without a file.
    pub(super) id: (u64, u64),
    pub(super) path: &'t str,
}

/// The mappings that a range touches, in order.
pub(super) fn touched(text: &str, start: usize, end: usize) -> Vec<Mapping<'_>> {
    let mappings = text.lines().filter_map(mapping);
    mappings
        .filter(|mapping| mapping.start < end && mapping.end > start)
        .collect()
}

/// Whether they leave no gap in the range.
pub(super) fn are_whole(mappings: &[Mapping<'_>], start: usize, end: usize) -> bool {
    let mut reached = start;
    for mapping in mappings {
        if mapping.start > reached {
            return false;
        }
        reached = reached.max(mapping.end);
    }
    reached >= end
}

/// `7f00-7f80 r--s 00000000 08:01 1234    /data/index.bin`; a path may hold blanks.
fn mapping(line: &str) -> Option<Mapping<'_>> {
    let mut rest = line;
    let mut word = || {
        rest = rest.trim_start_matches(' ');
        let (word, after) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
        rest = after;
        word
    };
    let (start, end) = word().split_once('-')?;
    let (_permissions, _offset) = (word(), word());
    let (major, minor) = word().split_once(':')?;
    let inode = word().parse().ok()?;
    let hexadecimal = |text| u64::from_str_radix(text, 16).ok();
    Some(Mapping {
        start: usize::from_str_radix(start, 16).ok()?,
        end: usize::from_str_radix(end, 16).ok()?,
        id: (hexadecimal(major)? << 32 | hexadecimal(minor)?, inode),
        path: rest.trim_start_matches(' '),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAPS: &str = "\
55d000000000-55d000021000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0000100000 r--s 00001000 fe:01 1234                       /data/my index.bin (deleted)
7f0000100000-7f0000200000 r--s 00101000 fe:01 1234                       /data/my index.bin (deleted)
7f0000300000-7f0000400000 rw-p 00000000 00:00 0 
";

    #[test]
    fn a_range_is_found_with_its_file() {
        let found = touched(MAPS, 0x7f00_0008_0000, 0x7f00_0018_0000);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].path, "/data/my index.bin (deleted)");
        assert_eq!(found[0].id, (0xfe << 32 | 1, 1234));
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

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([0-9a-f]{1,20}-|[0-9a-f]{1,20}| |:|r--s|/a b|\n|.){0,40}") {
            let found = touched(&text, 0, usize::MAX);
            let _ = are_whole(&found, 0, usize::MAX);
        }
    }
}
