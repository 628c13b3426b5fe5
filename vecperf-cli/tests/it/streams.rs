//! Data on stdout, everything else on stderr, and what happens when one of them goes away.

use std::process::Stdio;

use crate::{Ended, Place, SMALL};
#[cfg(unix)]
use crate::{interrupt, wait_for};

#[test]
fn quiet_says_nothing_on_stderr_and_data_stay() {
    let ended = Place::new().bench("--quiet").with(0);
    assert_eq!(ended.stderr, "");
    assert!(ended.stdout.contains("search"));
}

#[test]
fn a_log_file_gets_a_line_for_each_phase_and_no_control_characters() {
    let ended = Place::new()
        .run(&format!("bench --dataset {SMALL} -n 50 --warm-up 10ms"))
        .with(0);
    for phase in ["load", "build", "warm-up", "search"] {
        let lines = ended
            .stderr
            .lines()
            .filter(|line| line.starts_with(&format!("{phase}: ")))
            .count();
        assert_eq!(lines, 2, "{phase}: begin and end in {}", ended.stderr);
    }
    assert!(
        !ended.stderr.contains('\x1b') && !ended.stdout.contains('\x1b'),
        "{ended:#?}"
    );
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let place = Place::new();
    for format in ["table", "json", "markdown"] {
        let mut command = place.command(&format!(
            "bench --dataset {SMALL} -n 50 --warm-up 0 --format {format}"
        ));
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take()); // `| head -0`
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{format}: {stderr}");
        assert!(
            !stderr.contains("panicked") && !stderr.contains("error"),
            "{format}: {stderr}"
        );
        assert!(place.report().complete);
    }
}

#[test]
fn a_log_reader_that_went_away_is_no_error_either() {
    let place = Place::new();
    let mut command = place.command(&format!("bench --dataset {SMALL} -n 50 --warm-up 0"));
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(place.report().complete);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_stdout_is_an_error_and_the_file_is_written() {
    let place = Place::new();
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = place.command(&format!("bench --dataset {SMALL} -n 50 --warm-up 0"));
    let output = command
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("stdout: cannot be written"), "{stderr}");
    assert!(place.report().complete);
}

#[cfg(unix)]
#[test]
fn two_at_a_time_in_one_directory_do_not_overwrite_each_other() {
    let place = Place::new();
    let mut command = place.command(&format!("bench --dataset {SMALL} -d 60s --warm-up 0"));
    let mut first = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(first.stderr.as_mut().unwrap(), "search:");

    let second = place.bench("").with(0);
    assert!(
        second.stdout.contains("in use by another vecperf"),
        "{}",
        second.stdout
    );
    let of_second = second
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("report: "))
        .unwrap()
        .to_owned();
    assert_ne!(of_second, "data/logs/performance_metrics.json");

    interrupt(&first);
    assert_eq!(first.wait().unwrap().code(), Some(130));
    assert!(!place.report().complete); // the first one's
    assert!(
        vecperf::Report::read(place.path(&of_second))
            .unwrap()
            .complete
    );
}

#[test]
fn colour_is_for_terminals() {
    let place = Place::new();
    let help = place.run("--help").with(0);
    assert!(!help.stdout.contains('\x1b'));
    let wrong = Ended::of(
        place
            .command("bench --nonsense")
            .env("CLICOLOR_FORCE", "1")
            .env("NO_COLOR", "1"),
    )
    .with(2);
    assert!(!wrong.stderr.contains('\x1b'), "{}", wrong.stderr);
    let wrong = Ended::of(
        place
            .command("--no-color bench --nonsense")
            .env("CLICOLOR_FORCE", "1"),
    )
    .with(2);
    assert!(!wrong.stderr.contains('\x1b'), "{}", wrong.stderr);
}
