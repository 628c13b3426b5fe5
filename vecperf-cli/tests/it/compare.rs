//! `report`, `compare` and `baseline` as a user meets them: what is there, what is not, what is wrong.

use std::fs;

use vecperf::Report;
use vecperf::report::{Block, BlockOperation};

use crate::{Ended, Place, SMALL};

/// A directory with the report of a short run in `run`.
fn with_a_run() -> Place {
    let place = Place::new();
    place.bench("--output run -q").with(0);
    place
}

#[test]
fn a_saved_report_is_told_in_every_format() {
    let place = with_a_run();
    for (format, begins) in [
        ("text", "vecperf "),
        ("markdown", "### vecperf"),
        ("json", "{"),
        ("csv", "phase,operation,metric,value,unit\r\n"),
        ("html", "<!DOCTYPE html>\n"),
        ("junit", "<?xml"),
        ("github", "::"),
    ] {
        let mut command = place.command(&format!("report run --format {format}"));
        let ended = Ended::of(command.env_remove("GITHUB_STEP_SUMMARY")).with(0);
        assert!(
            ended.stdout.starts_with(begins),
            "{format}: {}",
            ended.stdout
        );
    }
    place
        .run("report run/performance_metrics.json -o told.txt")
        .with(0);
    let again = place.run("report run -o told.txt").with(2);
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    place.run("report run -o told.txt --force").with(0);
}

#[test]
fn what_is_no_report_is_told() {
    let place = with_a_run();
    fs::create_dir(place.path("empty")).unwrap();
    let old = place.read("run/performance_metrics.json");
    let old = old.replacen("\"schema_version\": 1", "\"schema_version\": 0", 1);
    place.write("old.json", &old);
    for (arguments, code, word) in [
        ("report nowhere.json", 1, "nowhere.json"),
        ("report empty", 1, "performance_metrics"),
        ("report old.json", 1, "old.json"),
        ("report run --format pdf", 2, "pdf"),
        ("compare run", 2, "no base"),
        ("compare", 2, "nothing to compare"),
        ("compare run nowhere", 1, "nowhere"),
        ("compare run run --format csv", 2, "csv"),
        ("compare run run --format html", 2, "html"),
        ("compare run run --effect 0", 2, "percent"),
        ("compare run run --base run --new run", 2, "given twice"),
        (
            "compare run run -o nowhere/told.txt",
            1,
            "cannot be written",
        ),
        (
            "compare --run true true -o nowhere/told.txt",
            1,
            "cannot be written",
        ),
        ("compare --baseline none run", 2, "no baseline none"),
        ("baseline save ../x run", 2, "name"),
        ("baseline use none", 2, "no baseline none"),
        ("compare --run false false --rounds 2", 1, "failed"),
        ("compare --run true true --rounds 2", 1, "no report"),
    ] {
        let ended = place.run(arguments).with(code);
        assert!(ended.stderr.contains(word), "{arguments}: {}", ended.stderr);
        assert!(
            !ended.stderr.contains("panicked"),
            "{arguments}: {}",
            ended.stderr
        );
    }
}

#[test]
fn a_run_does_not_differ_from_itself_and_a_baseline_is_kept() {
    let place = with_a_run();
    let ended = place.run("compare run run").with(0);
    assert!(
        !ended.stdout.contains("regressed") && !ended.stdout.contains("improved"),
        "{}",
        ended.stdout
    );
    place.run("baseline save main run").with(0);
    assert!(
        place
            .run("baseline save main run")
            .with(2)
            .stderr
            .contains("--force")
    );
    place.run("baseline use main").with(0);
    let listed = place.run("baseline list").with(0).stdout;
    assert!(listed.starts_with("* main  1 run"), "{listed}");
    let markdown = place.run("compare run --format markdown").with(0).stdout;
    assert!(
        markdown.starts_with("<!-- vecperf-compare -->\n"),
        "{markdown}"
    );
    let json = place
        .run("compare --baseline main run --format json")
        .with(0)
        .stdout;
    assert!(
        serde_json::from_str::<serde_json::Value>(&json).is_ok(),
        "{json}"
    );
}

/// Writes `to` as the run in `run`, cut into blocks, its searches in buckets so many steps of 1 % slower.
fn cut_into_blocks(place: &Place, to: &str, slower: i32, blocks: usize) {
    let mut report = Report::read(place.path("run/performance_metrics.json")).unwrap();
    let phase = report.phases.iter_mut().find(|it| it.steady).unwrap();
    // Other tests run beside this one, and their host may be shared: what others took is no part of it.
    phase.resources.cpu_interference = Default::default();
    let operations = phase.operations.iter_mut().map(|operation| {
        let latency = operation.latency.as_mut().unwrap();
        let search = operation.name == "search";
        let steps = if search { slower } else { 0 };
        latency.buckets.iter_mut().for_each(|it| it.0 += steps);
        latency.mean_seconds *= f64::from(steps).exp2().powf(1.0 / 64.0);
        operation.time_split = None;
        BlockOperation {
            name: operation.name.clone(),
            count: operation.count,
            sum_seconds: latency.mean_seconds * latency.count as f64,
            buckets: latency.buckets.clone(),
            ..BlockOperation::default()
        }
    });
    let block = Block {
        duration_seconds: 1.0,
        cpu_seconds: Some(0.9),
        operations: operations.collect(),
        ..Block::default()
    };
    phase.blocks = vec![block; blocks];
    place.write(to, &vecperf::export::json(&report));
}

#[test]
fn a_gate_stops_what_is_slower_and_what_nobody_can_tell() {
    let place = with_a_run();
    cut_into_blocks(&place, "base.json", 0, 12);
    cut_into_blocks(&place, "slow.json", 16, 12);
    cut_into_blocks(&place, "short.json", 16, 3);
    let slow = place.run("compare base.json slow.json --gate").with(3);
    let mut lines = slow.stdout.lines();
    let p50 = lines.find(|it| it.contains("regressed") && it.contains("search p50"));
    // 2^(16 ÷ 64) times as slow; the figures stand below a name that has no room beside them.
    let told = p50.into_iter().chain(lines.next());
    assert!(
        told.into_iter().any(|it| it.contains("+18.92 %")),
        "{}",
        slow.stdout
    );
    let widest = slow.stdout.lines().map(|it| it.chars().count()).max();
    assert!(widest <= Some(80), "{}", slow.stdout);
    let quick = place.run("compare slow.json base.json").with(0);
    assert!(quick.stdout.contains("improved"), "{}", quick.stdout);
    let short = place.run("compare base.json short.json --gate").with(4);
    assert!(
        short.stdout.contains("fewer than 6 blocks"),
        "{}",
        short.stdout
    );
    place.run("compare base.json slow.json").with(0);
}

#[test]
#[cfg(unix)]
fn commands_are_run_in_turn() {
    let place = Place::new();
    let bench = format!(
        "'{}' bench --dataset {SMALL} -n 300 -t 1 --warm-up 0 -q && echo x >>",
        env!("CARGO_BIN_EXE_vecperf")
    );
    let mut command = place.command("compare --rounds 2 --format json -o told.json --run");
    command.args([format!("{bench} a"), format!("{bench} b")]);
    Ended::of(&mut command).with(0);
    // Each ran twice, in a place of its own.
    assert_eq!(
        (place.read("a"), place.read("b")),
        ("x\nx\n".into(), "x\nx\n".into())
    );
    assert!(!place.path("data").join("logs").exists());
    let told: vecperf::compare::Comparison =
        serde_json::from_str(&place.read("told.json")).unwrap();
    assert_eq!((told.base.runs, told.new.runs), (2, 2));
    assert!(
        told.changes
            .iter()
            .any(|it| it.operation.as_deref() == Some("search"))
    );
}

#[test]
fn a_baseline_is_replaced_as_a_whole_also_by_itself() {
    let place = with_a_run();
    let kept = "data/baselines/main";
    place.run("baseline save main run run run").with(0);
    let before = place.read("data/baselines/main/performance_metrics.2.json");
    place
        .run(&format!(
            "baseline save main {kept}/performance_metrics.2.json --force"
        ))
        .with(0);
    assert_eq!(
        place.read("data/baselines/main/performance_metrics.1.json"),
        before
    );
    let listed = place.run("baseline list").with(0).stdout;
    assert!(listed.contains("main  1 run "), "{listed}");
    let left: Vec<_> = fs::read_dir(place.path("data/baselines"))
        .unwrap()
        .collect();
    assert_eq!(left.len(), 1, "{left:?}");
    place.write("data/baselines/main/notes.txt", "mine");
    let refused = place.run("baseline save main run --force").with(2);
    assert!(refused.stderr.contains("notes.txt"), "{}", refused.stderr);
    assert_eq!(place.read("data/baselines/main/notes.txt"), "mine");
}

#[test]
fn a_profile_that_cannot_be_read_is_told() {
    let place = with_a_run();
    fs::create_dir(place.path("one")).unwrap();
    cut_into_blocks(&place, "one/performance_metrics.json", 0, 12);
    place.write("one/performance_metrics.prof", "no profile");
    let ended = place.run("compare one one").with(0);
    assert!(
        ended.stderr.contains("told without a profile: ")
            && ended.stderr.contains("performance_metrics.prof"),
        "{}",
        ended.stderr
    );
}
