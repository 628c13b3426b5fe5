//! No name from outside acts on who reads a report as CSV, JUnit or workflow commands, or a comparison in any format.

use std::collections::BTreeSet;

use quick_xml::events::Event;
use serde_json::Value;
use vecperf::Report;
use vecperf::compare::{Change, Comparison, Judgement, Options, compare};
use vecperf::export::{Csv, Exporter, Github, Junit, comparison, plain};

use crate::hostile_names::{assert_inert, infested, payloads};
use crate::report_sample::sample;

/// Formulas, workflow commands and XML, and each of the others within a text: more than two hundred.
fn all() -> Vec<String> {
    let own = [
        "=HYPERLINK(\"http://evil\",\"x\")",
        "+cmd|' /C calc'!A0",
        "-1+1",
        "@SUM(1)",
        "\t=1+1",
        " =1+1",
        "＝1+1",
        "|x",
        "%0A::error::x",
        "%",
        "%25",
        "::error file=a,line=1::x",
        "a\n::add-mask::b",
        "\r::stop-commands::x",
        "##[error]x",
        "::group::x",
        "]]>",
        "<![CDATA[x]]>",
        "<!DOCTYPE x [<!ENTITY a \"b\">]>&a;",
        "<?xml version=\"1.0\"?>",
        "&amp;",
        "&",
        "'\"",
        "\u{fffe}\u{ffff}",
        "\u{1}\u{2}\u{3}",
        "a,b;c\"d\"",
        "\"\"\"",
        "<!-- vecperf-compare -->",
        "--><script>alert(1)</script>",
    ];
    let mut all: Vec<String> = own.map(str::to_owned).into();
    all.extend(payloads());
    let within: Vec<_> = all
        .iter()
        .filter(|it| it.len() < 200)
        .map(|it| format!("x {it} y"))
        .collect();
    all.extend(within);
    all.push("x".repeat(1 << 14)); // hundreds of fields hold it; a few hold a mebibyte below
    assert!(all.len() >= 200, "{}", all.len());
    all
}

/// Rows of cells, as RFC 4180 has them.
fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(character) = chars.next() {
        match (quoted, character) {
            (true, '"') if chars.peek() == Some(&'"') => cell.extend(chars.next()),
            (_, '"') => quoted = !quoted,
            (false, ',') => row.push(std::mem::take(&mut cell)),
            (false, '\r') => assert_eq!(chars.peek(), Some(&'\n')),
            (false, '\n') => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            _ => cell.push(character),
        }
    }
    assert!(
        !quoted && row.is_empty() && cell.is_empty(),
        "the last line ends"
    );
    rows
}

fn assert_xml(text: &str, payload: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut tests = 0;
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(Event::Start(element) | Event::Empty(element)) => {
                tests += usize::from(element.name().as_ref() == b"testcase");
                for attribute in element.attributes() {
                    let attribute =
                        attribute.unwrap_or_else(|error| panic!("{payload:?}: {error}"));
                    assert!(!attribute.value.contains(&b'<'), "{payload:?}");
                }
            }
            Ok(Event::DocType(_) | Event::Comment(_) | Event::CData(_) | Event::PI(_)) => {
                panic!("{payload:?} became markup")
            }
            Ok(_) => {}
            Err(error) => panic!("{payload:?}: {error}"),
        }
    }
    let allowed = |c: char| c == '\n' || (c >= ' ' && c != '\u{fffe}' && c != '\u{ffff}');
    assert!(
        text.chars().all(allowed),
        "{payload:?}: a character XML 1.0 forbids"
    );
    tests
}

fn assert_commands(text: &str, payload: &str) -> usize {
    for line in text.lines() {
        let ours = [
            "::error title=vecperf",
            "::warning title=vecperf",
            "::notice title=vecperf",
        ];
        assert!(
            ours.iter().any(|it| line.starts_with(it)),
            "{payload:?}: {line:?}"
        );
        let property = line
            .split("title=")
            .nth(1)
            .unwrap_or_default()
            .split("::")
            .next()
            .unwrap_or_default();
        assert!(!property.contains([':', ',']), "{payload:?}: {line:?}");
        for (at, _) in line.match_indices('%') {
            let code = line.get(at + 1..at + 3);
            assert!(
                code.is_some_and(|it| ["25", "0A", "0D", "3A", "2C"].contains(&it)),
                "{payload:?}: {line:?}"
            );
        }
    }
    assert_inert(text, payload);
    text.lines().count()
}

fn text(exporter: &dyn Exporter, report: &Report) -> String {
    String::from_utf8(exporter.to_bytes(report).unwrap()).unwrap()
}

/// How many rows, tests and commands the sample has.
fn counts() -> [usize; 3] {
    let clean = sample();
    [
        rows(&text(&Csv, &clean)).len(),
        assert_xml(&text(&Junit, &clean), ""),
        assert_commands(&text(&Github, &clean), ""),
    ]
}

fn assert_report(report: &Report, payload: &str, [cells, tests, commands]: [usize; 3]) {
    let rows = rows(&text(&Csv, report));
    assert_eq!(rows.len(), cells, "{payload:?}");
    for row in &rows {
        assert_eq!(row.len(), 5, "{payload:?}: {row:?}");
    }
    let cells: BTreeSet<_> = rows.iter().flatten().collect();
    for cell in cells.into_iter().filter(|it| it.parse::<f64>().is_err()) {
        assert!(
            !cell
                .trim_start()
                .starts_with(['=', '+', '-', '@', '|', '＝']),
            "{payload:?}: {cell:?}"
        );
        assert_eq!(plain(cell), *cell, "{payload:?}");
    }
    assert_eq!(
        assert_xml(&text(&Junit, report), payload),
        tests,
        "{payload:?}"
    );
    // A closed loop by another name is none: one finding may be missing.
    assert!(
        assert_commands(&text(&Github, report), payload) <= commands,
        "{payload:?}"
    );
}

#[test]
fn reports_stay_csv_xml_and_annotations() {
    let counts = counts();
    for payload in all() {
        assert_report(&infested(&payload), &payload, counts);
    }
}

/// A comparison with this text as every name in it.
fn compared(clean: &Comparison, payload: &str) -> Comparison {
    fn infest(key: &str, value: &mut Value, payload: &str) {
        match value {
            Value::String(text) if !["judgement", "metric"].contains(&key) => {
                payload.clone_into(text)
            }
            Value::Null if ["setting", "reason", "operation"].contains(&key) => {
                *value = payload.into()
            }
            Value::Array(values) => values
                .iter_mut()
                .for_each(|value| infest("", value, payload)),
            Value::Object(map) => map
                .iter_mut()
                .for_each(|(key, value)| infest(key, value, payload)),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(clean).unwrap();
    infest("", &mut value, payload);
    serde_json::from_value(value).unwrap()
}

/// Of two runs on different machines, with a function that changed.
fn comparison_of(base: &Report, mut new: Report, function: &str) -> Comparison {
    new.environment.cpus = 64;
    let mut comparison = compare(&[base], &[&new], Options::default());
    comparison.functions = vec![vecperf::compare::FunctionChange {
        function: function.into(),
        base_seconds: 1e-6,
        new_seconds: 2e-6,
        change_seconds: 1e-6,
        low_seconds: 0.5e-6,
        high_seconds: 1.5e-6,
    }];
    comparison.functions_of = Some("search".into());
    assert!(comparison.changes.len() >= 5 && !comparison.notes.is_empty());
    comparison
}

fn assert_comparison(comparison: &Comparison, payload: &str) {
    let json = comparison::json(comparison);
    assert_inert(&json, payload);
    assert_eq!(
        serde_json::from_str::<Comparison>(&json).unwrap(),
        *comparison,
        "{payload:?}"
    );
    assert_eq!(
        assert_xml(&comparison::junit(comparison), payload),
        comparison.changes.len()
    );
    let told =
        |it: &&Change| [Judgement::Regressed, Judgement::Inconclusive].contains(&it.judgement);
    assert_eq!(
        assert_commands(&comparison::github(comparison), payload),
        comparison.changes.iter().filter(told).count() + comparison.notes.len() + 1
    );
    let markdown = comparison::markdown(comparison);
    assert_inert(&markdown, payload);
    assert!(markdown.starts_with(comparison::MARKER));
    assert!(
        !markdown
            .lines()
            .skip(1)
            .any(|line| line == comparison::MARKER),
        "{payload:?}"
    );
    let rows = markdown
        .lines()
        .filter(|line| line.starts_with('|'))
        .count();
    assert_eq!(rows, comparison.changes.len() + 2 + 1 + 2, "{payload:?}");
    let text = comparison::text(comparison, 100, false);
    assert_inert(&text, payload);
}

#[test]
fn comparisons_stay_what_they_are_in_every_format() {
    let clean = comparison_of(&sample(), sample(), "f");
    assert_comparison(&clean, "");
    for payload in all() {
        assert_comparison(&compared(&clean, &payload), &payload);
    }
}

/// The sample with a mebibyte in some names, as a program that names its operations after its input would have it.
fn with_mebibytes(payload: &str) -> Report {
    let mut report = sample();
    let phases = std::iter::once(&mut report.run).chain(&mut report.phases);
    for phase in phases {
        let of_blocks = phase.blocks.iter_mut().flat_map(|it| &mut it.operations);
        let names = phase.operations.iter_mut().map(|it| &mut it.name);
        let names = names.chain(of_blocks.map(|it| &mut it.name));
        names
            .filter(|name| *name == "search")
            .for_each(|name| payload.clone_into(name));
    }
    payload.clone_into(&mut report.phases[0].name);
    payload.clone_into(&mut report.notes[0]);
    payload.clone_into(&mut report.workload.as_mut().unwrap().dataset);
    let verdicts = report.verdicts.iter_mut();
    let verdict = verdicts.filter_map(|it| it.operation.as_mut()).next();
    payload.clone_into(verdict.unwrap());
    report
}

fn assert_a_mebibyte_breaks_no_format(of: &str) {
    let payload = of.repeat((1 << 20) / of.len());
    let report = with_mebibytes(&payload);
    let label = format!("1 MiB of {of:?}");
    assert_report(&report, &label, counts());
    let mut comparison = comparison_of(&report, report.clone(), &payload);
    comparison.changes.truncate(3); // the others are written alike
    let about = |it: &Change| it.operation.as_ref() == Some(&payload);
    assert!(comparison.changes.iter().all(about), "{label}");
    assert_comparison(&comparison, &label);
}

#[test]
fn plain_names_of_a_mebibyte_break_no_format() {
    assert_a_mebibyte_breaks_no_format("x");
}

#[test]
fn hostile_names_of_a_mebibyte_break_no_format() {
    assert_a_mebibyte_breaks_no_format("\",\n=1+1<b>::error::%");
}
