//! Bad input: what is wrong, what is allowed, what to do; exit code 2 for usage, 1 for what cannot be read or written.

use std::fs;

use crate::Place;

/// `vecperf ARGUMENTS` ends with `code` and tells all of `words` on stderr, nothing on stdout.
fn refused(place: &Place, arguments: &str, code: i32, words: &[&str]) {
    let ended = place.run(arguments).with(code);
    for word in words {
        assert!(
            ended.stderr.contains(word),
            "{arguments}: no {word:?} in {}",
            ended.stderr
        );
    }
    assert!(
        ended.stderr.contains("error:"),
        "{arguments}: {}",
        ended.stderr
    );
    assert!(
        !ended.stderr.contains("panicked"),
        "{arguments}: {}",
        ended.stderr
    );
    assert_eq!(ended.stdout, "", "{arguments}");
}

#[test]
fn flags_out_of_range_are_refused_with_what_is_allowed() {
    let place = Place::new();
    let cases: &[(&str, &[&str])] = &[
        (
            "--threads 0",
            &[
                "'0' for '--threads",
                "at least 1",
                "half of the available CPUs",
            ],
        ),
        ("--threads -1", &["--threads", "whole number"]),
        ("--threads 9999999", &["--threads", "at most"]),
        ("--rate 0", &["'0' for '--rate", "above 0", "closed loop"]),
        ("--rate NaN", &["--rate", "above 0"]),
        ("--rate -5", &["--rate", "above 0"]),
        ("--rate inf", &["--rate", "above 0"]),
        ("--k 0", &["'0' for '--k", "at least 1"]),
        ("--count 0", &["'0' for '--count", "at least 1"]),
        ("--limit 0", &["'0' for '--limit", "at least 1"]),
        ("--duration 0", &["'0' for '--duration", "longer than 0"]),
        ("--duration -3", &["--duration", "10s"]),
        ("--duration soon", &["'soon' for '--duration", "10s"]),
        (
            "--duration 5s --count 5",
            &["--duration", "--count", "cannot be used with"],
        ),
        ("--arrival uniform", &["--rate"]),
        (
            "--cold",
            &[
                "--cold: engine hnsw keeps its index in memory",
                "--engine exact",
            ],
        ),
        (
            "--engine exact --cold=0",
            &["'0' for '--cold", "at least 1"],
        ),
        ("--metric l3", &["'l3'", "l2", "cosine", "ip"]),
        ("--treads 3", &["--treads", "--threads"]),
    ];
    for (flags, words) in cases {
        refused(&place, &format!("bench {flags}"), 2, words);
    }
    assert!(!place.path("data").exists());
}

#[test]
fn engines_and_their_parameters_are_checked_before_the_work_starts() {
    let place = Place::new();
    refused(
        &place,
        "bench --engine hnws",
        2,
        &["--engine hnws", "hnsw", "exact", "usearch"],
    );
    if cfg!(not(feature = "usearch")) {
        refused(&place, "bench --engine usearch", 2, &["--features usearch"]);
    }
    refused(
        &place,
        "bench --engine exact --ef-search 9",
        2,
        &["--ef-search", "exact has no graph", "hnsw"],
    );
    refused(
        &place,
        "bench --quantization f8",
        2,
        &["--quantization f8", "f32"],
    );
    let small = format!("bench --dataset {}", crate::SMALL);
    refused(
        &place,
        &format!("{small} --m 100000"),
        2,
        &["--m 100000", "allowed"],
    );
    refused(
        &place,
        &format!("{small} --ef-construction 1000000"),
        2,
        &["--ef-construction 1000000", "allowed"],
    );
}

#[test]
fn data_that_are_not_there_or_do_not_fit_are_named() {
    let place = Place::new();
    refused(
        &place,
        "bench --dataset glov-50",
        2,
        &["glov-50", "did you mean glove-50"],
    );
    refused(
        &place,
        "bench --dataset nowhere.fbin",
        1,
        &["nowhere.fbin", "os error 2"],
    );
    refused(
        &place,
        "bench --dataset synthetic:n=50,dim=4,queries=5 -k 51",
        2,
        &["--k 51", "only 50 vectors", "--k 50"],
    );
    refused(
        &place,
        "bench --dataset synthetic:n=50,dim=4,queries=0",
        2,
        &["queries"],
    );

    let fbin = |name: &str, rows: u32, dimensions: u32| {
        let values = (0..rows * dimensions).flat_map(|i| (i as f32).to_le_bytes());
        let header = [rows, dimensions].into_iter().flat_map(u32::to_le_bytes);
        fs::write(place.path(name), header.chain(values).collect::<Vec<_>>()).unwrap();
    };
    fbin("base.fbin", 20, 4);
    fbin("queries.fbin", 3, 5);
    fbin("none.fbin", 0, 4);
    refused(
        &place,
        "bench --dataset base.fbin --queries queries.fbin",
        1,
        &["queries.fbin", "5 dimensions", "4"],
    );
    refused(
        &place,
        "bench --dataset base.fbin --queries none.fbin",
        1,
        &["none.fbin"],
    );
    refused(&place, "bench --dataset none.fbin", 1, &["none.fbin"]);
}

#[test]
fn an_output_directory_that_cannot_be_written_is_told_before_the_work_starts() {
    let place = Place::new();
    place.write("taken", "a file");
    for output in ["taken", "taken/logs"] {
        let ended = place.bench(&format!("--output {output}"));
        assert!(matches!(ended.code, Some(1 | 2)), "{ended:#?}");
        assert!(
            ended.stderr.contains("taken") && !ended.stderr.contains("load:"),
            "{}",
            ended.stderr
        );
    }
    assert_eq!(place.read("taken"), "a file");
}

#[test]
fn a_wrong_settings_file_stops_every_command_that_reads_it() {
    let place = Place::new();
    place.write("perf_monitor.toml", "[thresholds]\nmax_memory_mbb = 5\n");
    for command in ["bench", "config show"] {
        refused(
            &place,
            command,
            2,
            &["perf_monitor.toml:2:1", "max_memory_mbb", "max_memory_mb"],
        );
    }
    // The doctor examines the machine all the same.
    let ended = place.run("doctor").with(2);
    assert!(
        ended.stderr.contains("max_memory_mbb") && ended.stdout.contains("engine hnsw"),
        "{ended:#?}"
    );
    refused(&place, "bench --config missing.toml", 2, &["missing.toml"]);
}

#[test]
fn a_run_that_fails_leaves_the_last_report_alone() {
    let place = Place::new();
    place.bench("").with(0);
    let before = place.read("data/logs/performance_metrics.json");
    refused(&place, "bench --dataset glov-50", 2, &["glove-50"]);
    refused(
        &place,
        "bench --dataset synthetic:n=50,dim=4 -k 51",
        2,
        &["--k 51"],
    );
    assert_eq!(place.read("data/logs/performance_metrics.json"), before);
}

#[test]
fn a_saved_report_that_is_none_is_refused() {
    let place = Place::new();
    place.write("cut.json", "{\"schema_version\": 1, ");
    place.write("other.json", "{\"name\": \"left-pad\"}");
    refused(&place, "check missing.json", 1, &["missing.json"]);
    refused(&place, "check cut.json", 1, &["cut.json"]);
    refused(
        &place,
        "check other.json",
        1,
        &["other.json", "schema_version"],
    );
    refused(&place, "check", 2, &["<REPORT>"]);
}
