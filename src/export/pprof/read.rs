//! The bytes of a `.prof` file to a profile. They may come from anywhere: whatever they are, the answer is a profile
//! that holds together or an error that says what is wrong, and memory stays in proportion to the bytes.
//!
//! Each list is read in a walk of its own, in the order in which they refer to each other: whatever the order in the
//! file, and without a second copy of it in memory.

use std::borrow::Cow;
use std::io::Read as _;

use flate2::bufread::MultiGzDecoder;
use prost::Message;

use super::samples::samples;
use super::tables::{Ids, Texts};
use super::wire::{self, Lists, Read};
use crate::profile::{Function, Line, Location, Mapping, Profile, Sample, ValueType};

/// What a gzip file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The bytes themselves, or what is packed in them: at most `limit`.
pub(super) fn unpack(bytes: &[u8], limit: usize) -> Read<Cow<'_, [u8]>> {
    let unpacked = match bytes.starts_with(&GZIP) {
        false => Cow::Borrowed(bytes),
        true => {
            let mut unpacked = Vec::new();
            MultiGzDecoder::new(bytes)
                .take(limit as u64 + 1)
                .read_to_end(&mut unpacked)
                .map_err(|error| format!("it cannot be unpacked, cut off or damaged: {error}"))?;
            Cow::Owned(unpacked)
        }
    };
    match unpacked.len() {
        0 => Err("it is empty".to_owned()),
        size if size > limit => Err(format!(
            "it is larger than {limit} bytes, the most that is read"
        )),
        _ => Ok(unpacked),
    }
}

/// Elements take at most this many times the file, plus [`ELEMENTS_ANYWAY`]: an element may be two bytes in a hostile
/// file. Real files stay below 4.
const ELEMENTS_FACTOR: usize = 16;
const ELEMENTS_ANYWAY: usize = 1 << 20;

/// The profile in unpacked bytes.
pub(super) fn decode(bytes: &[u8]) -> Read<Profile> {
    let lists = Lists::find(bytes)?;
    let elements = lists.count(wire::SAMPLE) * size_of::<Sample>()
        + lists.count(wire::MAPPING) * size_of::<Mapping>()
        + lists.count(wire::LOCATION) * size_of::<Location>()
        + lists.count(wire::FUNCTION) * size_of::<Function>();
    if elements > bytes.len().saturating_mul(ELEMENTS_FACTOR) + ELEMENTS_ANYWAY {
        return Err(
            "so many of its elements are empty that they do not fit into memory".to_owned(),
        );
    }
    let mut texts = Texts::read(&lists, bytes.len())?;
    let mut profile = header(bytes, &mut texts)?;
    let (mappings, mapping_ids) = mappings(&lists, &mut texts)?;
    let (functions, function_ids) = functions(&lists, &mut texts)?;
    let (locations, location_ids) = locations(&lists, &mapping_ids, &function_ids)?;
    let kinds = profile.value_types.len();
    profile.samples = samples(&lists, &mut texts, &location_ids, kinds)?;
    profile.mappings = mappings;
    profile.functions = functions;
    profile.locations = locations;
    Ok(profile)
}

fn header(bytes: &[u8], texts: &mut Texts<'_>) -> Read<Profile> {
    let header = wire::Header::decode(bytes).map_err(|error| error.to_string())?;
    let period_type = header.period_type.unwrap_or_default();
    Ok(Profile {
        time_nanos: header.time_nanos,
        duration_nanos: not_negative("the duration", header.duration_nanos)?,
        value_types: header
            .sample_type
            .into_iter()
            .map(|wire| value_type(wire, texts))
            .collect::<Read<_>>()?,
        period_type: value_type(period_type, texts)?,
        period: not_negative("the period", header.period)?,
        comments: header
            .comment
            .into_iter()
            .map(|position| texts.owned(position))
            .collect::<Read<_>>()?,
        ..Profile::default()
    })
}

fn value_type(wire: wire::ValueType, texts: &mut Texts<'_>) -> Read<ValueType> {
    Ok(ValueType {
        kind: texts.owned(wire.kind)?,
        unit: texts.owned(wire.unit)?,
    })
}

fn mappings(lists: &Lists<'_>, texts: &mut Texts<'_>) -> Read<(Vec<Mapping>, Ids)> {
    let mut ids = Ids::new("mapping");
    let mappings = list(lists, wire::MAPPING, "mapping", |wire: &wire::Mapping| {
        ids.add(wire.id)?;
        Ok(Mapping {
            start: wire.memory_start,
            end: wire.memory_limit,
            file_offset: wire.file_offset,
            file: texts.owned(wire.filename)?,
            build_id: texts.owned(wire.build_id)?,
            has_functions: wire.has_functions,
        })
    })?;
    Ok((mappings, ids))
}

fn functions(lists: &Lists<'_>, texts: &mut Texts<'_>) -> Read<(Vec<Function>, Ids)> {
    let mut ids = Ids::new("function");
    let functions = list(
        lists,
        wire::FUNCTION,
        "function",
        |wire: &wire::Function| {
            ids.add(wire.id)?;
            let name = texts.owned(wire.name)?;
            let mut system_name = texts.owned(wire.system_name)?;
            if system_name == name {
                system_name = String::new();
            }
            Ok(Function {
                name,
                system_name,
                file: texts.owned(wire.filename)?,
                start_line: wire.start_line.max(0),
            })
        },
    )?;
    Ok((functions, ids))
}

/// A negative line number is written by some profilers for *unknown*, and read as that.
fn locations(lists: &Lists<'_>, mappings: &Ids, functions: &Ids) -> Read<(Vec<Location>, Ids)> {
    let mut ids = Ids::new("location");
    let locations = list(
        lists,
        wire::LOCATION,
        "location",
        |wire: &wire::Location| {
            ids.add(wire.id)?;
            let mut lines = Vec::with_capacity(wire.line.len());
            for line in &wire.line {
                lines.push(Line {
                    function: functions.index(line.function_id)?,
                    line: line.line.max(0),
                });
            }
            Ok(Location {
                mapping: match wire.mapping_id {
                    0 => None,
                    id => Some(mappings.index(id)?),
                },
                address: wire.address,
                lines,
            })
        },
    )?;
    Ok((locations, ids))
}

/// Converts each element of a list; an error says which one it was.
fn list<M: Message + Default, T>(
    lists: &Lists<'_>,
    field: u32,
    name: &str,
    mut convert: impl FnMut(&M) -> Read<T>,
) -> Read<Vec<T>> {
    let mut converted = Vec::with_capacity(lists.count(field));
    let mut message = M::default(); // one for all: its lists keep their room
    lists.each(field, |element| {
        message.clear();
        let result = match message.merge(element) {
            Ok(()) => convert(&message),
            Err(error) => Err(error.to_string()),
        };
        converted.push(result.map_err(|why| format!("{name} {}: {why}", converted.len() + 1))?);
        Ok(())
    })?;
    Ok(converted)
}

fn not_negative(what: &str, number: i64) -> Read<i64> {
    match number {
        0.. => Ok(number),
        _ => Err(format!("{what} is negative: {number}")),
    }
}
