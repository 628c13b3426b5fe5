//! The commands around `bench`: check, doctor, schema, completions, man, help.

use crate::Place;

#[test]
fn check_gives_the_saved_verdicts_as_exit_code() {
    let place = Place::new();
    place.write(
        "tight.toml",
        "[thresholds]\nmax_response_time_ms = 0.000001\n",
    );
    place.bench("--config tight.toml").with(0);
    let file = "data/logs/performance_metrics.json";
    let ended = place.run(&format!("check {file}")).with(3);
    assert!(
        ended
            .stdout
            .contains("FAIL  max_response_time_ms of search"),
        "{}",
        ended.stdout
    );

    let json = place.run(&format!("check {file} --format json")).with(3);
    let verdicts: Vec<vecperf::Verdict> = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(verdicts, place.report().verdicts);
    let markdown = place
        .run(&format!("check {file} --format markdown"))
        .with(3);
    assert!(
        markdown
            .stdout
            .starts_with("| verdict | threshold | evidence |"),
        "{}",
        markdown.stdout
    );
}

#[test]
fn check_judges_again_by_other_settings() {
    let place = Place::new();
    place
        .run(&format!(
            "bench -q --dataset {} -d 500ms -t 1 --warm-up 0",
            crate::SMALL
        ))
        .with(0);
    let file = "data/logs/performance_metrics.json";
    place.write(
        "easy.toml",
        "[thresholds]\nmax_cpu_percent = 100\nmax_response_time_ms = 60000\n",
    );
    place.write(
        "recall.toml",
        "[thresholds]\nmax_cpu_percent = 100\nmin_recall = 1.0\n",
    );
    place.write(
        "tight.toml",
        "[thresholds]\nmax_response_time_ms = 0.000001\n",
    );
    place
        .run(&format!("check {file} --config easy.toml"))
        .with(0);
    place
        .run(&format!("check {file} --config tight.toml"))
        .with(3);
    let ended = place.run(&format!("check {file} --config recall.toml"));
    assert!(
        ended.stdout.contains("min_recall of search"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_report_without_verdicts_is_not_a_pass() {
    let place = Place::new();
    place.bench("").with(0);
    let file = "data/logs/performance_metrics.json";
    let mut report = place.report();
    report.verdicts.clear();
    place.write(file, &vecperf::export::json(&report));
    let ended = place.run(&format!("check {file}")).with(4);
    assert!(
        ended.stderr.contains("no threshold was judged"),
        "{}",
        ended.stderr
    );
}

#[test]
fn doctor_tells_what_can_be_measured() {
    let place = Place::new();
    let ended = place.run("doctor").with(0);
    for word in [
        "clock",
        "engine hnsw",
        "engine usearch",
        "cold start",
        "output directory",
        std::env::consts::OS,
    ] {
        assert!(ended.stdout.contains(word), "no {word} in {}", ended.stdout);
    }
    assert!(!place.path("data").exists(), "looking changes nothing");
    let left: Vec<_> = std::fs::read_dir(place.path("")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn doctor_tells_of_an_output_directory_that_cannot_be_made() {
    let place = Place::new();
    place.write("file", "in the way");
    place.write("perf_monitor.toml", "[output]\ndirectory = \"file/logs\"\n");
    let stdout = place.run("doctor").with(0).stdout;
    let line = stdout
        .lines()
        .find(|line| line.contains("output directory"));
    assert!(
        line.is_some_and(|line| line.starts_with("  no") && line.contains("file/logs cannot")),
        "{stdout}"
    );
}

#[test]
fn schema_prints_a_schema_of_the_report() {
    let ended = Place::new().run("schema").with(0);
    let schema: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert!(
        schema["properties"]["schema_version"].is_object(),
        "{schema}"
    );
}

#[test]
fn completions_and_man_pages_know_every_command() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = place.run(&format!("completions {shell}")).with(0).stdout;
        assert!(
            script.contains("ef-search") && script.contains("doctor"),
            "{shell}: {script}"
        );
    }
    let overview = place.run("man").with(0).stdout;
    assert!(overview.contains("vecperf\\-bench(1)"), "{overview}");
    let bench = place.run("man bench").with(0).stdout;
    assert!(bench.contains("\\-\\-ef\\-search"), "{bench}");
    assert!(
        place
            .run("man dance")
            .with(2)
            .stderr
            .contains("bench, check")
    );
}

#[test]
fn help_is_grouped_and_has_examples_and_exit_codes() {
    let place = Place::new();
    let help = place.run("--help").with(0).stdout;
    assert!(
        help.contains("Examples:") && help.contains("130  interrupted"),
        "{help}"
    );
    let bench = place.run("bench --help").with(0).stdout;
    for heading in ["Data:", "Engine:", "Load:", "Output:", "Examples:"] {
        assert!(bench.contains(heading), "no {heading} in {bench}");
    }
    assert!(place.run("").with(2).stderr.contains("Usage: vecperf"));
}
