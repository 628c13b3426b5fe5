//! A profile of a stripped program, named by its unstripped twin: `strip` leaves the build id and the addresses as
//! they are.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::path::Path;

use object::read::ReadCache;
use object::{Object, ObjectSegment, SegmentFlags};

use super::{Functions, NotRestored, file, hex};
use crate::profile::{Function, Line, Location, Mapping, Profile};

/// Pages are at least this large: where a file is mapped, and its segments begin.
const PAGE: u64 = 4096;

/// Names the functions of a profile that was taken of a stripped program or library by `binary`, its unstripped twin
/// or its separate debug file: the one with the same build id. Answers at how many places names were found.
///
/// # Errors
/// `binary` cannot be read, has no build id, or is none of the profile's.
pub fn symbolize(profile: &mut Profile, binary: &Path) -> Result<usize, NotRestored> {
    let twin = Twin::read(binary)?;
    let of_twin = |mapping: &Mapping| mapping.build_id.eq_ignore_ascii_case(&twin.build_id);
    let ours: Vec<bool> = profile.mappings.iter().map(of_twin).collect();
    if !ours.contains(&true) {
        return Err(no_such_build_id(profile, binary, &twin.build_id));
    }
    let mut places = Vec::new(); // (position in locations, address as the file numbers it)
    for (position, location) in profile.locations.iter().enumerate() {
        let mapping = location
            .mapping
            .filter(|at| ours.get(*at as usize) == Some(&true));
        let mapping = mapping.and_then(|at| profile.mappings.get(at as usize));
        if let Some(address) = mapping.and_then(|mapping| twin.address(mapping, location)) {
            places.push((position, address));
        }
    }
    let addresses: Vec<u64> = places.iter().map(|(_, address)| *address).collect();
    let named = file::functions(binary, &addresses);
    let mut known = Known::of(profile);
    let mut restored = 0;
    for ((position, _), functions) in places.into_iter().zip(named) {
        if !functions.is_empty() {
            restored += 1;
            profile.locations[position].lines = known.lines(&mut profile.functions, functions);
        }
    }
    for (mapping, ours) in profile.mappings.iter_mut().zip(ours) {
        mapping.has_functions |= ours && restored > 0;
    }
    Ok(restored)
}

/// What the binary says of itself.
struct Twin {
    build_id: String,
    segments: Vec<Segment>,
}

/// A part of the file that is mapped as code.
struct Segment {
    /// Its place in the file.
    offset: u64,
    size: u64,
    /// Its first address, as the file numbers them.
    address: u64,
}

impl Twin {
    fn read(path: &Path) -> Result<Self, NotRestored> {
        let fails = |why: &dyn fmt::Display| NotRestored(format!("{}: {why}", path.display()));
        let cache = ReadCache::new(File::open(path).map_err(|error| fails(&error))?);
        let file = object::File::parse(&cache).map_err(|error| fails(&error))?;
        let build_id = file.build_id().map_err(|error| fails(&error))?;
        let build_id = build_id.ok_or_else(|| {
            fails(&"has no build id to recognise it by: link with -Wl,--build-id")
        })?;
        Ok(Self {
            build_id: hex(build_id),
            segments: file
                .segments()
                .filter_map(|segment| code(&segment))
                .collect(),
        })
    }

    /// Where a location lies, as the file numbers addresses.
    fn address(&self, mapping: &Mapping, location: &Location) -> Option<u64> {
        let inside = location.address.checked_sub(mapping.start)?;
        let offset = inside.checked_add(mapping.file_offset)?;
        let holds = |segment: &&Segment| {
            offset
                .checked_sub(segment.offset)
                .is_some_and(|at| at < segment.size)
        };
        if let Some(segment) = self.segments.iter().find(holds) {
            return segment.address.checked_add(offset - segment.offset);
        }
        // A separate debug file has the addresses without the bytes. Code is one segment, mapped from its first page.
        match &*self.segments {
            [only] => (only.address & !(PAGE - 1)).checked_add(inside),
            _ => None,
        }
    }
}

fn code<'data>(segment: &impl ObjectSegment<'data>) -> Option<Segment> {
    let (offset, size) = segment.file_range();
    is_code(segment).then(|| Segment {
        offset,
        size,
        address: segment.address(),
    })
}

pub(super) fn is_code<'data>(segment: &impl ObjectSegment<'data>) -> bool {
    match segment.flags() {
        SegmentFlags::Elf { p_flags } => p_flags & object::elf::PF_X != 0,
        _ => false,
    }
}

fn no_such_build_id(profile: &Profile, binary: &Path, build_id: &str) -> NotRestored {
    let mappings = profile
        .mappings
        .iter()
        .filter(|mapping| !mapping.build_id.is_empty());
    let own: Vec<String> = mappings
        .map(|mapping| format!("{} {}", mapping.build_id, mapping.file))
        .collect();
    NotRestored(format!(
        "{}: its build id {build_id} is none of the profile's: {}",
        binary.display(),
        own.join(", ")
    ))
}

/// The functions that the profile has, so that none is added twice.
struct Known(HashMap<Function, u32>);

impl Known {
    fn of(profile: &Profile) -> Self {
        Self(
            (0..)
                .zip(&profile.functions)
                .map(|(at, function)| (function.clone(), at))
                .collect(),
        )
    }

    fn lines(&mut self, all: &mut Vec<Function>, functions: Functions) -> Vec<Line> {
        let line = |symbol: super::Symbol| Line {
            line: symbol.line.into(),
            function: self.position(
                all,
                Function {
                    name: symbol.name,
                    system_name: symbol.system_name,
                    file: symbol.file,
                    start_line: 0,
                },
            ),
        };
        functions.into_iter().map(line).collect()
    }

    fn position(&mut self, all: &mut Vec<Function>, function: Function) -> u32 {
        let next = u32::try_from(all.len()).unwrap_or(u32::MAX);
        *self.0.entry(function).or_insert_with_key(|function| {
            all.push(function.clone());
            next
        })
    }
}
