//! The report: what is written comes back, and what is wrong with a file is said.

use std::fs;

use vecperf::export::{Exporter, Json, json};
use vecperf::{ErrorKind, Report};

use crate::report_sample::sample;

#[test]
fn a_report_comes_back_equal_to_the_last_bit() {
    let mut report = sample();
    report.run.duration_seconds = 0.1 + 0.2;
    report.phases[1].start_seconds = f64::MIN_POSITIVE;
    assert_eq!(Report::from_json(&json(&report)).unwrap(), report);
}

/// What was added since the layout's first writing is absent there; such a file is a baseline for `check`.
#[test]
fn a_report_from_before_the_cpu_profile_is_still_read() {
    let mut before = serde_json::to_value(sample()).unwrap();
    let mut forget = |pointer: &str, field: &str| {
        let object = before.pointer_mut(pointer).unwrap().as_object_mut();
        assert!(object.unwrap().remove(field).is_some(), "{field}");
    };
    forget("", "cpu_profile");
    forget("/self_cost", "recording_seconds");
    forget("/settings/monitoring", "cpu_back_end");
    forget("/run/operations/0", "time_split");
    let read = Report::from_json(&before.to_string()).unwrap();

    let mut expected = sample();
    expected.cpu_profile = None;
    expected.self_cost.recording_seconds = 0.0;
    expected.run.operations[0].time_split = None;
    assert_eq!(read, expected);
}

#[test]
fn long_lists_take_one_line_an_entry() {
    let text = json(&sample());
    let line = |start: &str| {
        text.lines()
            .find(|line| line.trim_start().starts_with(start))
            .unwrap()
            .to_owned()
    };
    assert!(line("\"buckets\"").ends_with("]]"), "{text}");
    assert!(
        line("{\"resources\":{\"at_seconds\":0.1,").ends_with("}},"),
        "{text}"
    );
    let pretty = serde_json::to_string_pretty(&sample()).unwrap();
    let lines = |text: &str| text.lines().count();
    assert!(
        text.ends_with("}\n") && lines(&text) < lines(&pretty),
        "{text}"
    );
}

/// The same report with every number that may be broken broken: TOML has words for NaN and the infinities.
#[test]
fn no_number_json_has_no_word_for_gets_into_it() {
    fn breaks(value: &mut toml::Value, with: f64) {
        match value {
            toml::Value::Float(number) => *number = with,
            toml::Value::Array(values) => values.iter_mut().for_each(|value| breaks(value, with)),
            toml::Value::Table(table) => {
                table.iter_mut().for_each(|(_, value)| breaks(value, with));
            }
            _ => {}
        }
    }
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut value = toml::Value::try_from(sample()).unwrap();
        breaks(&mut value, number);
        let broken: Report = value.try_into().unwrap();
        assert!(
            !broken.run.duration_seconds.is_finite(),
            "nothing was broken"
        );
        let back = Report::from_json(&json(&broken)).unwrap();
        assert!(back.run.gauges.is_empty());
        let note = back.notes.last().unwrap();
        assert!(
            note.contains("gauge vectors") && note.contains("cpu_percent"),
            "{note}"
        );
    }
    assert_eq!(sample().finite(), sample(), "a sound report stays as it is");
}

#[test]
fn a_file_that_is_no_report_says_what_it_is() {
    let good = json(&sample());
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    let cases: &[(String, &[&str])] = &[
        (String::new(), &["is empty"]),
        ("\n ".into(), &["is empty"]),
        (
            good[..good.len() / 2].into(),
            &["ends too early", "line", "copy or make it again"],
        ),
        ("hello".into(), &["is not JSON", "line 1"]),
        ("{}".into(), &["no `schema_version`"]),
        ("[]".into(), &["not a report"]),
        ("null".into(), &["not a report"]),
        (
            with("\"schema_version\": 1", "\"schema_version\": 7"),
            &["schema_version 7", "0.1.0", "reads 1: update vecperf"],
        ),
        (
            with("\"schema_version\": 1", "\"schema_version\": 0"),
            &["schema_version 0, older", "make the report again"],
        ),
        (
            with("\"schema_version\": 1", "\"schema_version\": \"1\""),
            &["`schema_version` is \"1\""],
        ),
        (
            with("\"schema_version\": 1", "\"schema_version\": -1"),
            &["`schema_version` is -1"],
        ),
        (
            with("\"count\": 25000", "\"count\": \"many\""),
            &["`run.operations[0].count`", "expected u64", "line"],
        ),
        (
            with("\"count\": 25000", "\"count\": -1"),
            &["`run.operations[0].count`"],
        ),
        (
            with("\"complete\": true", "\"complete\": null"),
            &["`complete`"],
        ),
        (
            with("\"complete\": true,", ""),
            &["missing field `complete`"],
        ),
        (
            with("\"status\": \"fail\"", "\"status\": \"bad\""),
            &["`verdicts[0].status`", "pass"],
        ),
        (
            with("\"bucket_schema\": 6", "\"bucket_schema\": 3"),
            &["`run.operations[0].latency` has bucket_schema 3"],
        ),
        (
            with("\"buckets\": [[", "\"buckets\": [[2147483647,0],["),
            &["a bucket 2147483647"],
        ),
        (
            with(
                "\"buckets\": [[",
                "\"buckets\": [[0,18446744073709551615],[",
            ),
            &["its buckets hold another number"],
        ),
        ("[".repeat(100_000), &["is not JSON"]),
    ];
    for (text, words) in cases {
        let error = Report::from_json(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data);
        for word in *words {
            assert!(error.to_string().contains(word), "{error}\nlacks: {word}");
        }
    }
}

/// What a comparison would take memory for is no more than a run can write.
#[test]
fn blocks_beyond_their_bounds_are_refused() {
    let damaged = |damage: &dyn Fn(&mut Vec<vecperf::report::Block>)| {
        let mut report = sample();
        let phases = &mut report.phases;
        let at = phases.iter().position(|it| !it.blocks.is_empty()).unwrap();
        damage(&mut phases[at].blocks);
        (at, Report::from_json(&json(&report)))
    };
    let (at, read) = damaged(&|blocks| {
        let block = blocks[0].clone();
        blocks.resize(33, block);
    });
    let expected = format!("`phases[{at}].blocks` are 33, and there are 32 at most");
    assert!(read.unwrap_err().to_string().contains(&expected));
    let (at, read) = damaged(&|blocks| {
        let operation = blocks[2].operations[0].clone();
        blocks[2].operations.resize(17, operation);
    });
    let expected = format!("`phases[{at}].blocks[2].operations` are 17");
    assert!(read.unwrap_err().to_string().contains(&expected));
    for index in [i32::MIN, -30 * 64 - 1, 35 * 64 + 1, i32::MAX] {
        let (_, read) = damaged(&|blocks| blocks[3].operations[0].buckets[1].0 = index);
        let expected = format!("a bucket {index}, which no duration falls into");
        assert!(read.unwrap_err().to_string().contains(&expected));
    }
    assert!(damaged(&|blocks| blocks.truncate(5)).1.is_ok());
}

#[test]
fn a_later_vecperf_may_add_fields() {
    let later =
        json(&sample()).replacen("\"complete\": true", "\"complete\": true, \"new\": [{}]", 1);
    assert_eq!(Report::from_json(&later).unwrap(), sample());
    assert_eq!(
        Report::from_json(&format!("\u{feff}{later}")).unwrap(),
        sample(),
        "a byte order mark is no error"
    );
}

#[test]
fn a_path_that_is_no_report_is_named() {
    let room = tempfile::tempdir().unwrap();
    let path = |name: &str| room.path().join(name);
    fs::write(path("latin1.json"), b"{\"a\": \"\xe4\"}").unwrap();
    fs::write(path("cut.json"), "{\"schema_version\": 1, ").unwrap();
    // Sparse: takes no space.
    fs::File::create(path("huge.json"))
        .unwrap()
        .set_len((256 << 20) + 1)
        .unwrap();
    fs::write(path("good.json"), Json.to_bytes(&sample()).unwrap()).unwrap();
    for (name, words) in [
        ("", "is a directory; name the file in it"),
        ("missing.json", "vecperf bench"),
        ("latin1.json", "not UTF-8 at byte 7"),
        ("cut.json", "ends too early"),
        ("huge.json", "larger than 256 MiB"),
    ] {
        let error = Report::read(path(name)).unwrap_err().to_string();
        assert!(
            error.contains(words) && error.contains(name),
            "{error}\nlacks: {words}"
        );
    }
    assert_eq!(Report::read(path("good.json")).unwrap(), sample());
}
