//! What is written is read back; what anybody else may have written gives a profile or an error that says why not.

use std::io::Write as _;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;
use prost::Message as _;

use super::{read, wire, write};
use crate::error::ErrorKind;
use crate::profile::{
    Builder, Function, Label, LabelValue, Line, Location, Mapping, OperationCounts, Profile,
    Sample, ValueType, names,
};

const LIMIT: usize = 1 << 20;

/// What vecperf would write: inlined functions, labels, a stripped file, the kernel.
pub(super) fn sample_profile() -> Profile {
    let mut builder = Builder::cpu(994_001);
    builder.time(1_700_000_000_000_000_000, 2_000_000_000);
    builder.comment("vecperf 0.1.0");
    let mut counts = OperationCounts::default();
    counts.set("search", names::ALL, 2000);
    counts.set("search", names::ABOVE_P99, 20);
    builder.operations(&counts);
    let program = builder.mapping(Mapping {
        start: 0x5000,
        end: 0x9000,
        file_offset: 0x1000,
        file: "/opt/search".into(),
        build_id: "deadbeef01".into(),
        has_functions: true,
    });
    let stripped = builder.mapping(Mapping {
        start: 0x7f00_0000,
        end: 0x7f01_0000,
        file: "/usr/lib/libstripped.so".into(),
        build_id: "0123456789".into(),
        ..Mapping::default()
    });
    let mut location = |address, functions: &[(&str, &str, i64)]| {
        let lines = functions
            .iter()
            .map(|&(name, system_name, line)| Line {
                function: builder.function(Function {
                    name: name.into(),
                    system_name: system_name.into(),
                    file: "src/search.rs".into(),
                    start_line: 0,
                }),
                line,
            })
            .collect::<Vec<_>>();
        builder.location(Location {
            mapping: Some(if lines.is_empty() { stripped } else { program }),
            address,
            lines,
        })
    };
    let root = location(0x5010, &[("main", "", 3)]);
    let search = location(
        0x5020,
        &[
            (
                "metric<…>::operator()",
                "metric<int, float>::operator()",
                12,
            ),
            ("index::search", "", 40),
        ],
    );
    let unknown = location(0x7f00_1234, &[]);
    let fast = vec![
        builder.label(names::OPERATION, "search"),
        builder.number(names::THREAD, 42, ""),
    ];
    let mut slow = fast.clone();
    slow.push(builder.label(names::COHORT, names::ABOVE_P50));
    slow.push(builder.label(names::COHORT, names::ABOVE_P99));
    builder.sample(vec![search, root], vec![90, 90_000_000], fast);
    builder.sample(vec![unknown, search, root], vec![10, 10_000_000], slow);
    builder.finish()
}

#[test]
fn what_vecperf_writes_is_read_back_and_always_the_same_bytes() {
    let profile = sample_profile();
    let bytes = write(&profile);
    assert_eq!(read(&bytes, LIMIT).unwrap(), profile);
    assert_eq!(bytes, write(&sample_profile()));
}

#[test]
fn a_profile_may_be_plain_or_packed_in_several_members() {
    let profile = sample_profile();
    let plain = super::write::encode(&profile);
    let (head, tail) = plain.split_at(plain.len() / 2);
    let members = [super::write::pack(head), super::write::pack(tail)].concat();
    assert_eq!(read(&plain, LIMIT).unwrap(), profile);
    assert_eq!(read(&members, LIMIT).unwrap(), profile);
}

#[test]
fn a_name_equal_to_its_system_name_is_written_once() {
    let mut profile = sample_profile();
    profile.functions[0].system_name = profile.functions[0].name.clone();
    let read = read(&write(&profile), LIMIT).unwrap();
    assert_eq!(read.functions[0].system_name, "");
}

#[test]
fn a_bomb_is_refused_before_it_is_large() {
    let bomb = super::write::pack(&vec![0; 64 << 20]);
    assert!(bomb.len() < LIMIT / 8, "{}", bomb.len());
    let error = read(&bomb, LIMIT).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    assert!(
        error.to_string().contains("larger than 1048576 bytes"),
        "{error}"
    );
}

/// Spoils one message of the sample profile.
fn spoiled<M: prost::Message + Default>(field: u32, spoil: impl Fn(&mut M)) -> Vec<u8> {
    let plain = super::write::encode(&sample_profile());
    let lists = wire::Lists::find(&plain).unwrap();
    let mut bytes = Vec::new();
    for other in [
        wire::SAMPLE,
        wire::MAPPING,
        wire::LOCATION,
        wire::FUNCTION,
        wire::STRING,
    ] {
        lists
            .each(other, |element| {
                let mut element = element.to_vec();
                if other == field {
                    let mut message = M::decode(&*element).unwrap();
                    spoil(&mut message);
                    element = message.encode_to_vec();
                }
                wire::put(&mut bytes, other, &element);
                Ok(())
            })
            .unwrap();
    }
    let mut header = wire::Header::decode(&*plain).unwrap();
    if field == 0 {
        let mut message = M::decode(&*header.encode_to_vec()).unwrap();
        spoil(&mut message);
        header = wire::Header::decode(&*message.encode_to_vec()).unwrap();
    }
    bytes.extend(header.encode_to_vec());
    bytes
}

#[test]
fn an_error_says_what_is_wrong_and_where() {
    let text = |text: &[u8]| {
        let mut bytes = super::write::encode(&sample_profile());
        wire::put(&mut bytes, wire::STRING, text);
        bytes
    };
    let mut empty_first = Vec::new();
    wire::put(&mut empty_first, wire::STRING, b"cpu");
    let header = |spoil: fn(&mut wire::Header)| spoiled(0, spoil);
    let sample = |spoil: fn(&mut wire::Sample)| spoiled(wire::SAMPLE, spoil);
    let location = |spoil: fn(&mut wire::Location)| spoiled(wire::LOCATION, spoil);
    let cases = [
        (Vec::new(), "empty"),
        (b"hello, world".to_vec(), "pprof"),
        (vec![0x1f, 0x8b, 8, 0], "cut off"),
        (empty_first, "not the empty one"),
        (text(&[0xff, 0xfe]), "not UTF-8"),
        (header(|h| h.comment.push(99)), "no text 99"),
        (header(|h| h.comment.push(-1)), "no text -1"),
        (header(|h| h.period = -1), "period is negative"),
        (header(|h| h.duration_nanos = -1), "duration is negative"),
        (
            header(|h| h.sample_type.clear()),
            "sample 1: 2 values, and the file names 0",
        ),
        (
            sample(|s| s.location_id.push(77)),
            "sample 1: there is no location with id 77",
        ),
        (sample(|s| s.value.clear()), "sample 1: 0 values"),
        (
            sample(|s| s.value[1] = i64::MIN),
            "sample 1: the values up to here",
        ),
        (
            sample(|s| s.value[0] = i64::MAX),
            "sample 2: the values up to here",
        ),
        (
            sample(|s| s.label[0].str = 1 << 40),
            "sample 1: there is no text 1099511627776",
        ),
        (location(|l| l.id = 0), "location 1: its id is 0"),
        (
            location(|l| l.id = 5),
            "location 2: an earlier location has its id 5",
        ),
        (
            location(|l| l.mapping_id = 9),
            "location 1: there is no mapping with id 9",
        ),
        (
            spoiled(wire::FUNCTION, |f: &mut wire::Function| f.id = 1),
            "function 2: an earlier function has its id 1",
        ),
        (
            spoiled(wire::MAPPING, |m: &mut wire::Mapping| m.build_id = -3),
            "mapping 1: there is no text -3",
        ),
    ];
    for (bytes, expected) in cases {
        let error = read(&bytes, LIMIT).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data);
        assert!(
            error.to_string().contains(expected),
            "{error}; expected: {expected}"
        );
    }
}

/// The sample profile, its locations' ids scattered over all numbers.
fn renumbered() -> Vec<u8> {
    let ids = |id: u64| id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let locations = spoiled(wire::LOCATION, |l: &mut wire::Location| l.id = ids(l.id));
    let lists = wire::Lists::find(&locations).unwrap();
    let mut bytes = Vec::new();
    for field in [wire::MAPPING, wire::LOCATION, wire::FUNCTION, wire::STRING] {
        lists
            .each(field, |element| {
                wire::put(&mut bytes, field, element);
                Ok(())
            })
            .unwrap();
    }
    lists
        .each(wire::SAMPLE, |element| {
            let mut sample = wire::Sample::decode(element).unwrap();
            sample.location_id.iter_mut().for_each(|id| *id = ids(*id));
            wire::put(&mut bytes, wire::SAMPLE, &sample.encode_to_vec());
            Ok(())
        })
        .unwrap();
    bytes.extend(wire::Header::decode(&*locations).unwrap().encode_to_vec());
    bytes
}

#[test]
fn ids_may_be_any_numbers() {
    assert_eq!(read(&renumbered(), LIMIT).unwrap(), sample_profile());
}

#[test]
fn one_long_text_named_often_does_not_fill_the_memory() {
    let mut bytes = Vec::new();
    wire::put(&mut bytes, wire::STRING, b"");
    wire::put(&mut bytes, wire::STRING, &vec![b'x'; 100_000]);
    for id in 1..10_000 {
        let function = wire::Function {
            id,
            name: 1,
            ..wire::Function::default()
        };
        wire::put(&mut bytes, wire::FUNCTION, &function.encode_to_vec());
    }
    let error = read(&bytes, LIMIT).unwrap_err();
    assert!(error.to_string().contains("repeated so often"), "{error}");
}

#[test]
fn a_million_empty_samples_are_refused() {
    let mut file = vec![0x32, 0x00]; // the empty text
    file.extend([0x12, 0x00].repeat(1_000_000));
    let error = read(&file, file.len()).unwrap_err();
    assert!(error.to_string().contains("elements are empty"), "{error}");
}

/// Short texts, so that equal ones meet; and long ones.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-c]", "\\PC{0,40}"]
}

fn any_label() -> impl Strategy<Value = Label> {
    let text = "\\PC{1,8}".prop_map(|text| LabelValue::Text(text.into()));
    let number = (any::<i64>(), any_text())
        .prop_map(|(number, unit)| LabelValue::Number(number, unit.into()));
    ("[a-d]{1,3}", prop_oneof![text, number]).prop_map(|(key, value)| Label {
        key: key.into(),
        value,
    })
}

fn any_function() -> impl Strategy<Value = Function> {
    (any_text(), any_text(), any_text(), 0..i64::MAX).prop_map(
        |(name, system_name, file, start_line)| Function {
            system_name: match system_name == name {
                true => String::new(),
                false => system_name,
            },
            name,
            file,
            start_line,
        },
    )
}

fn any_mapping() -> impl Strategy<Value = Mapping> {
    let place = (any::<u64>(), any::<u64>(), any::<u64>());
    (place, any_text(), any_text(), any::<bool>()).prop_map(
        |((start, end, file_offset), file, build_id, has_functions)| Mapping {
            start,
            end,
            file_offset,
            file,
            build_id,
            has_functions,
        },
    )
}

/// A location, a sample, before it is known how many mappings, functions and locations there are to refer to.
type AnyLocation = (Option<Index>, u64, Vec<(Index, i64)>);
type AnySample = (Vec<Index>, [i64; 3], Vec<Label>);

/// Any profile that holds together, with up to three types of values.
fn any_profile() -> impl Strategy<Value = Profile> {
    let line = (any::<Index>(), 0..i64::MAX);
    let location = (option::of(any::<Index>()), any::<u64>(), vec(line, 0..4));
    let value = || -(i64::MAX / 64)..i64::MAX / 64;
    let values = [value(), value(), value()];
    let sample = (vec(any::<Index>(), 0..9), values, vec(any_label(), 0..4));
    let value_type = || (any_text(), any_text()).prop_map(|(kind, unit)| ValueType { kind, unit });
    let header = (
        any::<i64>(),
        0..i64::MAX,
        vec(value_type(), 1..4),
        value_type(),
        0..i64::MAX,
        vec(any_text(), 0..3),
    )
        .prop_map(|header| Profile {
            time_nanos: header.0,
            duration_nanos: header.1,
            value_types: header.2,
            period_type: header.3,
            period: header.4,
            comments: header.5,
            ..Profile::default()
        });
    let mappings = vec(any_mapping(), 1..4);
    let functions = vec(any_function(), 1..6);
    let stacks = (vec(location, 1..8), vec(sample, 0..20));
    (header, mappings, functions, stacks).prop_map(
        |(header, mappings, functions, (locations, samples))| {
            let mut profile = Profile {
                mappings,
                functions,
                ..header
            };
            profile.locations = locations
                .into_iter()
                .map(|location| resolve(location, &profile))
                .collect();
            let (kinds, places) = (profile.value_types.len(), profile.locations.len());
            let sample = |(stack, values, labels): AnySample| Sample {
                locations: stack.iter().map(|at| at.index(places) as u32).collect(),
                values: values[..kinds].to_vec(),
                labels: labels.into(),
            };
            profile.samples = samples.into_iter().map(sample).collect();
            profile
        },
    )
}

fn resolve((mapping, address, lines): AnyLocation, profile: &Profile) -> Location {
    Location {
        mapping: mapping.map(|at| at.index(profile.mappings.len()) as u32),
        address,
        lines: lines
            .into_iter()
            .map(|(at, line)| Line {
                function: at.index(profile.functions.len()) as u32,
                line,
            })
            .collect(),
    }
}

/// With equal samples added up, the first in its place.
fn added_up(profile: Profile) -> Profile {
    let mut distinct: Vec<Sample> = Vec::new();
    for sample in profile.samples {
        let equal =
            |it: &&mut Sample| it.locations == sample.locations && it.labels == sample.labels;
        match distinct.iter_mut().find(equal) {
            Some(known) => {
                let values = known.values.iter_mut().zip(&sample.values);
                values.for_each(|(sum, value)| *sum += value);
            }
            None => distinct.push(sample),
        }
    }
    Profile {
        samples: distinct,
        ..profile
    }
}

#[test]
fn samples_that_differ_in_nothing_but_values_are_added_up() {
    let mut builder = Builder::cpu(1);
    let [search, insert] = ["search", "insert"].map(|it| builder.label(names::OPERATION, it));
    let place = builder.location(Location::default());
    for (stack, label) in [
        (vec![place], &search),
        (vec![place], &insert),
        (vec![place, place], &search),
        (vec![place], &search),
    ] {
        builder.sample(stack, vec![1, 10], vec![label.clone()]);
    }
    let samples = read(&write(&builder.finish()), LIMIT).unwrap().samples;
    let values: Vec<_> = samples.iter().map(|it| it.values.as_slice()).collect();
    assert_eq!(values, [[2, 20], [1, 10], [1, 10]]);
}

#[test]
fn an_error_counts_samples_as_the_file_does() {
    let mut builder = Builder::cpu(1);
    for cpu in [10, 10, i64::MAX] {
        builder.sample(vec![], vec![1, cpu], vec![]);
    }
    let error = read(&write(&builder.finish()), LIMIT).unwrap_err();
    assert!(error.to_string().contains("sample 3: "), "{error}");
}

proptest! {
    #[test]
    fn any_profile_is_read_back(profile in any_profile()) {
        prop_assert_eq!(profile.check(), Ok(()));
        let bytes = write(&profile);
        prop_assert_eq!(read(&bytes, LIMIT).unwrap(), added_up(profile));
    }

    #[test]
    fn any_bytes_give_a_sound_profile_or_an_error(bytes in vec(any::<u8>(), 0..200)) {
        if let Ok(profile) = read(&bytes, LIMIT) {
            prop_assert_eq!(profile.check(), Ok(()));
        }
    }

    #[test]
    fn a_damaged_file_gives_a_sound_profile_or_an_error(at: Index, bit in 0..8, cut: bool) {
        let mut bytes = super::write::encode(&sample_profile());
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        if cut {
            bytes.truncate(at);
        }
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&bytes).unwrap();
        if let Ok(profile) = read(&packed.finish().unwrap(), LIMIT) {
            prop_assert_eq!(profile.check(), Ok(()));
        }
    }
}
