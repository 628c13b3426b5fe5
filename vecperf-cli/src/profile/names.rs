//! Names of functions, which come from somebody's file: made harmless for a terminal and a browser, and bounded.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
use vecperf::export::plain;
use vecperf::profile::{Location, Profile};
use xxhash_rust::xxh3::xxh3_64;

/// The longest name that is kept whole, in bytes.
const LONGEST: usize = 1000;

/// A name as it may be shown anywhere: one line, nothing that acts on the text around it or that XML forbids, not
/// empty, not endless. Distinct names stay distinct.
pub(super) fn clean(raw: &str) -> String {
    let raw = raw.trim();
    if raw.is_empty() {
        return "[unnamed]".to_owned();
    }
    let bounded = if raw.len() > LONGEST {
        Cow::Owned(format!(
            "{}…{} #{:016x}",
            &raw[..raw.floor_char_boundary(LONGEST * 2 / 3)],
            &raw[raw.ceil_char_boundary(raw.len() - LONGEST / 3)..],
            xxh3_64(raw.as_bytes())
        ))
    } else {
        Cow::Borrowed(raw)
    };
    // XML has no way to write these two.
    plain(&bounded).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

/// What a place in code is called that no function is known for: file and offset in it.
pub(super) fn of_address(profile: &Profile, location: &Location) -> String {
    let address = location.address;
    let mapping = location
        .mapping
        .and_then(|at| profile.mappings.get(at as usize));
    match mapping {
        Some(mapping) => {
            let file = mapping.file.rsplit(['/', '\\']).next().unwrap_or_default();
            let offset = address
                .wrapping_sub(mapping.start)
                .wrapping_add(mapping.file_offset);
            format!("{}+{offset:#x}", clean(file))
        }
        None if address == 0 => "[unknown]".to_owned(),
        None => format!("{address:#x}"),
    }
}

/// A name in at most so many columns of a terminal, its middle left out: both the crate and the function stay.
pub(crate) fn short(name: &str, columns: usize) -> String {
    let name = plain(name);
    if name.width() <= columns {
        return name.into_owned();
    }
    let room = columns.saturating_sub(1);
    let head = prefix(name.chars(), room / 3);
    let mut tail = prefix(name.chars().rev(), room - head.as_str().width());
    tail = tail.chars().rev().collect();
    format!("{head}…{tail}")
}

/// As many characters as fit in so many columns.
fn prefix(characters: impl Iterator<Item = char>, columns: usize) -> String {
    let mut used = 0;
    characters
        .take_while(|character| {
            used += character.width().unwrap_or(0);
            used <= columns
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use vecperf::profile::Mapping;

    use super::*;

    #[test]
    fn a_name_is_one_harmless_line() {
        for (raw, shown) in [
            ("search", "search"),
            ("", "[unnamed]"),
            (" \t ", "[unnamed]"),
            ("a\nb\x1b[2J", "a\\nb\\u{1b}[2J"),
            ("\u{202e}evil", "\\u{202e}evil"),
            ("\u{ffff}\u{fffe}", "\u{fffd}\u{fffd}"),
            ("<script>alert('x')</script>", "<script>alert('x')</script>"),
        ] {
            assert_eq!(clean(raw), shown);
        }
    }

    #[test]
    fn an_endless_name_ends_and_stays_itself() {
        let long = |end: &str| {
            format!(
                "{}ü{}{end}{}",
                "a".repeat(700_000),
                "b".repeat(300_000),
                "c".repeat(400)
            )
        };
        let (one, other) = (clean(&long("1")), clean(&long("2")));
        assert!(one.len() < 1100 && one.contains('…'), "{}", one.len());
        assert_ne!(one, other);
        assert_eq!(one, clean(&long("1")));
    }

    #[test]
    fn code_without_a_name_is_told_by_file_and_offset() {
        let mapping = Mapping {
            start: 0x1000,
            file_offset: 0x200,
            file: "/usr/lib/lib\nx.so".to_owned(),
            ..Mapping::default()
        };
        let profile = Profile {
            mappings: vec![mapping],
            ..Profile::default()
        };
        let name = |mapping, address| {
            let location = Location {
                mapping,
                address,
                ..Location::default()
            };
            of_address(&profile, &location)
        };
        assert_eq!(name(Some(0), 0x1010), "lib\\nx.so+0x210");
        assert_eq!(name(None, 0x1010), "0x1010");
        assert_eq!(name(None, 0), "[unknown]");
    }

    #[test]
    fn a_long_name_keeps_both_its_ends() {
        assert_eq!(short("short", 10), "short");
        assert_eq!(short("abcdefghijklmnop", 10), "abc…klmnop");
        assert_eq!(short("語語語語語", 6), "…語語");
        assert_eq!(short("abc", 1), "…");
    }
}
