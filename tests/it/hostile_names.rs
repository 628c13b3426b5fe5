//! No name from outside acts on whoever reads a report: every payload in every field of every exporter.

use serde_json::Value;
use unicode_width::UnicodeWidthStr;
use vecperf::Report;
use vecperf::export::{Console, Exporter, Json, json, markdown, openmetrics, plain};

use crate::exposition::check_exposition;
use crate::report_sample::sample;

/// Terminal escapes, line breaks, invisible and bidirectional marks, Markdown, HTML, links and mentions, other formats'
/// own syntax, and plain monsters.
pub(crate) fn payloads() -> Vec<String> {
    let mut payloads: Vec<String> = [
        // terminals
        "\u{1b}[2J\u{1b}[H",
        "\u{1b}]0;title\u{7}",
        "\u{1b}]8;;http://evil\u{1b}\\click\u{1b}]8;;\u{1b}\\",
        "\u{1b}[31m✔ pass",
        "\u{9b}31m",
        "\u{9d}0;x\u{9c}",
        "\u{90}payload\u{9c}",
        "\u{8}\u{8}\u{8}fake",
        "\u{7}",
        "\u{7f}",
        "\u{0}",
        "a\u{0}b",
        "\u{1b}",
        "\u{1b}P1;2|x\u{1b}\\",
        "\u{1b}[?1049h",
        "\u{85}next",
        "\u{c}\u{b}",
        "\u{e}\u{f}",
        "\u{1a}",
        "\u{fff9}x\u{fffb}",
        // lines
        "a\nb",
        "a\r\nb",
        "a\rb",
        "\n\n✔ pass  max_memory_mb",
        "\u{2028}",
        "\u{2029}x",
        "a\tb",
        "::error::x",
        "\n::set-output name=x::y",
        // invisible and bidirectional
        "\u{202e}drowssap",
        "\u{2066}x\u{2069}",
        "\u{200b}",
        "\u{200f}\u{200e}",
        "\u{feff}x",
        "\u{ad}",
        "\u{3164}",
        "\u{e0041}\u{e007f}",
        "\u{61c}",
        "x\u{2060}y\u{180e}",
        "\u{115f}\u{1160}\u{ffa0}",
        // Markdown
        "|",
        "a | b | c",
        "\\|",
        "`",
        "``x``",
        "`|`",
        "```\nx\n```",
        "**bold**",
        "_x_",
        "~~x~~",
        "# title",
        "- item",
        "1. item",
        "> quote",
        "---",
        "[x](javascript:alert(1))",
        "![x](http://evil/x.png)",
        "[x]: http://evil",
        "<http://evil>",
        "http://evil",
        "https://evil/?a=b",
        "www.evil.com",
        "@everyone",
        "user@evil.com",
        "#1",
        "a/b#1",
        ":smile:",
        "$x$",
        "\\",
        "\\\\",
        "\\`",
        // HTML
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "</td></tr></table>",
        "<!--",
        "-->",
        "&lt;b&gt;",
        "&#x3c;b&#x3e;",
        "<details open>",
        "\"><svg onload=alert(1)>",
        "'onmouseover='x",
        "<style>*{display:none}</style>",
        // other formats
        "\"",
        "\\\"",
        "a\\nb",
        "a{b=\"c\"} 1",
        "x\"} 1\nevil 2",
        "# HELP vecperf_x y",
        "# EOF",
        "{}",
        "}{",
        "=1+1",
        "%n%s",
        "${x}",
        "`id`",
        "$(id)",
        "\"},{\"",
        "null",
        "NaN",
        "../../etc/passwd",
        "C:\\x",
        "run",
        "search",
        // monsters
        "",
        " ",
        "  two  ",
        "語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語",
        "e\u{301}\u{301}\u{301}\u{301}",
        "👩‍👩‍👧‍👦",
    ]
    .map(str::to_owned)
    .into();
    payloads.push("x".repeat(5_000));
    payloads.push("word ".repeat(500));
    payloads.push("`|".repeat(300));
    payloads
}

/// The sample with `payload` as every text and every name in it.
pub(crate) fn infested(payload: &str) -> Report {
    fn infest(key: &str, value: &mut Value, payload: &str) {
        match value {
            Value::String(text) if !["status", "scope"].contains(&key) => {
                *text = payload.to_owned();
            }
            Value::Array(values) => values
                .iter_mut()
                .for_each(|value| infest("", value, payload)),
            Value::Object(map) => {
                map.iter_mut()
                    .filter(|(key, _)| *key != "settings")
                    .for_each(|(key, value)| infest(key, value, payload));
                // Names of the program's own: any map whose keys are not fields.
                if ["gauges", "parameters", "index_bytes", "work"].contains(&key)
                    || (key == "operations" && !map.is_empty())
                {
                    let any = map.values().next().cloned().unwrap_or_default();
                    *map = [(payload.to_owned(), any)].into_iter().collect();
                }
            }
            _ => {}
        }
    }
    let mut value = serde_json::from_str(&json(&sample())).unwrap();
    infest("", &mut value, payload);
    serde_json::from_value(value).unwrap()
}

fn each(check: impl Fn(&Report, &str)) {
    let payloads = payloads();
    assert!(payloads.len() >= 60);
    for payload in payloads {
        let report = infested(&payload);
        assert_eq!(report.run.operations[0].name, payload);
        assert_eq!(
            report.workload.as_ref().unwrap().parameters.keys().next(),
            Some(&payload)
        );
        check(&report, &payload);
    }
}

/// Nothing but visible characters and line ends.
pub(crate) fn assert_inert(text: &str, payload: &str) {
    for line in text.split('\n') {
        assert_eq!(plain(line), line, "{payload:?}");
        assert!(!line.contains(char::is_control), "{payload:?} in {line:?}");
    }
}

#[test]
fn json_comes_back_equal_and_shows_nothing_hidden() {
    each(|report, payload| {
        let text = json(report);
        assert_inert(&text, payload);
        assert_eq!(&Report::from_json(&text).unwrap(), report, "{payload:?}");
    });
}

#[test]
fn the_terminal_gets_text_and_nothing_wider_than_it_is() {
    let usual = Console::default().to_bytes(&sample()).unwrap();
    let lines = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte == b'\n').count();
    each(|report, payload| {
        for width in [0, 40, 80, 140] {
            let text = String::from_utf8(
                Console {
                    width,
                    colour: false,
                }
                .to_bytes(report)
                .unwrap(),
            )
            .unwrap();
            assert_inert(&text, payload);
            let widest = text.lines().map(UnicodeWidthStr::width).max().unwrap();
            assert!(
                widest <= width.max(40),
                "{payload:?}: {widest} columns of {width}"
            );
            if payload.len() < 20 {
                assert!(
                    lines(text.as_bytes()) < 2 * lines(&usual) + 40,
                    "{payload:?} floods the terminal:\n{text}"
                );
            }
            let coloured = String::from_utf8(
                Console {
                    width,
                    colour: true,
                }
                .to_bytes(report)
                .unwrap(),
            )
            .unwrap();
            let bare = [
                "\u{1b}[0m",
                "\u{1b}[1m",
                "\u{1b}[2m",
                "\u{1b}[32m",
                "\u{1b}[1;31m",
                "\u{1b}[35m",
            ]
            .iter()
            .fold(coloured, |text, escape| text.replace(escape, ""));
            assert_eq!(
                bare, text,
                "{payload:?}: colour adds our own escapes and nothing else"
            );
        }
    });
}

#[test]
fn markdown_has_its_cells_and_no_markup_of_others() {
    each(|report, payload| {
        let text = markdown(report);
        assert_inert(&text, payload);
        let mut columns = None;
        for line in text.lines() {
            let bare = without_code(line);
            if line.starts_with('|') {
                let cells = bare.matches('|').count();
                assert_eq!(
                    *columns.get_or_insert(cells),
                    cells,
                    "{payload:?} in {line}"
                );
            } else {
                columns = None;
                assert!(!bare.contains('|'), "{payload:?} in {line}");
            }
            let ours = bare
                .trim_start_matches("### ")
                .trim_start_matches("- ")
                .replace("**", "")
                .replace("---", "");
            for mark in [
                "<", ">", "&", "[", "]", "@", "\\", "*", "_", "~", "#", "`", "$", "://", "www.",
            ] {
                assert!(
                    !ours.contains(mark),
                    "{payload:?}: {mark} outside code in {line}"
                );
            }
        }
    });
}

/// `line` without its code spans, by CommonMark's rule: a run of n backticks ends at the next run of n.
fn without_code(line: &str) -> String {
    let run = |text: &str| text.len() - text.trim_start_matches('`').len();
    let (mut bare, mut rest) = (String::new(), line);
    while let Some(at) = rest.find('`') {
        bare.push_str(&rest[..at]);
        let fence = run(&rest[at..]);
        let inside = &rest[at + fence..];
        let mut end = 0;
        loop {
            let next = end
                + inside[end..]
                    .find('`')
                    .unwrap_or_else(|| panic!("a code span without an end: {line}"));
            let length = run(&inside[next..]);
            end = next + length;
            if length == fence {
                break;
            }
        }
        assert!(
            !inside[..end].contains('|'),
            "a bar ends a cell even in code: {line}"
        );
        rest = &inside[end..];
    }
    bare + rest
}

#[test]
fn a_scraper_gets_well_formed_metrics() {
    each(|report, payload| {
        let text = openmetrics(report);
        assert_inert(&text, payload);
        check_exposition(&text);
    });
    let samples = check_exposition(&openmetrics(&sample()));
    assert_eq!(
        samples["vecperf_operations_total{operation=\"search\",outcome=\"error\"}"],
        1.0
    );
    assert_eq!(
        samples["vecperf_operation_duration_seconds_count{operation=\"insert\",outcome=\"error\"}"],
        1.0
    );
    assert_eq!(
        samples["vecperf_verdict{threshold=\"max_cpu_percent\",operation=\"\",status=\"fail\"}"],
        1.0
    );
    assert!(samples.len() > 100);
}

#[test]
fn names_that_look_alike_stay_apart_for_a_scraper() {
    let mut report = sample();
    report.run.operations[0].name = "a\n".into();
    report.run.operations[1].name = "a\\n".into();
    check_exposition(&openmetrics(&report));
}

#[test]
fn an_exporter_into_a_closed_pipe_says_so() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let exporters: [&dyn Exporter; 4] = [
        &Json,
        &Console::default(),
        &vecperf::export::Markdown,
        &vecperf::export::OpenMetrics,
    ];
    for exporter in exporters {
        let error = exporter.export(&sample(), &mut Closed).unwrap_err();
        assert_eq!(
            error.kind(),
            std::io::ErrorKind::BrokenPipe,
            "{}",
            exporter.name()
        );
    }
}
