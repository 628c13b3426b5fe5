//! Settings as a user meets them: the sample file, the seed's file, precedence, and what a slip is answered with.

use std::path::Path;

use vecperf::config::{Origin, Resolved};
use vecperf::{ErrorKind, Settings};

/// The file that vecperf's users have had from the start.
const SEED: &str = r#"[monitoring]
enabled = true
sample_rate = 1000  # samples per second
memory_tracking = true
cpu_profiling = true

[thresholds]
max_memory_mb = 1024
max_cpu_percent = 80
max_response_time_ms = 100

[output]
directory = "data/logs"
metrics_file = "performance_metrics.json"
profiling_file = "profiling_data.prof"
"#;

pub(crate) const NO_VARIABLES: [(&str, &str); 0] = [];

fn told(text: &str) -> String {
    let error = Settings::from_toml(text, "f.toml").expect_err(text);
    assert_eq!(error.kind(), ErrorKind::Settings);
    error.to_string()
}

#[test]
fn the_sample_equals_the_defaults_and_names_every_key() {
    let sample = Settings::sample();
    assert_eq!(
        Settings::from_toml(sample, "perf_monitor.toml").unwrap(),
        Settings::default()
    );
    let resolved =
        Resolved::from_sources(Some((sample, "perf_monitor.toml")), NO_VARIABLES).unwrap();
    for entry in resolved.entries() {
        let own = entry.key.rsplit('.').next().unwrap();
        if entry.value.is_some() {
            assert_ne!(
                entry.origin,
                Origin::Default,
                "{} is not in the sample",
                entry.key
            );
        } else {
            assert!(
                sample.contains(&format!("\n# {own} = ")),
                "{} is not in the sample",
                entry.key
            );
        }
    }
}

/// The sample with its optional keys, which it shows commented out.
pub(crate) fn uncommented() -> String {
    let setting = |line: &str| {
        let bare = line.strip_prefix("# ")?;
        let key = bare.split_once(" = ").map(|(key, _)| key);
        let is_key = key.is_some_and(|key| key.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        (is_key || bare.starts_with('[')).then(|| bare.to_owned())
    };
    let lines = Settings::sample()
        .lines()
        .map(|line| setting(line).unwrap_or_else(|| line.to_owned()));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_optional_keys_of_the_sample_load_when_uncommented() {
    let settings = Settings::from_toml(&uncommented(), "f.toml").unwrap();
    assert_eq!(settings.thresholds.min_recall, Some(0.95));
    assert_eq!(settings.thresholds.max_error_percent, Some(0.1));
    assert_eq!(
        settings.thresholds.max_memory_growth_mb_per_hour,
        Some(64.0)
    );
    assert_eq!(
        settings.thresholds.max_allocations_per_operation,
        Some(500.0)
    );
    assert_eq!(settings.serve.socket.as_deref(), Some(Path::new("auto")));
    assert_eq!(settings.serve.port, Some(9187));
    let search = &settings.thresholds.operations["search"];
    assert_eq!(search.max_allocations_per_operation, Some(3.0));
    assert_eq!(search.max_response_time_ms, Some(20.0));
    assert_eq!(search.max_violation_percent, Some(0.1));
    assert_eq!(search.min_samples, Some(1000));
    assert_eq!(search.max_error_percent, Some(0.01));
    assert_eq!(search.min_recall, Some(0.98));
}

#[test]
fn the_seeds_file_loads_word_for_word() {
    assert_eq!(
        Settings::from_toml(SEED, "perf_monitor.toml").unwrap(),
        Settings::default()
    );
}

#[test]
fn spelling_of_the_file_itself_does_not_matter() {
    for text in [
        "",
        "\n# nothing\n",
        &format!("\u{FEFF}{SEED}"),
        &SEED.replace('\n', "\r\n"),
        SEED.trim_end(),
    ] {
        assert_eq!(
            Settings::from_toml(text, "f.toml").unwrap(),
            Settings::default(),
            "{text:?}"
        );
    }
    let dotted = "monitoring.sample_rate = 0x1_F4\noutput = { directory = 'x' }\n";
    let settings = Settings::from_toml(dotted, "f.toml").unwrap();
    assert_eq!(
        (
            settings.monitoring.sample_rate,
            settings.output.directory.as_path()
        ),
        (500, Path::new("x"))
    );
}

#[test]
fn a_slip_is_answered_with_its_place_and_the_remedy() {
    for (text, answer) in [
        (
            "[monitoring]\nsample_rat = 5\n",
            "f.toml:2:1: `monitoring.sample_rat` is no setting; did you mean `sample_rate`?",
        ),
        (
            "[monitorin]\nenabled = true\n",
            "f.toml:1:2: `monitorin` is no setting; did you mean `monitoring`?",
        ),
        (
            "enabled = true\n",
            "f.toml:1:1: `enabled` is no setting; it belongs in [monitoring]",
        ),
        (
            "[thresholds]\ndirectory = 'x'\n",
            "f.toml:2:1: `thresholds.directory` is no setting; it belongs in [output]",
        ),
        (
            "[output]\nx = 1\n",
            "f.toml:2:1: `output.x` is no setting; this section has directory, metrics_file, profiling_file",
        ),
        (
            "[monitoring]\nenabled = \"yes\"\n",
            "f.toml:2:11: `monitoring.enabled` is \"yes\"; allowed is true or false; this is a text",
        ),
        (
            "[monitoring]\nenabled = 1\n",
            "f.toml:2:11: `monitoring.enabled` is 1; allowed is true or false; this is a number",
        ),
        (
            "[monitoring]\nsample_rate = '5'\n",
            "f.toml:2:15: `monitoring.sample_rate` is '5'; allowed is a whole number from 1 to 10000; leave the quotes away",
        ),
        (
            "[monitoring]\nsample_rate = 2.5\n",
            "f.toml:2:15: `monitoring.sample_rate` is 2.5; allowed is a whole number from 1 to 10000; this is not whole",
        ),
        (
            "[thresholds]\nmax_memory_mb = nan\n",
            "f.toml:2:17: `thresholds.max_memory_mb` is nan; allowed is a number above 0, up to 1000000000",
        ),
        (
            "[thresholds]\nmax_memory_mb = -inf\n",
            "f.toml:2:17: `thresholds.max_memory_mb` is -inf; allowed is",
        ),
        (
            "[thresholds]\nmax_memory_mb = 1e999\n",
            "f.toml:2:17: `thresholds.max_memory_mb` is 1e999; allowed is",
        ),
        (
            "[thresholds]\nmin_samples = 999999999999999999999999999999999999999999\n",
            "f.toml:2:15: `thresholds.min_samples` is 99999",
        ),
        (
            "[thresholds]\nmin_recall = 95\n",
            "allowed is a number above 0, up to 1; 95 percent is 0.95",
        ),
        (
            "[thresholds]\nmax_cpu_percent = [80]\n",
            "`thresholds.max_cpu_percent` is [80]; allowed is a number above 0, up to 100; this is a list",
        ),
        (
            "[output]\nmetrics_file = '../x'\n",
            "f.toml:2:16: `output.metrics_file` is '../x'; allowed is a plain file name in quotes, such as \"metrics.json\"; it may not contain the separator `/`",
        ),
        ("[output]\nmetrics_file = 'NUL'\n", "NUL is a device"),
        ("[output]\ndirectory = '../x'\n", "`..` could lead anywhere"),
        ("[output]\ndirectory = \"a\\u001b[31m\"\n", "U+001B"),
        (
            "[output]\nmetrics_file = 'Profiling_Data.prof'\n",
            "f.toml:2: `output.metrics_file` and `output.profiling_file` are both \"Profiling_Data.prof\"",
        ),
        (
            "[thresholds.operation.search]\nmin_recall = 1\n",
            "`thresholds.operation` is no setting; did you mean `operations`?",
        ),
        (
            "[thresholds.operations]\nmin_recall = 1\n",
            "which operation is `min_recall` about? Write [thresholds.operations.search] above it",
        ),
        (
            "[thresholds.operations.search]\nmin_recal = 1\n",
            "f.toml:2:1: `thresholds.operations.search.min_recal` is no setting; did you mean `min_recall`?",
        ),
        (
            "[thresholds.operations.search]\nmax_memory_mb = 1\n",
            "it belongs in [thresholds]",
        ),
        (
            "[thresholds.operations.search]\nmin_recall = 2\n",
            "f.toml:2:14: `thresholds.operations.search.min_recall` is 2; allowed is",
        ),
        (
            "[[monitoring]]\nenabled = true\n",
            "`monitoring` is a section: write [monitoring]",
        ),
        (
            "monitoring = true\n",
            "`monitoring` is a section: write [monitoring], and below it enabled, sample_rate,",
        ),
        ("[monitoring]\nenabled = yes\n", "f.toml:2:11: "),
        (
            "[monitoring]\nenabled = yes\n",
            "in `enabled = yes`; `monitoring.enabled` is true or false",
        ),
        (
            "[monitoring]\nsample_rate 5\n",
            "in `sample_rate 5`; `monitoring.sample_rate` is a whole number from 1 to 10000",
        ),
        ("[monitoring\nenabled = true\n", "in `[monitoring`"),
        (
            "[monitoring]\nenabled = true\nenabled = false\n",
            "f.toml:3:1: `enabled = false` sets again what was set above; leave one of the two",
        ),
        (
            "[monitoring]\n[output]\n[monitoring]\n",
            "f.toml:3:2: `[monitoring]` sets again",
        ),
        ("[monitoring]\n\u{7}\n", "f.toml:2:"),
    ] {
        let told = told(text);
        assert!(
            told.contains(answer),
            "{text}\n  told: {told}\n  want: {answer}"
        );
        assert!(!told.contains(['\u{1b}', '\u{7}']), "{told:?}");
    }
}

#[test]
fn everything_wrong_is_told_at_once_in_the_order_of_the_file() {
    let text = "[thresholds]\nmax_cpu_percent = 0\nmax_memory_mb = = 1\nmin_recal = 1\n\n[output]\nmetrics_file = ''\n";
    let told = told(text);
    let places: Vec<&str> = told
        .lines()
        .skip(1)
        .map(|line| line.trim().split(": ").next().unwrap())
        .collect();
    assert_eq!(
        places,
        ["f.toml:2:19", "f.toml:3:17", "f.toml:4:1", "f.toml:7:16"],
        "{told}"
    );
    assert!(told.starts_with("4 settings are wrong:"), "{told}");
}

#[test]
fn a_file_of_something_else_gets_a_short_answer_soon() {
    // Comparing each with all right keys took minutes for a megabyte of other people's keys, sections, and lines that are no TOML.
    let keys: String = (0..20_000).map(|i| format!("k{i} = 1\n")).collect();
    let sections: String = (0..20_000)
        .map(|i| format!("[thresholds.operations.o{i}]\nx=1\n"))
        .collect();
    for text in [
        &"?? \u{1b}[2J binary \n".repeat(10_000),
        &keys,
        &sections,
        &"[".repeat(100_000),
    ] {
        let told = told(text);
        assert!(told.lines().count() <= 22 && told.len() < 10_000, "{told}");
        assert!(told.contains("more") || told.lines().count() == 1, "{told}");
    }
}

#[test]
fn precedence_is_defaults_file_environment_flags() {
    let file = "[thresholds]\nmax_memory_mb = 256\nmax_cpu_percent = 50\n\n[thresholds.operations.\"k-NN search\"]\n";
    let mut resolved = Resolved::from_sources(
        Some((file, "dir/perf_monitor.toml")),
        [
            ("VECPERF_THRESHOLDS__MAX_MEMORY_MB", "512"),
            ("VECPERF_THRESHOLDS__OPERATIONS__SEARCH__MIN_RECALL", "0.9"),
            (
                "VECPERF_THRESHOLDS__OPERATIONS__K_NN_SEARCH__MIN_SAMPLES",
                " 7 ",
            ),
            ("VECPERF_OUTPUT__DIRECTORY", "/srv/logs"),
            ("VECPERF_CACHE_DIR", "not a setting"),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    resolved
        .set("output.directory", "here", "--output")
        .unwrap();

    let settings = &resolved.settings;
    assert_eq!(settings.thresholds.max_memory_mb, 512.0);
    assert_eq!(settings.thresholds.max_cpu_percent, 50.0);
    assert_eq!(
        settings.thresholds.operations["search"].min_recall,
        Some(0.9)
    );
    assert_eq!(
        settings.thresholds.operations["k-NN search"].min_samples,
        Some(7)
    );
    assert_eq!(settings.output.directory, Path::new("here"));

    let entries = resolved.entries();
    let origin = |key: &str| {
        entries
            .iter()
            .find(|entry| entry.key == key)
            .expect(key)
            .origin
            .to_string()
    };
    assert_eq!(origin("monitoring.enabled"), "default");
    assert_eq!(
        origin("thresholds.max_cpu_percent"),
        "dir/perf_monitor.toml:3"
    );
    assert_eq!(
        origin("thresholds.max_memory_mb"),
        "environment variable VECPERF_THRESHOLDS__MAX_MEMORY_MB"
    );
    assert_eq!(
        origin("thresholds.operations.\"k-NN search\".min_samples"),
        "environment variable VECPERF_THRESHOLDS__OPERATIONS__K_NN_SEARCH__MIN_SAMPLES"
    );
    assert_eq!(origin("output.directory"), "flag --output");
}

#[test]
fn each_variable_named_by_config_show_works() {
    let with = format!("{}\n", uncommented());
    for entry in Resolved::from_sources(Some((&with, "f.toml")), NO_VARIABLES)
        .unwrap()
        .entries()
    {
        let value = entry.value.expect("all are set").to_string();
        let value = value.trim_matches('"');
        let resolved =
            Resolved::from_sources(Some((&with, "f.toml")), [(entry.variable.as_str(), value)])
                .unwrap();
        assert_eq!(
            resolved.origin(&entry.key),
            Origin::Environment {
                variable: entry.variable
            }
        );
    }
}

#[test]
fn a_wrong_variable_is_named_with_the_right_one() {
    for (name, value, answer) in [
        (
            "VECPERF_THRESHOLDS__MAX_MEMORY_MB",
            "lots",
            "environment variable VECPERF_THRESHOLDS__MAX_MEMORY_MB: `thresholds.max_memory_mb` is \"lots\"; allowed is a number above 0",
        ),
        (
            "VECPERF_THRESHOLDS__MAX_MEMORY_MB",
            "",
            "the value is empty",
        ),
        (
            "VECPERF_MONITORING__ENABLED",
            "yes",
            "`monitoring.enabled` is \"yes\"; allowed is true or false",
        ),
        (
            "VECPERF_MONITORING__SAMPLE_RATE",
            "NaN",
            "allowed is a whole number from 1 to 10000",
        ),
        (
            "VECPERF_TRESHOLDS__MAX_MEMORY_MB",
            "1",
            "environment variable VECPERF_TRESHOLDS__MAX_MEMORY_MB: this is no setting; did you mean VECPERF_THRESHOLDS__MAX_MEMORY_MB?",
        ),
        (
            "VECPERF_MAX_MEMORY_MB",
            "1",
            "did you mean VECPERF_THRESHOLDS__MAX_MEMORY_MB?",
        ),
        (
            "VECPERF_THRESHOLDS_MAX_MEMORY_MB",
            "1",
            "did you mean VECPERF_THRESHOLDS__MAX_MEMORY_MB?",
        ),
        (
            "VECPERF_THRESHOLDS__OPERATIONS__INSERT__MIN_RECAL",
            "1",
            "did you mean VECPERF_THRESHOLDS__OPERATIONS__INSERT__MIN_RECALL?",
        ),
        (
            "VECPERF_",
            "1",
            "this is no setting; a variable reads like VECPERF_MONITORING__ENABLED",
        ),
        ("VECPERF_OUTPUT__METRICS_FILE", "a/b", "separator"),
        (
            "VECPERF_OUTPUT__METRICS_FILE",
            "profiling_data.prof",
            "environment variable VECPERF_OUTPUT__METRICS_FILE: `output.metrics_file` and",
        ),
    ] {
        let told = Resolved::from_sources(None, [(name, value)])
            .expect_err(name)
            .to_string();
        assert!(
            told.contains(answer),
            "{name}={value}\n  told: {told}\n  want: {answer}"
        );
    }
    let both = Resolved::from_sources(Some(("x = 1", "f.toml")), [("VECPERF_X", "1")])
        .unwrap_err()
        .to_string();
    assert!(
        both.contains("f.toml:1:1") && both.contains("VECPERF_X"),
        "{both}"
    );
}

#[test]
fn a_wrong_flag_changes_nothing() {
    let mut resolved = Resolved::default();
    for (key, value, answer) in [
        (
            "output.directory",
            "",
            "flag --x: `output.directory` is \"\"; allowed is a directory",
        ),
        (
            "output.metrics_file",
            "profiling_data.prof",
            "flag --x: `output.metrics_file` and",
        ),
        (
            "thresholds.max_memory",
            "1",
            "`thresholds.max_memory` is no setting; did you mean `max_memory_mb`?",
        ),
        (
            "thresholds.operations.search.min_recall",
            "1.5",
            "`thresholds.operations.search.min_recall` is \"1.5\"",
        ),
    ] {
        let told = resolved.set(key, value, "--x").expect_err(key).to_string();
        assert!(
            told.contains(answer),
            "{key}={value}\n  told: {told}\n  want: {answer}"
        );
    }
    assert_eq!(resolved, Resolved::default());
}

#[test]
fn settings_made_by_a_program_meet_the_same_rules() {
    let mut settings = Settings::default();
    settings.thresholds.max_memory_mb = f64::NAN;
    settings.monitoring.series_points = 0;
    settings.output.profiling_file = settings.output.metrics_file.clone();
    settings
        .thresholds
        .operations
        .entry("search".to_owned())
        .or_default()
        .min_recall = Some(1.5);
    let told = settings.validate().unwrap_err().to_string();
    for part in [
        "4 settings are wrong",
        "`thresholds.max_memory_mb` is NaN; allowed is a number above 0",
        "`monitoring.series_points` is 0; allowed is a whole number from 2",
        "are both \"performance_metrics.json\"",
        "`thresholds.operations.search.min_recall` is 1.5",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn the_fingerprint_tells_settings_apart() {
    let settings = Settings::default();
    let mut other = settings.clone();
    other
        .thresholds
        .operations
        .entry("search".to_owned())
        .or_default()
        .min_samples = Some(5);
    assert_eq!(
        settings.fingerprint(),
        Settings::from_toml(SEED, "f").unwrap().fingerprint()
    );
    assert_ne!(settings.fingerprint(), other.fingerprint());
    assert_eq!(settings.fingerprint().len(), 16);
}

#[test]
fn a_path_without_a_settings_file_says_what_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let large = directory.path().join("large");
    std::fs::File::create(&large)
        .unwrap()
        .set_len(100_000_000)
        .unwrap();
    for (path, kind, answer) in [
        (
            directory.path().join("none.toml"),
            ErrorKind::Io,
            "`vecperf init` writes a commented settings file",
        ),
        (
            directory.path().to_owned(),
            ErrorKind::Io,
            "this is a directory",
        ),
        (large, ErrorKind::Settings, "larger than 1 MiB"),
        (
            write("latin1", b"[output]\n# gr\xFC\xDFe\n"),
            ErrorKind::Settings,
            "line 2 is not valid UTF-8",
        ),
        (
            write("utf16", b"\xFF\xFE[\0o\0"),
            ErrorKind::Settings,
            "UTF-16",
        ),
    ] {
        let error = Settings::load(&path).expect_err(answer);
        let told = error.to_string();
        assert_eq!(error.kind(), kind, "{told}");
        assert!(
            told.contains(answer) && told.contains(&path.display().to_string()),
            "{told}"
        );
    }
    assert_eq!(
        Settings::load(&write("good.toml", SEED.as_bytes())).unwrap(),
        Settings::default()
    );
}
