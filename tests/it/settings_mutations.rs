//! Every single edit of the settings file: refused with its line and the right key, or clearly what it says.
//!
//! The file under edit is the sample with all optional keys and without its comments. Each edit of each class is
//! made at each place where it can be made.

use std::collections::BTreeMap;

use proptest::prelude::*;
use vecperf::Settings;
use vecperf::config::Resolved;

use crate::settings::{NO_VARIABLES, uncommented};

/// One line of the file.
#[derive(Clone, Debug)]
struct Line {
    text: String,
    /// What stands before `=`, in a line that sets something.
    key: Option<String>,
}

impl Line {
    fn value(&self) -> &str {
        self.text.split_once(" = ").map_or("", |(_, value)| value)
    }

    fn is_header(&self) -> bool {
        self.text.starts_with('[')
    }
}

fn file() -> Vec<Line> {
    let text = uncommented();
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|text| Line {
            key: text.split_once(" = ").map(|(key, _)| key.to_owned()),
            text: text.to_owned(),
        })
        .collect()
}

fn text(lines: &[Line]) -> String {
    lines
        .iter()
        .map(|line| format!("{}\n", line.text))
        .collect()
}

/// The file with line `at` (from 0) reading `new`.
fn with_line(at: usize, new: &str) -> String {
    let mut lines = file();
    new.clone_into(&mut lines[at].text);
    text(&lines)
}

/// The values that `text` sets, by key.
fn loads(text: &str) -> Result<BTreeMap<String, String>, String> {
    let resolved = Resolved::from_sources(Some((text, "f.toml")), NO_VARIABLES)
        .map_err(|error| error.to_string())?;
    resolved.settings.validate().expect("what loads is allowed");
    let set = resolved
        .entries()
        .into_iter()
        .filter_map(|entry| Some((entry.key, entry.value?.to_string())));
    Ok(set.collect())
}

/// `text` is refused; the answer names line `at` (from 0) and all of `parts`.
fn refused(text: &str, at: usize, parts: &[&str]) {
    let told = loads(text).expect_err(text);
    let place = format!("f.toml:{}:", at + 1);
    for part in parts.iter().copied().chain([place.as_str()]) {
        assert!(
            told.contains(part),
            "{}\n  told: {told}\n  want: {part}",
            text.lines().nth(at).unwrap_or_default()
        );
    }
}

/// One edit of one character.
fn typos(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    let edited = |edit: &dyn Fn(&mut Vec<char>)| {
        let mut letters = letters.clone();
        edit(&mut letters);
        letters.into_iter().collect::<String>()
    };
    let mut typos = Vec::new();
    for at in 0..letters.len() {
        typos.push(edited(&|letters| {
            letters.remove(at);
        }));
        typos.push(edited(&|letters| letters.insert(at, letters[at])));
        typos.push(edited(&|letters| letters[at] = 'x'));
        typos.push(edited(&|letters| {
            letters[at] = letters[at].to_ascii_uppercase();
        }));
        typos.push(edited(&|letters| {
            letters[at] = if letters[at] == '_' { '-' } else { letters[at] }
        }));
        if at + 1 < letters.len() {
            typos.push(edited(&|letters| letters.swap(at, at + 1)));
        }
    }
    typos.retain(|typo| typo != word);
    typos.sort();
    typos.dedup();
    typos
}

#[test]
fn every_typo_in_every_key_is_answered_with_the_right_key() {
    let mut made = 0;
    for (at, line) in file().iter().enumerate() {
        let Some(key) = &line.key else { continue };
        for typo in typos(key) {
            refused(
                &with_line(at, &format!("{typo} = {}", line.value())),
                at,
                &[&format!("did you mean `{key}`?")],
            );
            made += 1;
        }
    }
    assert!(made > 1000, "{made}");
}

#[test]
fn every_typo_in_every_section_is_answered_and_an_operations_name_is_the_users() {
    let whole = loads(&text(&file())).expect("the file itself");
    for (at, line) in file()
        .iter()
        .enumerate()
        .filter(|(_, line)| line.is_header())
    {
        let name = line.text.trim_matches(['[', ']']);
        for typo in typos(name) {
            let mutant = with_line(at, &format!("[{typo}]"));
            match typo
                .strip_prefix("thresholds.operations.")
                .filter(|own| !own.is_empty() && !own.starts_with('.'))
            {
                Some(own) => {
                    let loaded = loads(&mutant).expect(&typo);
                    assert!(
                        loaded.keys().any(|key| key.contains(own)) && loaded != whole,
                        "{typo}: {loaded:?}"
                    );
                }
                None => refused(&mutant, at, &[]),
            }
        }
        for broken in [&line.text[1..], &line.text[..line.text.len() - 1]] {
            let told = loads(&with_line(at, broken)).expect_err(broken);
            assert!(
                told.contains(&format!("f.toml:{}:", at + 1)) && told.contains(broken),
                "{broken}: {told}"
            );
        }
        refused(
            &with_line(at, &format!("[{}]", line.text)),
            at,
            &["write ["],
        );
        // Without its header a section's keys are the section's before, or nobody's.
        let mut lines = file();
        lines.remove(at);
        loads(&text(&lines)).expect_err(&line.text);
    }
}

/// Values that the key of `line` does not allow.
fn wrong_values(line: &Line) -> Vec<String> {
    let (key, value) = (line.key.as_deref().unwrap_or_default(), line.value());
    let always = [
        "",
        "=",
        "nan",
        "-inf",
        "[1]",
        "{ a = 1 }",
        "1979-05-27",
        "07:32:00",
        "1 2",
        "yes",
        "tru",
        "\"",
        "'a",
        "0x",
        "1e",
        "#",
    ];
    let mut wrong: Vec<String> = always.map(str::to_owned).to_vec();
    let add = |wrong: &mut Vec<String>, values: &[&str]| {
        wrong.extend(values.iter().map(|value| (*value).to_owned()));
    };
    if value.starts_with('"') {
        add(
            &mut wrong,
            &[
                "1",
                "true",
                "\"\"",
                "\"..\"",
                "\"a\\u0000\"",
                "\"a.\"",
                "\"NUL\"",
                "data",
                "\"a\" \"b\"",
                "\"\\q\"",
            ],
        );
        if !["directory", "socket"].contains(&key) {
            add(
                &mut wrong,
                &["\"a/b\"", "\"a\\\\b\"", "\"/dev/null\"", "\".\""],
            );
        }
    } else if ["true", "false"].contains(&value) {
        add(
            &mut wrong,
            &[
                "1",
                "0",
                "1.0",
                "True",
                "\"true\"",
                "\"no\"",
                "-true",
                "true false",
            ],
        );
    } else {
        add(
            &mut wrong,
            &[
                "true", "inf", "1e999", "--1", "1,000", "1_", "1__0", "010", "\"\"",
            ],
        );
        wrong.extend([
            format!("-{value}"),
            format!("\"{value}\""),
            format!("{value}%"),
            format!("{value} ms"),
            format!("{value}e30"),
        ]);
        let zero_is_allowed = [
            "violation_percent",
            "error_percent",
            "heap_sample_bytes",
            "max_allocations_per_operation",
        ];
        if !zero_is_allowed.iter().any(|end| key.ends_with(end)) {
            add(&mut wrong, &["0", "-0"]);
        }
        if !value.contains('.') && !key.starts_with("max_") {
            wrong.push(format!("{value}.5"));
        }
    }
    wrong
}

#[test]
fn every_wrong_value_of_every_key_is_answered_with_the_key() {
    for (at, line) in file().iter().enumerate() {
        let Some(key) = &line.key else { continue };
        for value in wrong_values(line) {
            refused(&with_line(at, &format!("{key} = {value}")), at, &[key]);
        }
    }
}

#[test]
fn every_line_twice_missing_or_joined() {
    let lines = file();
    let whole = loads(&text(&lines)).expect("the file itself");
    for (at, line) in lines.iter().enumerate() {
        let mut twice = lines.clone();
        twice.insert(at, line.clone());
        refused(&text(&twice), at + 1, &[&line.text, "sets again"]);
        if line.key.is_none() {
            continue;
        }
        let mut missing = lines.clone();
        missing.remove(at);
        let loaded = loads(&text(&missing)).expect("every key may be absent");
        let changed = whole
            .iter()
            .filter(|(key, value)| loaded.get(*key) != Some(*value))
            .count();
        assert!(changed <= 1, "without {line:?}: {loaded:?}");
        assert_eq!(
            loads(&with_line(at, &format!("# {}", line.text))).as_ref(),
            Ok(&loaded)
        );
        if let Some(next) = lines.get(at + 1) {
            let mut joined = lines.clone();
            joined[at].text = format!("{} {}", line.text, next.text);
            joined.remove(at + 1);
            refused(
                &text(&joined),
                at,
                &[line.key.as_deref().unwrap_or_default()],
            );
        }
        refused(
            &with_line(at, &line.text.replace(" = ", " ")),
            at,
            &[&line.text.replace(" = ", " ")],
        );
        refused(
            &with_line(at, &line.text.replace(" = ", " : ")),
            at,
            &[line.key.as_deref().unwrap_or_default()],
        );
    }
}

#[test]
fn the_order_of_keys_and_white_space_do_not_matter() {
    let lines = file();
    let whole = loads(&text(&lines));
    for at in 1..lines.len() {
        if lines[at].key.is_some() && lines[at - 1].key.is_some() {
            let mut swapped = lines.clone();
            swapped.swap(at, at - 1);
            assert_eq!(loads(&text(&swapped)), whole);
        }
        for same in [
            format!("\t{}  # why", lines[at].text),
            lines[at].text.replace(" = ", "="),
        ] {
            assert_eq!(loads(&with_line(at, &same)), whole, "{same}");
        }
    }
}

/// Any one character deleted, doubled or exchanged with its neighbour, wherever it stands: refused on that line, or at
/// most one setting (or the name of the operation) has another value that is allowed.
#[test]
fn every_character_gone_doubled_or_transposed() {
    let whole = loads(&text(&file())).expect("the file itself");
    for (at, line) in file().iter().enumerate() {
        for typo in typos(&line.text) {
            let mutant = with_line(at, &typo);
            match loads(&mutant) {
                Err(told) => assert!(
                    told.contains(&format!("f.toml:{}:", at + 1)),
                    "{typo}\n  told: {told}"
                ),
                Ok(loaded) => {
                    let changed = whole
                        .iter()
                        .filter(|(key, value)| loaded.get(*key) != Some(*value))
                        .count();
                    let renamed = line.text.starts_with("[thresholds.operations.");
                    assert!(changed <= 1 || renamed, "{typo}\n  loads as {loaded:?}");
                }
            }
        }
    }
}

#[test]
fn a_comment_that_loses_its_mark_is_refused_or_sets_what_it_shows() {
    let lines: Vec<&str> = Settings::sample().lines().collect();
    for (at, line) in lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.starts_with('#'))
    {
        let mut mutant = lines.clone();
        mutant[at] = &line[1..];
        match loads(&mutant.join("\n")) {
            Ok(_) => assert!(
                line.len() == 1 || line.contains(" = ") || line.starts_with("# ["),
                "{line}"
            ),
            Err(told) => assert!(
                told.contains(&format!("f.toml:{}:", at + 1)),
                "{line}\n  told: {told}"
            ),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn no_text_breaks_the_reader(text in "\\PC{0,200}") {
        drop(Settings::from_toml(&text, "f.toml"));
    }

    /// Closer to the mark: pieces of settings files in any order.
    #[test]
    fn no_shuffled_file_breaks_the_reader(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        match Settings::from_toml(&pieces.concat(), "f.toml") {
            Ok(settings) => prop_assert!(settings.validate().is_ok()),
            Err(error) => prop_assert!(error.to_string().contains("f.toml:"), "{error}"),
        }
    }

    #[test]
    fn no_variable_breaks_the_reader(name in "[A-Z_]{0,40}", value in "\\PC{0,40}") {
        drop(Resolved::from_sources(None, [(format!("VECPERF_{name}"), value)]));
    }
}

const PIECES: &[&str] = &[
    "[monitoring]\n",
    "[thresholds]\n",
    "[thresholds.operations.search]\n",
    "[output]\n",
    "[[output]]\n",
    "[",
    "]",
    "\n",
    "\r\n",
    "\r",
    "\u{FEFF}",
    "enabled",
    "sample_rate",
    "min_recall",
    "directory",
    "thresholds.",
    "operations",
    " = ",
    "=",
    ".",
    ",",
    "true",
    "1",
    "-1",
    "0.5",
    "nan",
    "1e400",
    "99999999999999999999999999999999999999999",
    "\"data\"",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "{",
    "}",
    "#",
    "\u{1b}",
    "\0",
    "é",
    "\u{202E}",
    " ",
];
