//! The rules one by one: names, suggestions, and the table of keys.

use super::key::{self, KEYS, OPERATION_KEYS, nearest};
use super::names::{check_directory, check_file_name};
use super::value::{Given, Rule, Value};
use super::*;

#[test]
fn the_table_reaches_every_field() {
    // A key that read one field and wrote another, or two keys for one field, would show here.
    let mut settings = Settings::default();
    for key in KEYS {
        let other = match (key.get(&settings), key.rule) {
            (Some(Value::Switch(on)), _) => Value::Switch(!on),
            (_, Rule::Whole { max, .. }) => Value::Whole(max - 1),
            (_, Rule::Positive { max } | Rule::UpTo { max }) => Value::Number(max / 2.0),
            (_, Rule::Choice(words)) => Value::Text(words[words.len() - 1].to_owned()),
            _ => Value::Text(format!("other-{}", key.name)),
        };
        let before = settings.clone();
        key.set(&mut settings, &other);
        assert_eq!(key.get(&settings), Some(other), "{}", key.name);
        for unchanged in KEYS.iter().filter(|row| row.name != key.name) {
            assert_eq!(
                unchanged.get(&settings),
                unchanged.get(&before),
                "{}",
                key.name
            );
        }
    }
    let fields = |settings: &Settings| {
        let json = serde_json::to_value(settings).unwrap();
        let sections: Vec<serde_json::Value> =
            json.as_object().unwrap().values().cloned().collect();
        sections
            .iter()
            .map(|section| section.as_object().unwrap().len())
            .sum::<usize>()
    };
    assert_eq!(
        KEYS.len() + 1,
        fields(&settings),
        "a field without a key; `operations` has its own table"
    );
    let operation = serde_json::to_value(OperationThresholds::default()).unwrap();
    assert_eq!(OPERATION_KEYS.len(), operation.as_object().unwrap().len());
}

#[test]
fn the_defaults_are_allowed() {
    Settings::default().validate().unwrap();
}

#[test]
fn plain_file_names_pass_and_others_say_why() {
    for name in [
        "a",
        "metrics.json",
        "größe 2.json",
        ".hidden",
        "con-fused",
        "COM10",
        "common",
        "nul0.x",
    ] {
        assert_eq!(check_file_name(name), Ok(()), "{name}");
    }
    let long = "n".repeat(256);
    for (name, why) in [
        ("", "empty"),
        (".", "directory"),
        ("..", "directory"),
        ("a/b", "separator `/`"),
        ("..\\a", "separator `\\`"),
        ("/dev/null", "separator"),
        ("a\0b", "U+0000"),
        ("a\nb", "U+000A"),
        ("a\u{202E}b", "U+202E"),
        ("a:b", "`:`"),
        ("a.", "dot or a space"),
        ("a ", "dot or a space"),
        ("NUL", "NUL is a device"),
        ("con.json", "CON is a device"),
        ("com1.prof", "COM1 is a device"),
        ("LPT².x", "LPT² is a device"),
        ("aux .json", "AUX is a device"),
        (&long, "256 bytes"),
    ] {
        let told = check_file_name(name).expect_err(name);
        assert!(told.contains(why), "{name:?}: {told}");
    }
}

#[test]
fn directories_may_be_nested_and_absolute_but_lead_nowhere_else() {
    for directory in [
        "data/logs",
        "/var/tmp/x",
        ".",
        "./a",
        "a/",
        "/",
        "/dev/shm/x",
        "devices",
        "/development",
    ] {
        assert_eq!(check_directory(directory), Ok(()), "{directory}");
    }
    let long = "d/".repeat(2048);
    for (directory, why) in [
        ("", "empty"),
        ("a/../../etc", "`..`"),
        ("/dev", "devices"),
        ("/dev/null", "devices"),
        ("/proc/self", "devices"),
        ("data/NUL/x", "NUL is a device"),
        ("a\u{7}b", "U+0007"),
        (&long, "4096 bytes"),
    ] {
        let told = check_directory(directory).expect_err(directory);
        assert!(told.contains(why), "{directory:?}: {told}");
    }
}

#[test]
#[cfg(unix)]
fn a_directory_that_is_no_unicode_is_refused_because_no_report_could_name_it() {
    use std::os::unix::ffi::OsStrExt as _;
    let mut settings = Settings::default();
    settings.output.directory = std::ffi::OsStr::from_bytes(b"logs\xFF").into();
    let told = settings.validate().unwrap_err().to_string();
    assert!(
        told.contains("`output.directory`") && told.contains("not valid Unicode"),
        "{told}"
    );
}

#[test]
fn the_nearest_name_is_found_and_nothing_is_found_far_away() {
    let names = ["sample_rate", "series_limit", "series_points", "enabled"];
    for (typed, meant) in [
        ("sample_rat", Some("sample_rate")),
        ("Sample-Rate", Some("sample_rate")),
        ("smaple_rate", Some("sample_rate")),
        ("serie_point", Some("series_points")),
        ("enable", Some("enabled")),
        ("directory", None),
        ("x", None),
    ] {
        assert_eq!(nearest(typed, names), meant, "{typed}");
    }
}

#[test]
fn whole_numbers_are_numbers_and_fractions_are_not_whole() {
    let number = Rule::Positive { max: 10.0 };
    assert_eq!(number.accept(Given::Whole(3)), Ok(Value::Number(3.0)));
    let whole = Rule::Whole { min: 1, max: 10 };
    assert_eq!(
        whole.accept(Given::Number(3.0)),
        Err("this is not whole".to_owned())
    );
    assert_eq!(
        whole.accept(Given::Text("3".to_owned())),
        Err("leave the quotes away".to_owned())
    );
}

#[test]
fn an_operation_is_quoted_where_toml_wants_it() {
    assert_eq!(
        key::operation_key("search", "x"),
        "thresholds.operations.search.x"
    );
    assert_eq!(
        key::operation_key("a.b \"c", "x"),
        "thresholds.operations.\"a.b \\\"c\".x"
    );
}
