//! A strict reader of Prometheus' text format.

use std::collections::{BTreeMap, BTreeSet};

/// A strict reading of the text format 0.0.4: each family has HELP and TYPE once, before its samples, which stand
/// together; no series twice; histograms add up.
pub(crate) fn check_exposition(text: &str) -> BTreeMap<String, f64> {
    let mut samples = BTreeMap::new();
    let mut families = BTreeSet::new();
    let (mut family, mut kind) = (String::new(), String::new());
    let mut below = 0.0;
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split(' ').next().unwrap().to_owned();
            assert!(families.insert(family.clone()), "{family} twice");
        } else if let Some(declared) = line.strip_prefix("# TYPE ") {
            let (name, declared) = declared.split_once(' ').unwrap();
            assert_eq!(name, family);
            kind = declared.to_owned();
            assert!(["counter", "gauge", "histogram"].contains(&declared));
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let value: f64 = value.parse().unwrap();
            let name = series.split('{').next().unwrap();
            let labels = check_labels(&series[name.len()..]);
            let suffix = name
                .strip_prefix(&*family)
                .unwrap_or_else(|| panic!("{name} outside its family {family}"));
            if kind == "histogram" {
                assert!(["_bucket", "_sum", "_count"].contains(&suffix));
                assert_eq!(suffix == "_bucket", labels.contains(&"le".to_owned()));
                match suffix {
                    "_bucket" => assert!(
                        value >= std::mem::replace(&mut below, value),
                        "buckets are cumulative: {line}"
                    ),
                    "_count" => {
                        assert_eq!(value, std::mem::take(&mut below), "+Inf holds all: {line}");
                    }
                    _ => {}
                }
            } else {
                assert_eq!(suffix, "");
            }
            assert!(
                samples.insert(series.to_owned(), value).is_none(),
                "{series} twice"
            );
        }
    }
    samples
}

/// The labels' names of `{a="…",b="…"}`; panics on anything else.
fn check_labels(text: &str) -> Vec<String> {
    let Some(mut rest) = text.strip_prefix('{') else {
        assert_eq!(text, "");
        return Vec::new();
    };
    let mut names = Vec::new();
    loop {
        let (name, value) = rest.split_once("=\"").unwrap();
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{name}"
        );
        names.push(name.to_owned());
        let mut characters = value.char_indices();
        let end = loop {
            match characters.next().unwrap() {
                (at, '"') => break at,
                (_, '\\') => assert!(
                    ['\\', '"', 'n'].contains(&characters.next().unwrap().1),
                    "{text}"
                ),
                _ => {}
            }
        };
        match &value[end + 1..] {
            "}" => return names,
            more => rest = more.strip_prefix(',').unwrap(),
        }
    }
}
