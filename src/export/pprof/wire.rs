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

/// The lists of an unpacked file, by their fields. Their elements may stand in any order; nearly always those of one
/// list stand together, and only that part is walked over for it.
#[derive(Default)]
pub(super) struct Lists<'a>([List<'a>; STRING as usize + 1]);

#[derive(Clone, Copy, Default)]
struct List<'a> {
    count: usize,
    /// From the file's first byte to the end of the list's last element.
    bytes: &'a [u8],
    /// Where its first element begins.
    start: usize,
}

/// Fields of a [`Sample`], which is read by hand: it is nine tenths of a large file.
pub(super) const LOCATION_ID: u64 = 1;
pub(super) const VALUE: u64 = 2;
pub(super) const LABEL: u64 = 3;

impl<'a> Lists<'a> {
    /// Finds them.
    pub(super) fn find(bytes: &'a [u8]) -> Read<Self> {
        let mut lists = Self::default();
        let mut rest = bytes;
        while !rest.is_empty() {
            let start = bytes.len() - rest.len();
            let (field, content) = next_field(&mut rest)?;
            let list = usize::try_from(field)
                .ok()
                .and_then(|at| lists.0.get_mut(at));
            if let (Some(list), Content::Bytes(_)) = (list, content) {
                if list.count == 0 {
                    list.start = start;
                }
                list.count += 1;
                list.bytes = &bytes[..bytes.len() - rest.len()];
            }
        }
        Ok(lists)
    }

    /// How many elements a list has.
    pub(super) fn count(&self, field: u32) -> usize {
        self.0[field as usize].count
    }

    /// Hands each element of a list to `take`, in the file's order.
    pub(super) fn each(&self, field: u32, mut take: impl FnMut(&'a [u8]) -> Read<()>) -> Read<()> {
        let list = self.0[field as usize];
        let mut rest = &list.bytes[list.start..];
        while !rest.is_empty() {
            if let (this, Content::Bytes(element)) = next_field(&mut rest)?
                && this == u64::from(field)
            {
                take(element)?;
            }
        }
        Ok(())
    }
}

/// What stands in a field.
#[derive(Clone, Copy)]
pub(super) enum Content<'a> {
    Number(u64),
    /// A text, a message, or packed numbers: what an element of a list may be.
    Bytes(&'a [u8]),
    /// Of 4 or 8 bytes; pprof has none.
    Fixed,
}

/// The number of the next field, and what stands in it.
pub(super) fn next_field<'a>(bytes: &mut &'a [u8]) -> Read<(u64, Content<'a>)> {
    let key = varint(bytes)?;
    let content = match key & 7 {
        VARINT => Content::Number(varint(bytes)?),
        FIXED_64 => {
            split(bytes, 8)?;
            Content::Fixed
        }
        FIXED_32 => {
            split(bytes, 4)?;
            Content::Fixed
        }
        LENGTH_DELIMITED => {
            let length = varint(bytes)?;
            Content::Bytes(split(bytes, length)?)
        }
        _ => return Err("it holds a field of a kind that pprof does not use".to_owned()),
    };
    Ok((key >> 3, content))
}

impl Content<'_> {
    /// Hands the numbers of a field that may hold many to `take`: packed, as most write them, or one by one.
    #[inline]
    pub(super) fn numbers(self, mut take: impl FnMut(u64) -> Read<()>) -> Read<()> {
        match self {
            Self::Number(number) => take(number),
            Self::Bytes(mut packed) => {
                while !packed.is_empty() {
                    take(varint(&mut packed)?)?;
                }
                Ok(())
            }
            Self::Fixed => Err("it holds a number of another kind than pprof's".to_owned()),
        }
    }
}

/// The next number: seven bits a byte, the lowest first.
#[inline]
fn varint(bytes: &mut &[u8]) -> Read<u64> {
    match **bytes {
        [byte, ref rest @ ..] if byte < 0x80 => {
            *bytes = rest;
            Ok(u64::from(byte))
        }
        [low, high, ref rest @ ..] if high < 0x80 => {
            *bytes = rest;
            Ok(u64::from(low & 0x7f) | u64::from(high) << 7)
        }
        _ => long_varint(bytes),
    }
}

fn long_varint(bytes: &mut &[u8]) -> Read<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or_else(cut_off)?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 && (shift < 63 || byte < 2) {
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
