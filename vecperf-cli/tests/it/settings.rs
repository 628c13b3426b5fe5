//! Which setting wins: default < file < environment < flag.

use crate::{Ended, Place, SMALL};

/// The line of `config show` about `key`.
fn shown(ended: &Ended, key: &str) -> String {
    let line = ended
        .stdout
        .lines()
        .find(|line| line.starts_with(&format!("{key} =")));
    line.unwrap_or_else(|| panic!("no {key} in {}", ended.stdout))
        .to_owned()
}

#[test]
fn config_show_tells_value_and_origin_of_each_key() {
    let place = Place::new();
    let ended = place.run("config show").with(0);
    assert!(shown(&ended, "thresholds.max_memory_mb").ends_with("# default"));
    assert!(ended.stdout.contains("thresholds.min_recall is not set"));

    place.write(
        "perf_monitor.toml",
        "[thresholds]\nmax_memory_mb = 256\nmax_cpu_percent = 50\n",
    );
    let ended = Ended::of(
        place
            .command("config show")
            .env("VECPERF_THRESHOLDS__MAX_MEMORY_MB", "512"),
    )
    .with(0);
    assert!(shown(&ended, "thresholds.max_cpu_percent").contains("= 50 "));
    assert!(shown(&ended, "thresholds.max_cpu_percent").ends_with("# perf_monitor.toml:3"));
    assert!(shown(&ended, "thresholds.max_memory_mb").contains("= 512 "));
    assert!(
        shown(&ended, "thresholds.max_memory_mb").ends_with("VECPERF_THRESHOLDS__MAX_MEMORY_MB")
    );
}

#[test]
fn a_named_file_is_read_instead_of_the_one_that_lies_here() {
    let place = Place::new();
    place.write("perf_monitor.toml", "[thresholds]\nmax_memory_mb = 256\n");
    place.write("other.toml", "[thresholds]\nmax_cpu_percent = 50\n");
    let ended = place.run("config show --config other.toml").with(0);
    assert!(shown(&ended, "thresholds.max_memory_mb").ends_with("# default"));
    assert!(shown(&ended, "thresholds.max_cpu_percent").ends_with("# other.toml:2"));
}

#[test]
fn a_flag_beats_the_environment_and_the_environment_the_file() {
    let place = Place::new();
    place.write("perf_monitor.toml", "[output]\ndirectory = \"of-file\"\n");
    let bench = format!("bench -q --dataset {SMALL} -n 20 --warm-up 0");
    place.run(&bench).with(0);
    assert!(place.path("of-file/performance_metrics.json").exists());

    Ended::of(
        place
            .command(&bench)
            .env("VECPERF_OUTPUT__DIRECTORY", "of-environment"),
    )
    .with(0);
    assert!(
        place
            .path("of-environment/performance_metrics.json")
            .exists()
    );

    let flag = format!("{bench} --output of-flag");
    Ended::of(
        place
            .command(&flag)
            .env("VECPERF_OUTPUT__DIRECTORY", "of-nobody"),
    )
    .with(0);
    assert!(place.path("of-flag/performance_metrics.json").exists());
    assert!(!place.path("of-nobody").exists());
}

#[test]
fn init_writes_the_defaults_and_overwrites_only_by_force() {
    let place = Place::new();
    place.run("init").with(0);
    let sample = place.read("perf_monitor.toml");
    assert_eq!(sample, vecperf::Settings::sample());

    place.write("perf_monitor.toml", "# mine\n");
    let ended = place.run("init").with(2);
    assert!(
        ended.stderr.contains("perf_monitor.toml") && ended.stderr.contains("--force"),
        "{}",
        ended.stderr
    );
    assert_eq!(place.read("perf_monitor.toml"), "# mine\n");
    place.run("init --force").with(0);
    assert_eq!(place.read("perf_monitor.toml"), sample);

    place.run("init ci/strict.toml").with(0);
    assert_eq!(place.read("ci/strict.toml"), sample);
    place.run("init perf_monitor.toml/x").with(1);
}

/// The size limit stands for a full disk.
#[cfg(unix)]
#[test]
fn an_init_that_runs_out_of_space_leaves_what_was_there() {
    let place = Place::new();
    place.write("perf_monitor.toml", "# mine\n");
    let limited = "trap '' XFSZ; ulimit -f 1; exec \"$0\" init --force";
    let ended = std::process::Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_vecperf")])
        .current_dir(place.path(""))
        .output()
        .unwrap();
    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("perf_monitor.toml: cannot be written"),
        "{stderr}"
    );
    assert_eq!(place.read("perf_monitor.toml"), "# mine\n");
    assert_eq!(std::fs::read_dir(place.path("")).unwrap().count(), 1);
}
