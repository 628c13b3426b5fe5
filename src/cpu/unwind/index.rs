//! `.eh_frame_hdr`, the index of `.eh_frame`: checked before it is searched, made where a file has none.

use std::sync::Arc;

use gimli::{BaseAddresses, CieOrFde, EhFrame, NativeEndian, UnwindSection};

use super::tables::{Table, Tables};

/// Version; pointer to `.eh_frame`: relative, 4 bytes; count: 4 bytes; entries: relative to the index, 4 bytes. What all
/// linkers write.
const HEAD: [u8; 4] = [1, 0x1b, 0x03, 0x3b];
/// The head, the pointer and the count.
const HEAD_BYTES: usize = 12;
/// Functions of a file that are indexed, at most.
const MAX_ENTRIES: usize = 4 << 20;

/// Where the table starts that `index` is of.
pub(super) fn indexed_address(index: &Table) -> Option<u64> {
    let pointer = word(index.bytes.get(..HEAD_BYTES)?, 4)?;
    let is_known = index.bytes.get(..2)? == &HEAD[..2];
    is_known.then(|| index.address.wrapping_add(4).wrapping_add_signed(pointer))
}

/// Whether every entry of `index` leads into `eh_frame`: whoever searches it later does sums with them.
pub(super) fn is_sound(index: &Table, eh_frame: &Table) -> bool {
    let Some(count) = word(&index.bytes, 8).and_then(|count| usize::try_from(count).ok()) else {
        return false;
    };
    let entries = index.bytes.get(HEAD_BYTES..).unwrap_or_default();
    let leads_inside = |entry: &[u8]| {
        let described = word(entry, 4).map(|to| index.address.wrapping_add_signed(to));
        let into = described.and_then(|at| at.checked_sub(eh_frame.address));
        into.is_some_and(|into| into < eh_frame.bytes.len() as u64)
    };
    index.bytes.starts_with(&HEAD)
        && indexed_address(index) == Some(eh_frame.address)
        && (1..=entries.len() / 8).contains(&count)
        && entries.chunks_exact(8).take(count).all(leads_inside)
}

/// An index of `eh_frame`, at its address. `None`: there is nothing in it, or it is broken at the start.
pub(super) fn make(eh_frame: &Table, bases: &BaseAddresses) -> Option<Table> {
    let mut section = EhFrame::new(&eh_frame.bytes, NativeEndian);
    section.set_address_size(8);
    let mut found: Vec<(i32, i32)> = Vec::new();
    let mut entries = section.entries(bases);
    while let Ok(Some(entry)) = entries.next()
        && found.len() < MAX_ENTRIES
    {
        let CieOrFde::Fde(partial) = entry else {
            continue;
        };
        let Ok(described) = partial.parse(EhFrame::cie_from_offset) else {
            continue;
        };
        let code = described.initial_address().wrapping_sub(eh_frame.address);
        let place = (
            i32::try_from(code.cast_signed()),
            i32::try_from(described.offset()),
        );
        if let (Ok(code), Ok(at)) = place {
            found.push((code, at));
        }
    }
    if found.is_empty() {
        return None;
    }
    found.sort_unstable();
    let count = u32::try_from(found.len()).ok()?;
    let to_table = (-4_i32).to_ne_bytes();
    let head = (HEAD.into_iter())
        .chain(to_table)
        .chain(count.to_ne_bytes());
    let rest = (found.into_iter()).flat_map(|(code, at)| [code.to_ne_bytes(), at.to_ne_bytes()]);
    let bytes: Arc<[u8]> = head.chain(rest.flatten()).collect();
    Some(Table {
        address: eh_frame.address,
        bytes,
    })
}

/// Where pointers in the tables may count from.
pub(super) fn bases(tables: &Tables) -> BaseAddresses {
    let address = |table: &Option<Table>| table.as_ref().map_or(0, |table| table.address);
    BaseAddresses::default()
        .set_eh_frame(address(&tables.eh_frame))
        .set_eh_frame_hdr(address(&tables.eh_frame_hdr))
        .set_text(tables.text)
        .set_got(tables.got)
}

/// The four signed bytes at `at`.
fn word(bytes: &[u8], at: usize) -> Option<i64> {
    let word = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(i64::from(i32::from_ne_bytes(word)))
}
