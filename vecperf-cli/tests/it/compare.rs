//! `report`, `compare` and `baseline` as a user meets them: what is there, what is not, what is wrong.

use std::fs;

use crate::{Ended, Place};

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
        ("compare run run --base run --new run", 2, ""),
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
