//! The messages of pprof's `profile.proto` (github.com/google/pprof, Apache-2.0), declared by hand, and a walk over a
//! file's top level.
//!
//! A profile is one message whose big parts are lists: samples, locations, strings. They are written and read one
//! element at a time, so that neither direction holds the profile twice. Texts are positions in the string table.

use prost::Message;

/// What was read, or what is wrong with it, in words.
pub(super) type Read<T> = Result<T, String>;

/// How a field's content is written (protobuf.dev/programming-guides/encoding): the key's lowest three bits.
const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const LENGTH_DELIMITED: u64 = 2;
const FIXED_32: u64 = 5;

/// Fields of the top-level message that are walked over; [`Header`] has the others.
pub(super) const SAMPLE: u32 = 2;
pub(super) const MAPPING: u32 = 3;
pub(super) const LOCATION: u32 = 4;
pub(super) const FUNCTION: u32 = 5;
pub(super) const STRING: u32 = 6;

/// What of the top-level message is not a list. Skipped: `drop_frames`, `keep_frames`, `doc_url`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Header {
    #[prost(message, repeated, tag = "1")]
    pub(super) sample_type: Vec<ValueType>,
    #[prost(int64, tag = "9")]
    pub(super) time_nanos: i64,
    #[prost(int64, tag = "10")]
    pub(super) duration_nanos: i64,
    #[prost(message, optional, tag = "11")]
    pub(super) period_type: Option<ValueType>,
    #[prost(int64, tag = "12")]
    pub(super) period: i64,
    #[prost(int64, repeated, tag = "13")]
    pub(super) comment: Vec<i64>,
    #[prost(int64, tag = "14")]
    pub(super) default_sample_type: i64,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct ValueType {
    #[prost(int64, tag = "1")]
    pub(super) kind: i64,
    #[prost(int64, tag = "2")]
    pub(super) unit: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Sample {
    #[prost(uint64, repeated, tag = "1")]
    pub(super) location_id: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    pub(super) value: Vec<i64>,
    #[prost(message, repeated, tag = "3")]
    pub(super) label: Vec<Label>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Label {
    #[prost(int64, tag = "1")]
    pub(super) key: i64,
    /// The text's position; 0: the value is `num`.
    #[prost(int64, tag = "2")]
    pub(super) str: i64,
    #[prost(int64, tag = "3")]
    pub(super) num: i64,
    #[prost(int64, tag = "4")]
    pub(super) num_unit: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Mapping {
    #[prost(uint64, tag = "1")]
    pub(super) id: u64,
    #[prost(uint64, tag = "2")]
    pub(super) memory_start: u64,
    #[prost(uint64, tag = "3")]
    pub(super) memory_limit: u64,
    #[prost(uint64, tag = "4")]
    pub(super) file_offset: u64,
    #[prost(int64, tag = "5")]
    pub(super) filename: i64,
    #[prost(int64, tag = "6")]
    pub(super) build_id: i64,
    #[prost(bool, tag = "7")]
    pub(super) has_functions: bool,
    #[prost(bool, tag = "8")]
    pub(super) has_filenames: bool,
    #[prost(bool, tag = "9")]
    pub(super) has_line_numbers: bool,
    #[prost(bool, tag = "10")]
    pub(super) has_inline_frames: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Location {
    #[prost(uint64, tag = "1")]
    pub(super) id: u64,
    /// 0: none.
    #[prost(uint64, tag = "2")]
    pub(super) mapping_id: u64,
    #[prost(uint64, tag = "3")]
    pub(super) address: u64,
    #[prost(message, repeated, tag = "4")]
    pub(super) line: Vec<Line>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Line {
    #[prost(uint64, tag = "1")]
    pub(super) function_id: u64,
    #[prost(int64, tag = "2")]
    pub(super) line: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Function {
    #[prost(uint64, tag = "1")]
    pub(super) id: u64,
    #[prost(int64, tag = "2")]
    pub(super) name: i64,
    #[prost(int64, tag = "3")]
    pub(super) system_name: i64,
    #[prost(int64, tag = "4")]
    pub(super) filename: i64,
    #[prost(int64, tag = "5")]
    pub(super) start_line: i64,
}

/// Appends an element of the list `field`.
pub(super) fn put(bytes: &mut Vec<u8>, field: u32, element: &[u8]) {
    put_varint(bytes, u64::from(field) << 3 | LENGTH_DELIMITED);
    put_varint(bytes, element.len() as u64);
    bytes.extend_from_slice(element);
}

fn put_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Hands each element of the list `field` to `take`, in the file's order, and passes over everything else.
pub(super) fn each<'a>(
    mut bytes: &'a [u8],
    field: u32,
    mut take: impl FnMut(&'a [u8]) -> Read<()>,
) -> Read<()> {
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let content = match key & 7 {
            VARINT => {
                varint(&mut bytes)?;
                continue;
            }
            FIXED_64 => split(&mut bytes, 8)?,
            FIXED_32 => split(&mut bytes, 4)?,
            LENGTH_DELIMITED => {
                let length = varint(&mut bytes)?;
                split(&mut bytes, length)?
            }
            _ => return Err("it holds a field of a kind that pprof does not use".to_owned()),
        };
        if key == u64::from(field) << 3 | LENGTH_DELIMITED {
            take(content)?;
        }
    }
    Ok(())
}

/// How many elements the list `field` has.
pub(super) fn count(bytes: &[u8], field: u32) -> Read<usize> {
    let mut count = 0;
    each(bytes, field, |_| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}

/// The next number: seven bits a byte, the lowest first.
fn varint(bytes: &mut &[u8]) -> Read<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or_else(cut_off)?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err("it holds a number longer than 64 bits".to_owned())
}

/// The next `length` bytes.
fn split<'a>(bytes: &mut &'a [u8], length: u64) -> Read<&'a [u8]> {
    let length = usize::try_from(length).map_err(|_| cut_off())?;
    let (content, rest) = bytes.split_at_checked(length).ok_or_else(cut_off)?;
    *bytes = rest;
    Ok(content)
}

fn cut_off() -> String {
    "it ends in the middle of a field: cut off, or of another format".to_owned()
}
