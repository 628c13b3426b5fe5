//! `vecperf record`: the command runs as if nobody watched, and the profile is there whatever ends it.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use vecperf::export::pprof;
use vecperf::profile::Profile;

use crate::{Ended, Place, interrupt};

/// Uses CPU time until it is told not to.
const SPIN: &str = "echo up; while [ ! -e stop ]; do :; done";

/// `vecperf FLAGS -- sh -c SCRIPT`
fn sh(place: &Place, flags: &str, script: &str) -> Command {
    let mut command = place.command(flags);
    command.args(["--", "sh", "-c", script]);
    command
}

/// Where the kernel takes no samples for us there is nothing to record; said aloud.
#[expect(clippy::print_stderr, reason = "a test that checks nothing says so")]
fn refused(stderr: &str) -> bool {
    let refused = stderr.contains("no CPU samples can be taken");
    if refused {
        eprintln!("SKIPPED, perf_event is refused here: {stderr}");
    }
    refused
}

fn profile(place: &Place) -> Profile {
    pprof::read(&fs::read(place.path("vecperf.prof")).unwrap(), 1 << 28).unwrap()
}

fn cpu_ns(profile: &Profile) -> i64 {
    profile.total(profile.value_index("cpu").unwrap())
}

#[test]
fn a_command_keeps_its_output_and_its_exit_code() {
    let place = Place::new();
    let script =
        "echo out; echo err >&2; i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; exit 7";
    let ended = Ended::of(&mut sh(&place, "record", script));
    if refused(&ended.stderr) {
        return;
    }
    let ended = ended.with(7);
    assert_eq!(ended.stdout, "out\n");
    assert!(
        ended.stderr.starts_with("err\nvecperf.prof written\n"),
        "{}",
        ended.stderr
    );
    for words in [
        " samples, ",
        " of CPU in ",
        " of 1,000 a second, ", // and none lost, unless the machine is busy
        " lost",
        "next: vecperf functions vecperf.prof",
    ] {
        assert!(
            ended.stderr.contains(words),
            "no {words} in {}",
            ended.stderr
        );
    }
    assert!(
        ended
            .stderr
            .lines()
            .filter(|line| line.contains(" samples, ") || line.contains(" %  "))
            .all(|line| line.chars().count() <= 80),
        "{}",
        ended.stderr
    );
    assert!(cpu_ns(&profile(&place)) > 0);
    place.run("functions vecperf.prof").with(0);
    place.run("flame vecperf.prof").with(0);

    let again = Ended::of(&mut sh(&place, "record", "echo never")).with(2);
    assert!(
        again.stdout.is_empty() && again.stderr.contains("--force"),
        "{}",
        again.stderr
    );
    let killed = Ended::of(&mut sh(&place, "record --force --quiet", "kill -9 $$")).with(137);
    assert_eq!(killed.stderr, "");
}

#[test]
fn the_command_is_watched_and_not_what_started_it() {
    let place = Place::new();
    let ended = Ended::of(&mut sh(
        &place,
        "record",
        "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done",
    ));
    if refused(&ended.stderr) {
        return;
    }
    ended.with(0);
    let profile = profile(&place);
    let files: Vec<_> = profile
        .mappings
        .iter()
        .map(|mapping| mapping.file.as_str())
        .collect();
    assert!(
        !files.iter().any(|file| file.ends_with("/vecperf")),
        "{files:?}"
    );
    assert!(files.iter().any(|file| file.ends_with("sh")), "{files:?}");
}

#[test]
fn a_command_that_cannot_be_run_is_told() {
    let place = Place::new();
    place.write("text", "no program");
    for (command, words) in [
        ("./nowhere", ["./nowhere: cannot be run", "os error 2"]),
        ("./text", ["./text: cannot be run", "chmod +x"]),
    ] {
        let ended = place.run(&format!("record -- {command}")).with(1);
        if refused(&ended.stderr) {
            return;
        }
        for word in words {
            assert!(
                ended.stderr.contains(word),
                "{command}: no {word} in {}",
                ended.stderr
            );
        }
        assert!(!place.path("vecperf.prof").exists());
    }
}

#[test]
fn what_cannot_be_is_refused_before_the_command_runs() {
    let place = Place::new();
    for (flags, code, words) in [
        ("record", 2, "COMMAND"),
        ("record --pid 1 -- touch ran", 2, "cannot be used with"),
        ("record --pid 0", 2, "must be the number of a process"),
        ("record --pid -3", 2, "must be the number of a process"),
        ("record --pid me", 2, "must be the number of a process"),
        ("record --rate 0 -- touch ran", 2, "1 to 10000"),
        ("record --rate 1e9 -- touch ran", 2, "1 to 10000"),
        ("record --seconds 0 -- touch ran", 2, "longer than 0"),
        (
            "record -o no/where.prof -- touch ran",
            1,
            "no/where.prof: cannot be written",
        ),
        (
            "record -o new/ -- touch ran",
            2,
            "new/: is a directory's name",
        ),
        ("record -o . --force -- touch ran", 2, ".: is a directory"),
        ("record --pid 2147483647", 1, "there is none"),
    ] {
        let ended = place.run(flags).with(code);
        assert!(ended.stderr.contains(words), "{flags}: {}", ended.stderr);
        assert!(
            !ended.stderr.contains("panicked"),
            "{flags}: {}",
            ended.stderr
        );
    }
    assert_eq!(fs::read_dir(place.path("")).unwrap().count(), 0);
}

/// Starts `command` in a group of its own and waits until the script says that it is up; `None`: refused.
fn up(mut command: Command) -> Option<Child> {
    let mut child = command
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    if line == "up\n" {
        return Some(child);
    }
    let stderr = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
    assert!(refused(&stderr), "{stderr}");
    None
}

/// Waits for what `child` is about to do, in vain if it ends instead.
fn until(child: &mut Child, done: impl Fn() -> bool) {
    while !done() && child.try_wait().unwrap().is_none() {
        sleep(Duration::from_millis(20));
    }
}

/// Whether the process has the thread that takes the samples, which is made after it listens for Ctrl-C.
fn takes_samples(process: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{process}/task"));
    threads.into_iter().flatten().flatten().any(|thread| {
        fs::read_to_string(thread.path().join("comm")).is_ok_and(|name| name == "vecperf-cpu\n")
    })
}

/// Ctrl-C at a terminal: the whole group gets it.
fn ctrl_c(child: &Child) {
    let group = format!("-{}", child.id());
    assert!(
        Command::new("kill")
            .args(["-INT", "--", &group])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn ctrl_c_ends_the_command_and_leaves_a_profile() {
    for (trap, code) in [("trap 'exit 5' INT;", 5), ("", 130)] {
        let place = Place::new();
        let Some(child) = up(sh(&place, "record", &format!("{trap} {SPIN}"))) else {
            return;
        };
        ctrl_c(&child);
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(stderr.contains("vecperf.prof written"), "{stderr}");
        profile(&place);
    }
}

#[test]
fn a_signal_to_vecperf_alone_reaches_the_command() {
    for (signal, trap, code) in [
        ("TERM", "trap 'exit 9' TERM;", 9),
        ("TERM", "", 143),
        ("INT", "trap 'exit 5' INT;", 5),
        ("HUP", "", 129),
    ] {
        let place = Place::new();
        let Some(child) = up(sh(&place, "record", &format!("{trap} {SPIN}"))) else {
            return;
        };
        let number = child.id().to_string();
        let kill = Command::new("kill").args(["-s", signal, &number]).status();
        assert!(kill.unwrap().success());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{signal}: {stderr}");
        assert!(stderr.contains("vecperf.prof written"), "{stderr}");
        profile(&place);
    }
}

#[test]
fn what_child_processes_used_is_told() {
    let place = Place::new();
    let script = "(i=0; while [ $i -lt 1000000 ]; do i=$((i+1)); done); true";
    let ended = Ended::of(&mut sh(&place, "record", script));
    if refused(&ended.stderr) {
        return;
    }
    let stderr = ended.with(0).stderr;
    assert!(
        stderr.contains("in child processes of the command"),
        "{stderr}"
    );
}

#[test]
fn a_command_that_goes_on_after_ctrl_c_does_not_keep_the_profile() {
    let place = Place::new();
    let Some(mut child) = up(sh(
        &place,
        "record",
        &format!("trap '' INT; {SPIN}; exit 6"),
    )) else {
        return;
    };
    ctrl_c(&child);
    until(&mut child, || place.path("vecperf.prof").exists());
    place.write("stop", "");
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(6), "{stderr}");
    assert!(stderr.contains("the command still runs"), "{stderr}");
    assert!(cpu_ns(&profile(&place)) > 0);
}

#[test]
fn the_time_ends_the_recording_and_not_the_command() {
    let place = Place::new();
    let Some(mut child) = up(sh(
        &place,
        "record --seconds 100ms",
        &format!("{SPIN}; exit 3"),
    )) else {
        return;
    };
    until(&mut child, || place.path("vecperf.prof").exists());
    place.write("stop", "");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(3));
}

/// A process that spins, and its end.
struct Spinning(Child);

impl Spinning {
    fn new() -> Self {
        let mut child = Command::new("sh")
            .args(["-c", SPIN])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self(child)
    }
}

impl Drop for Spinning {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_running_process_is_watched_for_a_time() {
    let place = Place::new();
    let spinning = Spinning::new();
    let ended = place.run(&format!("record --pid {} --seconds 300ms", spinning.0.id()));
    if refused(&ended.stderr) {
        return;
    }
    assert!(ended.with(0).stderr.contains("next: vecperf functions"));
    assert!(cpu_ns(&profile(&place)) > 0);
}

#[test]
fn a_process_that_ends_early_or_is_let_go_is_written_all_the_same() {
    let place = Place::new();
    let mut spinning = Spinning::new();
    let watch = |flags: &str| {
        let mut command =
            place.command(&format!("record --force --pid {} {flags}", spinning.0.id()));
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let process = child.id();
        until(&mut child, || takes_samples(process));
        sleep(Duration::from_millis(300)); // until it is attached, or not: both must do
        child
    };
    let (let_go, early) = (watch("-o let-go.prof"), watch("--seconds 10m"));
    interrupt(&let_go);
    let output = let_go.wait_with_output().unwrap();
    if refused(&String::from_utf8_lossy(&output.stderr)) {
        return;
    }
    assert_eq!(output.status.code(), Some(0));
    assert!(place.path("let-go.prof").exists());

    spinning.0.kill().unwrap();
    spinning.0.wait().unwrap();
    let output = early.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // Not because the ten minutes were over.
    assert!(profile(&place).duration_nanos < 300_000_000_000);
}

#[test]
fn the_process_of_another_user_is_not_ours_to_watch() {
    let place = Place::new();
    fs::set_permissions(place.path(""), fs::Permissions::from_mode(0o777)).unwrap();
    let own = std::process::id();
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            env!("CARGO_BIN_EXE_vecperf"),
        ])
        .args(["record", "--pid", &own.to_string(), "--seconds", "1"])
        .current_dir(place.path(""));
    match command.output() {
        // Not root, or a binary that nobody may run.
        Ok(output) if String::from_utf8_lossy(&output.stderr).contains("setpriv:") => {
            eprintln!("SKIPPED: {}", String::from_utf8_lossy(&output.stderr));
        }
        Err(error) => eprintln!("SKIPPED, no setpriv: {error}"),
        Ok(output) => {
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{stderr}");
            assert!(stderr.contains("belongs to another user"), "{stderr}");
        }
    }
}
