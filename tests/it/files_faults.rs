//! Old or new under kill, full disk, size limits and read-only places: each in a process of its own.
//!
//! The functions marked `#[ignore]` are the bodies of those processes; the tests above them start them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use vecperf::Report;
use vecperf::config::Output;
use vecperf::export::files::OutputDirectory;
#[cfg(unix)]
use vecperf::export::files::replace;
use vecperf::export::json;

use crate::report_sample::sample;

const PLACE: &str = "VECPERF_TEST_PLACE";

/// The place a child is to work in.
fn place() -> PathBuf {
    std::env::var_os(PLACE)
        .expect("started by the test above")
        .into()
}

/// The arguments that run the function `name` of this file in a process of its own.
fn child_arguments(name: &str) -> [String; 4] {
    [
        "--exact".into(),
        format!("files_faults::{name}"),
        "--ignored".into(),
        "--nocapture".into(),
    ]
}

fn child(name: &str, place: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(child_arguments(name)).env(PLACE, place);
    command
}

fn output(directory: &Path) -> Output {
    Output {
        directory: directory.to_owned(),
        ..Output::default()
    }
}

fn temporaries(directory: &Path) -> usize {
    let names = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    names
        .filter(|name| name.to_string_lossy().ends_with(".tmp"))
        .count()
}

/// The number that the child wrote into its report.
fn round(report: &Report) -> u32 {
    report
        .notes
        .first()
        .and_then(|note| note.parse().ok())
        .expect("the child numbers its reports")
}

#[test]
fn killed_at_any_moment_a_writer_leaves_a_whole_file() {
    let room = tempfile::tempdir().unwrap();
    let path = room.path().join("performance_metrics.json");
    let mut last = 0;
    let mut left_behind = 0;
    for kill in 0..20 {
        let mut writer = child("writes_for_ever", room.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Let it replace the file a few times, then kill it wherever it is.
        let mut seen = 0;
        while seen <= kill % 4 {
            assert!(
                writer.try_wait().unwrap().is_none(),
                "the writer ended by itself"
            );
            if path.exists() {
                let now = round(&Report::read(&path).unwrap());
                seen += u32::from(now != std::mem::replace(&mut last, now));
            }
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        Report::read(&path).unwrap();
        left_behind += temporaries(room.path());
        let next = OutputDirectory::open(&output(room.path())).unwrap();
        assert_eq!(next.note(), None, "the lock of the dead is free");
        assert_eq!(temporaries(room.path()), 0, "what the dead left is removed");
    }
    assert!(
        left_behind > 0,
        "no kill hit a write: this test tests nothing"
    );
}

#[test]
#[ignore = "a process of killed_at_any_moment_a_writer_leaves_a_whole_file"]
fn writes_for_ever() {
    let directory = OutputDirectory::open(&output(&place())).unwrap();
    let mut report = sample();
    report.notes = vec!["ROUND".into()];
    report.series = vec![report.series[0].clone(); 200];
    let text = json(&report);
    for round in std::process::id().. {
        let text = text.replacen("ROUND", &round.to_string(), 1);
        directory
            .write("performance_metrics.json", text.as_bytes())
            .unwrap();
    }
}

#[test]
fn a_second_process_gets_names_of_its_own() {
    let room = tempfile::tempdir().unwrap();
    let first = OutputDirectory::open(&output(room.path())).unwrap();
    first.write("performance_metrics.json", b"first").unwrap();
    let mut second = child("writes_once", room.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let pid = second.id();
    assert!(second.wait().unwrap().success());
    assert_eq!(fs::read(first.metrics_path()).unwrap(), b"first");
    let names = fs::read_dir(room.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: Vec<_> = names
        .filter(|name| name.contains(&pid.to_string()))
        .collect();
    assert_eq!(names, [format!("performance_metrics.{pid}-1.json")]);
}

#[test]
#[ignore = "a process of a_second_process_gets_names_of_its_own"]
fn writes_once() {
    let directory = OutputDirectory::open(&output(&place())).unwrap();
    assert!(
        directory
            .note()
            .unwrap()
            .contains("in use by another vecperf")
    );
    directory
        .write("performance_metrics.json", b"second")
        .unwrap();
}

/// A file of 200,000 bytes finds no place: the error says so, and the old file is there.
#[cfg(unix)]
fn assert_too_large(remedy: &str) {
    let place = place();
    let directory = OutputDirectory::open(&output(&place)).unwrap();
    let path = directory.write("performance_metrics.json", b"old").unwrap();
    let error = directory
        .write("performance_metrics.json", &[b'x'; 200_000])
        .unwrap_err()
        .to_string();
    for words in [
        "performance_metrics.json: ",
        "200000 bytes needed",
        "what was there is unchanged",
        remedy,
    ] {
        assert!(error.contains(words), "{error}\nlacks: {words}");
    }
    assert_eq!(fs::read(path).unwrap(), b"old");
    assert_eq!(temporaries(&place), 0);
}

/// The child must run and succeed.
#[cfg(unix)]
fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&text)
    );
    assert!(
        String::from_utf8_lossy(&text).contains("1 passed"),
        "the child ran: {}",
        String::from_utf8_lossy(&text)
    );
}

/// The child, started by a shell that does `first` before.
#[cfg(unix)]
fn shell(first: &str, name: &str, place: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-ec", &format!("{first}; exec \"$@\"")])
        .arg("sh");
    command
        .arg(std::env::current_exe().unwrap())
        .args(child_arguments(name))
        .env(PLACE, place);
    command
}

#[test]
#[cfg(unix)]
fn a_size_limit_leaves_the_old_file() {
    let room = tempfile::tempdir().unwrap();
    succeeds(&mut shell(
        "trap '' XFSZ; ulimit -f 64",
        "is_over_the_size_limit",
        room.path(),
    ));
}

#[test]
#[cfg(unix)]
#[ignore = "a process of a_size_limit_leaves_the_old_file"]
fn is_over_the_size_limit() {
    assert_too_large("ulimit -f");
}

/// Runs the child in a mount namespace of its own, where `mount` was done at its place; skipped where this
/// system does not let us.
#[cfg(target_os = "linux")]
fn mounted(mount: &str, name: &str, place: &Path) {
    let unshare = |script: &mut Command| {
        let mut command = Command::new("unshare");
        command
            .args(["--map-root-user", "--mount"])
            .arg(script.get_program())
            .args(script.get_args())
            .env(PLACE, place);
        command
    };
    let mut probe = Command::new("sh");
    probe.args(["-ec", mount]);
    match unshare(&mut probe).output() {
        Ok(output) if output.status.success() => {
            succeeds(&mut unshare(&mut shell(mount, name, place)));
        }
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr);
            println!("skipped: no mount namespace here: {}", why.trim());
        }
        Err(error) => println!("skipped: no unshare here: {error}"),
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_leaves_the_old_file() {
    let room = tempfile::tempdir().unwrap();
    mounted(
        &format!("mount -t tmpfs -o size=64k none \"${PLACE}\""),
        "is_on_a_full_disk",
        room.path(),
    );
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "a process of a_full_disk_leaves_the_old_file"]
fn is_on_a_full_disk() {
    assert_too_large("free space on its disk");
}

#[test]
#[cfg(target_os = "linux")]
fn a_read_only_disk_is_told_at_the_start() {
    let room = tempfile::tempdir().unwrap();
    mounted(
        &format!("mount -t tmpfs -o ro none \"${PLACE}\""),
        "is_on_a_read_only_disk",
        room.path(),
    );
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "a process of a_read_only_disk_is_told_at_the_start"]
fn is_on_a_read_only_disk() {
    for directory in [place(), place().join("below")] {
        let error = OutputDirectory::open(&output(&directory))
            .unwrap_err()
            .to_string();
        assert!(error.contains("read-only: set output.directory"), "{error}");
    }
}

#[test]
#[cfg(unix)]
fn a_directory_of_somebody_else_is_told_at_the_start() {
    use std::os::unix::fs::PermissionsExt;
    let room = tempfile::tempdir().unwrap();
    fs::set_permissions(room.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let denied = |error: &str| assert!(error.contains("let this user write there"), "{error}");
    match OutputDirectory::open(&output(room.path())) {
        Err(error) => denied(&error.to_string()),
        // Permissions do not bind root.
        Ok(_) => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
            command
                .arg(std::env::current_exe().unwrap())
                .args(child_arguments("may_not_write"))
                .env(PLACE, room.path());
            match Command::new("setpriv").arg("--version").output() {
                Ok(_) => succeeds(&mut command),
                Err(error) => println!("skipped: this is root, and there is no setpriv: {error}"),
            }
        }
    }
}

#[test]
#[cfg(unix)]
#[ignore = "a process of a_directory_of_somebody_else_is_told_at_the_start"]
fn may_not_write() {
    let error = OutputDirectory::open(&output(&place()))
        .unwrap_err()
        .to_string();
    assert!(error.contains("let this user write there"), "{error}");
}

#[test]
#[cfg(unix)]
fn permissions_follow_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let room = tempfile::tempdir().unwrap();
    for (umask, mode) in [("022", 0o644), ("077", 0o600), ("000", 0o644)] {
        succeeds(&mut shell(
            &format!("umask {umask}"),
            "writes_a_file",
            room.path(),
        ));
        let found = fs::metadata(room.path().join("report.md"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(found & 0o777, mode, "umask {umask}");
    }
}

#[test]
#[cfg(unix)]
#[ignore = "a process of permissions_follow_the_umask"]
fn writes_a_file() {
    replace(&place().join("report.md"), b"x").unwrap();
}

/// What stands in the way stays as it is, and the error says what it is.
#[test]
#[cfg(unix)]
fn links_pipes_sockets_and_devices_are_refused() {
    use std::os::unix::fs::symlink;
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    fs::create_dir(at("real")).unwrap();
    fs::write(at("precious"), "mine").unwrap();
    symlink(at("real"), at("link")).unwrap();
    symlink(at("nowhere"), at("dangling")).unwrap();
    let refused = |directory: PathBuf, words: &str| {
        let error = OutputDirectory::open(&output(&directory))
            .unwrap_err()
            .to_string();
        assert!(error.contains(words), "{error}\nlacks: {words}");
    };
    refused(
        at("link"),
        "is a symbolic link; name the directory it points to",
    );
    refused(at("link/"), "is a symbolic link");
    refused(at("link/."), "is a symbolic link");
    refused(at("dangling"), "is a symbolic link");
    refused("/dev/null".into(), "is a device");
    assert!(!at("nowhere").exists());
    OutputDirectory::open(&output(&at("link/below")))
        .expect("a link on the way is fine, as /tmp is on some systems");

    let target = at("real/performance_metrics.json");
    for (make, words) in [
        ("ln -s ../precious", "is a symbolic link, not a file"),
        ("ln -s ../nowhere", "is a symbolic link, not a file"),
        ("mkfifo", "is a named pipe, not a file"),
    ] {
        assert!(
            Command::new("sh")
                .args(["-c", &format!("{make} {}", target.display())])
                .status()
                .unwrap()
                .success()
        );
        refused(at("real"), words);
        assert!(
            replace(&target, b"x")
                .unwrap_err()
                .to_string()
                .contains(words)
        );
        fs::remove_file(&target).unwrap();
    }
    let socket = std::os::unix::net::UnixListener::bind(&target).unwrap();
    refused(at("real"), "is a socket, not a file");
    drop(socket);
    fs::remove_file(&target).unwrap();

    for made in ["ln -s ../precious", "mkfifo"] {
        let lock = at("real/.vecperf.lock");
        let _ = fs::remove_file(&lock);
        assert!(
            Command::new("sh")
                .args(["-c", &format!("{made} {}", lock.display())])
                .status()
                .unwrap()
                .success()
        );
        refused(at("real"), ".vecperf.lock in it is not a file; remove it");
    }
    assert_eq!(fs::read(at("precious")).unwrap(), b"mine");
}

/// A link that appears after the start is replaced, not followed.
#[test]
#[cfg(unix)]
fn a_link_that_appears_later_is_not_followed() {
    let room = tempfile::tempdir().unwrap();
    let precious = room.path().join("precious");
    fs::write(&precious, "mine").unwrap();
    let directory = OutputDirectory::open(&output(&room.path().join("logs"))).unwrap();
    std::os::unix::fs::symlink(&precious, directory.metrics_path()).unwrap();
    let error = directory
        .write("performance_metrics.json", b"x")
        .unwrap_err()
        .to_string();
    assert!(error.contains("is a symbolic link"), "{error}");
    assert_eq!(fs::read(&precious).unwrap(), b"mine");
}

/// Windows does not remove a directory while the lock in it is open.
#[cfg(unix)]
#[test]
fn a_directory_removed_meanwhile_is_made_again() {
    let room = tempfile::tempdir().unwrap();
    let logs = room.path().join("logs");
    let directory = OutputDirectory::open(&output(&logs)).unwrap();
    fs::remove_dir_all(&logs).unwrap();
    let path = directory.write("performance_metrics.json", b"x").unwrap();
    assert_eq!(fs::read(path).unwrap(), b"x");
}
