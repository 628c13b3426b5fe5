//! A profile to the bytes of a `.prof` file.

use std::collections::HashMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;

use super::wire;
use crate::profile::{self, LabelValue, Profile, names};

/// The unpacked bytes.
pub(super) fn encode(profile: &Profile) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut texts = Texts::default();
    texts.position(""); // the format wants it first
    let header = header(profile, &mut texts);
    header.encode_raw(&mut bytes);
    for sample in &profile.samples {
        let message = wire_sample(sample, &mut texts);
        wire::put(&mut bytes, wire::SAMPLE, &message.encode_to_vec());
    }
    for (id, mapping) in (1..).zip(&profile.mappings) {
        let message = wire_mapping(id, mapping, &mut texts);
        wire::put(&mut bytes, wire::MAPPING, &message.encode_to_vec());
    }
    for (id, location) in (1..).zip(&profile.locations) {
        wire::put(
            &mut bytes,
            wire::LOCATION,
            &wire_location(id, location).encode_to_vec(),
        );
    }
    for (id, function) in (1..).zip(&profile.functions) {
        let message = wire_function(id, function, &mut texts);
        wire::put(&mut bytes, wire::FUNCTION, &message.encode_to_vec());
    }
    for text in texts.in_order {
        wire::put(&mut bytes, wire::STRING, text.as_bytes());
    }
    bytes
}

/// gzip without a time or a name: the same bytes in, the same bytes out.
pub(super) fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let _ = packer.write_all(bytes);
    packer.finish().unwrap_or_default()
}

/// The string table under construction, in the order of first use.
#[derive(Default)]
struct Texts<'a> {
    positions: HashMap<&'a str, i64>,
    in_order: Vec<&'a str>,
}

impl<'a> Texts<'a> {
    fn position(&mut self, text: &'a str) -> i64 {
        *self.positions.entry(text).or_insert_with(|| {
            self.in_order.push(text);
            self.in_order.len() as i64 - 1
        })
    }
}

fn header<'a>(profile: &'a Profile, texts: &mut Texts<'a>) -> wire::Header {
    wire::Header {
        sample_type: profile
            .value_types
            .iter()
            .map(|value| value_type(value, texts))
            .collect(),
        time_nanos: profile.time_nanos,
        duration_nanos: profile.duration_nanos,
        period_type: Some(value_type(&profile.period_type, texts)),
        period: profile.period,
        comment: profile
            .comments
            .iter()
            .map(|comment| texts.position(comment))
            .collect(),
        default_sample_type: match profile.value_index(names::CPU) {
            Some(_) => texts.position(names::CPU),
            None => 0,
        },
    }
}

fn value_type<'a>(value: &'a profile::ValueType, texts: &mut Texts<'a>) -> wire::ValueType {
    wire::ValueType {
        kind: texts.position(&value.kind),
        unit: texts.position(&value.unit),
    }
}

fn wire_sample<'a>(sample: &'a profile::Sample, texts: &mut Texts<'a>) -> wire::Sample {
    wire::Sample {
        location_id: sample.locations.iter().map(|&at| id(at)).collect(),
        value: sample.values.clone(),
        label: sample
            .labels
            .iter()
            .filter(|label| !matches!(&label.value, LabelValue::Text(text) if text.is_empty()))
            .map(|label| wire_label(label, texts))
            .collect(),
    }
}

fn wire_label<'a>(label: &'a profile::Label, texts: &mut Texts<'a>) -> wire::Label {
    let key = texts.position(&label.key);
    match &label.value {
        LabelValue::Text(text) => wire::Label {
            key,
            str: texts.position(text),
            ..wire::Label::default()
        },
        LabelValue::Number(number, unit) => wire::Label {
            key,
            num: *number,
            num_unit: texts.position(unit),
            ..wire::Label::default()
        },
    }
}

/// The four flags stand together: with one of them missing, `go tool pprof` looks for the binary and names the
/// mapping's functions anew.
fn wire_mapping<'a>(
    id: u64,
    mapping: &'a profile::Mapping,
    texts: &mut Texts<'a>,
) -> wire::Mapping {
    wire::Mapping {
        id,
        memory_start: mapping.start,
        memory_limit: mapping.end,
        file_offset: mapping.file_offset,
        filename: texts.position(&mapping.file),
        build_id: texts.position(&mapping.build_id),
        has_functions: mapping.has_functions,
        has_filenames: mapping.has_functions,
        has_line_numbers: mapping.has_functions,
        has_inline_frames: mapping.has_functions,
    }
}

fn wire_location(id_of_this: u64, location: &profile::Location) -> wire::Location {
    wire::Location {
        id: id_of_this,
        mapping_id: location.mapping.map_or(0, id),
        address: location.address,
        line: location
            .lines
            .iter()
            .map(|line| wire::Line {
                function_id: id(line.function),
                line: line.line,
            })
            .collect(),
    }
}

/// A system name equal to the name is left out: `go tool pprof` takes such a pair for a mangled name and cuts C++
/// names to pieces (`operator()` becomes `operator const`).
fn wire_function<'a>(
    id: u64,
    function: &'a profile::Function,
    texts: &mut Texts<'a>,
) -> wire::Function {
    let system_name = match function.system_name == function.name {
        true => "",
        false => &function.system_name,
    };
    wire::Function {
        id,
        name: texts.position(&function.name),
        system_name: texts.position(system_name),
        filename: texts.position(&function.file),
        start_line: function.start_line,
    }
}

/// Ids count from 1: 0 means none.
fn id(index: u32) -> u64 {
    u64::from(index) + 1
}
