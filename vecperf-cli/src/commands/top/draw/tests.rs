//! Screens as text: what stands where, at the sizes that people have.

use std::collections::BTreeMap;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use vecperf::live::{OperationSeries, OperationState, Series, State};
use vecperf::report::{SlowOperation, SlowStack};
use vecperf::{Status, Verdict};

use super::*;
use crate::commands::top::ask::News;
use crate::commands::top::model::Capture;
use crate::watched::Silence;

fn verdict(status: Status, threshold: &str, operation: Option<&str>) -> Verdict {
    Verdict {
        threshold: threshold.to_owned(),
        operation: operation.map(str::to_owned),
        status,
        limit: 20.0,
        observed: Some(30.0),
        unit: "ms".to_owned(),
        evidence: "30 of 1,000 took longer than 20 ms".to_owned(),
    }
}

fn model(names: &[&str]) -> Model {
    let operation = |name: &&str| OperationState {
        name: (*name).to_owned(),
        count: 123_456,
        window_count: 1000,
        rate: 3411.7,
        error_rate: 34.117,
        p50_seconds: Some(0.000_280_4),
        p99_seconds: Some(0.03),
        allocations_per_operation: Some(3.0),
        ..OperationState::default()
    };
    let mut state = State {
        program: "search-service".to_owned(),
        pid: 4242,
        at_seconds: 3725.0,
        window_seconds: 10.0,
        operations: names.iter().map(operation).collect(),
        verdicts: vec![
            verdict(Status::Fail, "max_response_time_ms", Some("search")),
            verdict(Status::Pass, "max_memory_mb", None),
        ],
        ..State::default()
    };
    state.process.cpu_percent = Some(61.2);
    state.process.cores_used = Some(1.22);
    state.process.cpus_available = Some(2.0);
    let mut model = Model::new("/run/vp.sock".to_owned(), state.clone());
    let seconds = 0..900u32;
    let series = Series {
        at_seconds: seconds.clone().map(f64::from).collect(),
        cores_used: seconds.clone().map(|at| Some(f64::from(at % 60))).collect(),
        operations: names
            .iter()
            .map(|name| OperationSeries {
                name: (*name).to_owned(),
                ended: seconds.clone().map(|at| u64::from(at % 100)).collect(),
                ..OperationSeries::default()
            })
            .collect(),
        ..Series::default()
    };
    model.hear(News::Answered(Box::new(state), series));
    model
}

/// The screen, line by line, and whether any colour is in it.
fn screen(model: &Model, (width, height): (u16, u16), colour: bool) -> (Vec<String>, bool) {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| all(frame, model, Theme::new(colour)))
        .unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y| {
        (0..width)
            .map(|x| buffer[(x, y)].symbol())
            .collect::<String>()
    };
    let lines = (0..height).map(|y| line(y).trim_end().to_owned()).collect();
    let coloured = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .any(|at| buffer[at].fg != Color::Reset);
    (lines, coloured)
}

#[test]
fn eighty_by_twenty_four_has_the_program_its_figures_and_the_thresholds() {
    let (lines, coloured) = screen(&model(&["search", "insert"]), (80, 24), true);
    assert!(coloured);
    assert!(
        lines[0].starts_with("search-service  process 4242  up 1:02:05"),
        "{lines:#?}"
    );
    assert!(lines[0].ends_with("● live"));
    assert!(
        lines[1].contains("61.2 % = 1.22 of 2.00 cores"),
        "{lines:#?}"
    );
    let search = lines
        .iter()
        .find(|line| line.starts_with("search "))
        .unwrap();
    for figure in ["3,412/s", "280 µs", "!30.0 ms", "1.00 %"] {
        assert!(search.contains(figure), "{search}");
    }
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("✘ FAIL    max_response_time_ms of search: 30"))
    );
    assert!(lines[23].contains("q quit"));
}

#[test]
fn what_the_memory_is_for_is_told_largest_first_where_there_is_room() {
    let mut model = model(&["search"]);
    let parts = [
        ("graph", 3 << 30),
        ("id map\u{1b}[2J", 1 << 20),
        ("vectors", 5 << 30),
    ];
    let named = parts.map(|(name, bytes)| (name.to_owned(), bytes));
    let state = State {
        components: BTreeMap::from(named),
        ..model.seen().state.clone()
    };
    model.hear(News::Answered(Box::new(state), Series::default()));
    let (lines, _) = screen(&model, (80, 24), true);
    assert!(
        lines[3].starts_with("    of it  vectors 5.00 GiB  graph 3.00 GiB  id map"),
        "{lines:#?}"
    );
    assert!(
        lines[4].is_empty() && lines[5].starts_with("operation"),
        "{lines:#?}"
    );
    let (lines, _) = screen(&model, (80, 12), true);
    assert!(
        lines[3].is_empty() && lines[4].starts_with("operation"),
        "{lines:#?}"
    );
    let (lines, _) = screen(&model, (40, 24), true);
    assert!(lines[3].ends_with("vectors 5.00 GiB"), "{lines:#?}");
    let long = State {
        components: BTreeMap::from([("x".repeat(100), 1 << 30)]),
        ..model.seen().state.clone()
    };
    model.hear(News::Answered(Box::new(long), Series::default()));
    let (lines, _) = screen(&model, (40, 24), true);
    assert!(lines[3].is_empty(), "not one fits: {lines:#?}");
}

#[test]
fn a_large_screen_has_graphs_and_more_columns() {
    let (lines, _) = screen(&model(&["search", "insert"]), (200, 50), true);
    let titles = &lines[4];
    for title in [
        "rate▼",
        "recall",
        "alloc/op",
        "slowest",
        "bytes/op",
        "total",
        "rate, 15 min",
    ] {
        assert!(titles.contains(title), "{titles}");
    }
    assert!(
        lines.iter().any(|line| line.starts_with("p99 of search")),
        "{lines:#?}"
    );
}

#[test]
fn without_colours_the_signs_remain() {
    let (lines, coloured) = screen(&model(&["search"]), (80, 24), false);
    assert!(!coloured);
    let all = lines.join("\n");
    assert!(all.contains("!30.0 ms") && all.contains("✘ FAIL") && all.contains("✔ pass"));
}

#[test]
fn what_was_lost_is_told_and_the_last_figures_stay() {
    let mut model = model(&["search"]);
    let silence = Silence::Gone("nobody listens there".to_owned());
    model.hear(News::Silent(silence));
    let (lines, _) = screen(&model, (80, 24), true);
    assert!(
        lines[0].ends_with("! lost, trying again: nobody listens there"),
        "{}",
        lines[0]
    );
    assert!(lines.iter().any(|line| line.contains("3,412/s")));
}

#[test]
fn the_slowest_operations_are_shown_one_by_one() {
    let mut model = model(&["search"]);
    model.panel = Some(Panel::Slowest);
    model.hear(News::Slowest(Ok(Capture::default())));
    let (lines, _) = screen(&model, (80, 24), true);
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("No operation took longer"))
    );
    let slow = SlowOperation {
        ended_seconds: 3700.0,
        operation: "search".to_owned(),
        outcome: "error".to_owned(),
        label: Some("ef=200".to_owned()),
        latency_seconds: 0.213,
        blocked_seconds: Some(0.21),
        allocations: Some(12),
        ..SlowOperation::default()
    };
    model.hear(News::Slowest(Ok(Capture {
        at_seconds: 3725.0,
        slowest: vec![slow],
    })));
    let (lines, _) = screen(&model, (80, 24), true);
    let shown = lines.iter().find(|line| line.contains("213 ms")).unwrap();
    let words: Vec<_> = shown.split_whitespace().collect();
    let expected = [
        "213", "ms", "25", "–", "210", "ms", "12", "search", "ef=200", "error",
    ];
    assert_eq!(words, expected);
}

#[test]
fn hostile_names_stay_in_their_columns_and_no_size_breaks_anything() {
    let long = "x".repeat(100_000);
    let names = [
        "\u{1b}[2J\u{1b}]0;owned\u{7}",
        "\u{202e}evil\n",
        "語語語語語語語語語語",
        &long,
    ];
    let mut model = model(&names);
    let slow = |name: &&str| SlowOperation {
        operation: (*name).to_owned(),
        outcome: (*name).to_owned(),
        label: Some((*name).to_owned()),
        stacks: vec![SlowStack {
            samples: 1,
            functions: vec![(*name).to_owned()],
        }],
        ..SlowOperation::default()
    };
    model.hear(News::Slowest(Ok(Capture {
        at_seconds: 0.0,
        slowest: names.iter().map(slow).collect(),
    })));
    let panels = [Panel::Help, Panel::Profile, Panel::Slowest].map(Some);
    for panel in panels.into_iter().chain([None]) {
        model.panel = panel;
        for (width, height) in [
            (1, 1),
            (40, 8),
            (41, 9),
            (80, 24),
            (200, 50),
            (300, 12),
            (60, 90),
        ] {
            let (lines, _) = screen(&model, (width, height), true);
            assert!(
                !lines.concat().contains(char::is_control),
                "{width} × {height}"
            );
        }
    }
    let (lines, _) = screen(&{ model }, (80, 24), true);
    assert!(!lines.concat().contains('\u{202e}'));
}
