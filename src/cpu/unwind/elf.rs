//! What unwinding needs of an ELF file: where its segments lie, its unwind tables, its build id.
//!
//! The tables are copied, not mapped: a file that somebody truncates while it is mapped kills whoever touches the
//! mapping (SIGBUS), and no program shall die of being watched. Their size is a tenth of the code's.

use std::ops::Range;
use std::sync::Arc;

use object::elf::{FileHeader64, NT_GNU_BUILD_ID, PF_X, PT_GNU_EH_FRAME, PT_LOAD, PT_NOTE};
use object::elf::{ProgramHeader64, SHF_COMPRESSED, SHT_NOBITS, SectionHeader64};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader, SectionTable};
use object::{Endianness, ReadRef};

use super::index;
use super::tables::{Table, Tables};

/// Sections that are looked through, at most: a linked file has some forty.
const MAX_SECTIONS: usize = 4096;
/// Segments that are looked through, at most.
const MAX_SEGMENTS: usize = 256;
/// Bytes of one table, at most: the largest browsers have about 30 MiB.
const MAX_TABLE_BYTES: u64 = 64 << 20;
/// Bytes of a segment of notes, at most.
const MAX_NOTE_BYTES: u64 = 1 << 20;
/// Addresses in a file are below this: higher ones, from a broken file, would overflow in sums.
const MAX_ADDRESS: u64 = 1 << 56;
/// A segment is mapped from the page that it starts in; pages are at most this large.
const LARGEST_PAGE: u64 = 64 << 10;

/// What unwinding needs of an ELF file.
#[derive(Debug, Default)]
pub(super) struct Elf {
    pub(super) build_id: Option<Vec<u8>>,
    pub(super) tables: Tables,
    segments: Vec<Segment>,
}

/// A loaded part of the file.
#[derive(Clone, Copy, Debug)]
struct Segment {
    address: u64,
    offset: u64,
    size: u64,
    executable: bool,
}

impl Elf {
    /// Reads a 64-bit file of this machine's byte order; `None`: it is not one, or broken.
    pub(super) fn read<'data, R: ReadRef<'data>>(data: R) -> Option<Self> {
        let header = FileHeader64::<Endianness>::parse(data).ok()?;
        let endian = header.endian().ok()?;
        let native = if cfg!(target_endian = "little") {
            Endianness::Little
        } else {
            Endianness::Big
        };
        if endian != native {
            return None;
        }
        let headers = header.program_headers(endian, data).ok()?;
        let headers = headers.get(..headers.len().min(MAX_SEGMENTS))?;
        let mut elf = Self {
            segments: headers
                .iter()
                .filter_map(|header| segment(header, endian))
                .collect(),
            ..Self::default()
        };
        elf.build_id = headers
            .iter()
            .find_map(|header| build_id_in_segment(header, endian, data));
        if let Ok(sections) = header.sections(endian, data)
            && sections.len() <= MAX_SECTIONS
        {
            elf.read_sections(&sections, endian, data);
        }
        if elf.tables.eh_frame.is_none() {
            elf.read_tables_by_segments(headers, endian, data);
        }
        elf.tables.settle();
        Some(elf)
    }

    /// What the process's addresses are more than the file's, for an executable mapping of `size` bytes from `offset` in
    /// the file to `start`. By the executable segment: linkers give each segment a distance between address and offset
    /// of its own.
    pub(super) fn bias(&self, start: u64, offset: u64, size: u64) -> Option<u64> {
        let end = offset.checked_add(size)?;
        let shared = |segment: &Segment| {
            let from = segment.offset.max(offset);
            (segment.offset + segment.size)
                .min(end)
                .saturating_sub(from)
        };
        let best = (self.segments.iter().filter(|segment| shared(segment) > 0))
            .max_by_key(|segment| (segment.executable, shared(segment)))?;
        Some(
            start
                .wrapping_sub(offset)
                .wrapping_add(best.offset)
                .wrapping_sub(best.address),
        )
    }

    /// Where in the file the code at `address` is.
    pub(super) fn offset_of(&self, address: u64) -> Option<u64> {
        self.segments
            .iter()
            .filter(|segment| segment.executable)
            .find_map(|segment| {
                let into = address.checked_sub(segment.address)?;
                (into < segment.size).then(|| segment.offset + into)
            })
    }

    /// The lowest address that is loaded, down to the start of its page.
    pub(super) fn lowest_address(&self) -> u64 {
        let lowest = self.segments.iter().map(|segment| segment.address).min();
        lowest.unwrap_or(0) & !(LARGEST_PAGE - 1)
    }

    /// Its rules for `framehop`, for the code at `range`; `None`: that code is not of this file.
    pub(super) fn rules(
        &self,
        range: Range<u64>,
        bias: u64,
    ) -> Option<framehop::Module<Arc<[u8]>>> {
        let base = self.lowest_address();
        let base_in_process = base.wrapping_add(bias);
        let sections = self.tables.sections(base);
        (base_in_process <= range.start)
            .then(|| framehop::Module::new(String::new(), range, base_in_process, sections))
    }

    fn read_sections<'data, R: ReadRef<'data>>(
        &mut self,
        sections: &SectionTable<'data, FileHeader64<Endianness>, R>,
        endian: Endianness,
        data: R,
    ) {
        for section in sections.iter() {
            let table = || table_of_section(section, endian, data);
            match sections.section_name(endian, section).unwrap_or_default() {
                b".eh_frame" => self.tables.eh_frame = table(),
                b".eh_frame_hdr" => self.tables.eh_frame_hdr = table(),
                b".text" => self.tables.text = section.sh_addr.get(endian).min(MAX_ADDRESS),
                b".got" => self.tables.got = section.sh_addr.get(endian).min(MAX_ADDRESS),
                b".note.gnu.build-id" if self.build_id.is_none() => {
                    self.build_id = build_id_in_section(section, endian, data);
                }
                _ => {}
            }
        }
    }

    /// For files without a section table, such as the vdso's image may be. The index's segment leads to the table, whose
    /// end is not known: up to the end of its segment; what follows is never referred to.
    fn read_tables_by_segments<'data, R: ReadRef<'data>>(
        &mut self,
        headers: &[ProgramHeader64<Endianness>],
        endian: Endianness,
        data: R,
    ) {
        let index = (headers.iter()).find(|header| header.p_type(endian) == PT_GNU_EH_FRAME);
        let Some(index) = index.and_then(|header| {
            let (address, size) = (header.p_vaddr(endian), header.p_filesz(endian));
            self.table_at(address, size, data)
        }) else {
            return;
        };
        let Some(address) = index::indexed_address(&index).filter(|address| *address < MAX_ADDRESS)
        else {
            return;
        };
        self.tables.eh_frame = self.table_at(address, u64::MAX, data);
        self.tables.eh_frame_hdr = self.tables.eh_frame.is_some().then_some(index);
    }

    /// The bytes at `address`, at most up to the end of their segment.
    fn table_at<'data, R: ReadRef<'data>>(
        &self,
        address: u64,
        size: u64,
        data: R,
    ) -> Option<Table> {
        let (into, segment) = self.segments.iter().find_map(|segment| {
            let into = address.checked_sub(segment.address)?;
            (into < segment.size).then_some((into, segment))
        })?;
        let size = size.min(segment.size - into).min(MAX_TABLE_BYTES);
        let bytes = data.read_bytes_at(segment.offset + into, size).ok()?;
        Some(Table {
            address,
            bytes: bytes.into(),
        })
    }
}

fn segment(header: &ProgramHeader64<Endianness>, endian: Endianness) -> Option<Segment> {
    let segment = Segment {
        address: header.p_vaddr(endian),
        offset: header.p_offset(endian),
        size: header.p_filesz(endian),
        executable: header.p_flags(endian) & PF_X != 0,
    };
    let in_range = [segment.address, segment.offset, segment.size]
        .iter()
        .all(|value| *value < MAX_ADDRESS);
    (header.p_type(endian) == PT_LOAD && in_range).then_some(segment)
}

fn table_of_section<'data, R: ReadRef<'data>>(
    section: &SectionHeader64<Endianness>,
    endian: Endianness,
    data: R,
) -> Option<Table> {
    let unusable = section.sh_type(endian) == SHT_NOBITS
        || section.sh_flags(endian) & u64::from(SHF_COMPRESSED) != 0
        || section.sh_size(endian) > MAX_TABLE_BYTES
        || section.sh_addr(endian) >= MAX_ADDRESS;
    if unusable {
        return None;
    }
    let bytes = section.data(endian, data).ok()?;
    (!bytes.is_empty()).then(|| Table {
        address: section.sh_addr(endian),
        bytes: bytes.into(),
    })
}

fn build_id_in_segment<'data, R: ReadRef<'data>>(
    header: &ProgramHeader64<Endianness>,
    endian: Endianness,
    data: R,
) -> Option<Vec<u8>> {
    if header.p_type(endian) != PT_NOTE || header.p_filesz(endian) > MAX_NOTE_BYTES {
        return None;
    }
    let mut notes = header.notes(endian, data).ok()??;
    while let Some(note) = notes.next().ok()? {
        if note.name() == b"GNU" && note.n_type(endian) == NT_GNU_BUILD_ID {
            return Some(note.desc().to_vec());
        }
    }
    None
}

fn build_id_in_section<'data, R: ReadRef<'data>>(
    section: &SectionHeader64<Endianness>,
    endian: Endianness,
    data: R,
) -> Option<Vec<u8>> {
    if section.sh_size(endian) > MAX_NOTE_BYTES {
        return None;
    }
    let mut notes = section.notes(endian, data).ok()??;
    while let Some(note) = notes.next().ok()? {
        if note.name() == b"GNU" && note.n_type(endian) == NT_GNU_BUILD_ID {
            return Some(note.desc().to_vec());
        }
    }
    None
}
