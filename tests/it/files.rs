//! Old or new, never half, and nobody else's: the files vecperf writes.

use std::fs;
use std::path::Path;

use vecperf::ErrorKind;
use vecperf::config::Output;
use vecperf::export::files::{OutputDirectory, check_name, replace};

fn output(directory: impl AsRef<Path>) -> Output {
    Output {
        directory: directory.as_ref().to_owned(),
        ..Output::default()
    }
}

/// The names in `directory`, sorted, without the lock that stays.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|name| name != ".vecperf.lock");
    names.sort();
    names
}

/// The error of opening `directory`, which says `words`.
fn refused(directory: impl AsRef<Path>, words: &[&str]) {
    let error = OutputDirectory::open(&output(directory)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    for word in words {
        assert!(error.to_string().contains(word), "{error}\nlacks: {word}");
    }
}

#[test]
fn a_missing_directory_is_made_and_the_file_replaced() {
    let room = tempfile::tempdir().unwrap();
    let directory = OutputDirectory::open(&output(room.path().join("a/b"))).unwrap();
    assert_eq!(directory.note(), None);
    for bytes in [b"old".as_slice(), b"new"] {
        let path = directory.write("performance_metrics.json", bytes).unwrap();
        assert_eq!(path, directory.metrics_path());
        assert_eq!(fs::read(path).unwrap(), bytes);
    }
    assert_eq!(
        names(&room.path().join("a/b")),
        ["performance_metrics.json"]
    );
}

#[test]
fn a_second_monitor_gets_names_of_its_own_and_says_so() {
    let room = tempfile::tempdir().unwrap();
    let first = OutputDirectory::open(&output(room.path())).unwrap();
    let second = OutputDirectory::open(&output(room.path())).unwrap();
    let third = OutputDirectory::open(&output(room.path())).unwrap();
    let note = second.note().unwrap();
    assert!(
        note.contains("in use by another vecperf")
            && note.contains(second.metrics_path().to_str().unwrap())
    );
    let paths =
        [&first, &second, &third].map(|it| it.write("performance_metrics.json", b"x").unwrap());
    assert!(
        paths[1]
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .contains(&std::process::id().to_string())
    );
    assert!(paths[0] != paths[1] && paths[1] != paths[2]);
    drop((first, second, third));
    assert_eq!(
        names(room.path()).len(),
        3,
        "three reports, no lock left: {:?}",
        names(room.path())
    );
    assert_eq!(
        OutputDirectory::open(&output(room.path())).unwrap().note(),
        None,
        "the directory is free again"
    );
}

#[test]
fn what_the_dead_left_is_removed_and_nothing_else() {
    let room = tempfile::tempdir().unwrap();
    let others = [
        ".vecperf-1.tmp",
        ".vecperf-1-1.json",
        "notes.tmp",
        ".vecperf-x-1.tmp",
    ];
    for name in others
        .iter()
        .chain(&[".vecperf-1-1.tmp", ".vecperf-99999999-3.lock"])
    {
        fs::write(room.path().join(name), "half").unwrap();
    }
    fs::create_dir(room.path().join(".vecperf-2-2.tmp")).unwrap();
    drop(OutputDirectory::open(&output(room.path())).unwrap());
    let mut left = [&others[..], &[".vecperf-2-2.tmp"]].concat();
    left.sort_unstable();
    assert_eq!(names(room.path()), left);
}

#[test]
fn a_name_that_is_no_plain_file_name_is_refused() {
    let long = "x".repeat(4096);
    let names = [
        "",
        ".",
        "..",
        "../x",
        "/etc/passwd",
        "a/b",
        "a\\b",
        "C:x",
        "NUL",
        "nul.json",
        "Com1.txt",
        "LPT¹",
        "x.",
        "x ",
        "a\nb",
        "a\u{0}b",
        "a\u{202e}b",
        "\u{1b}[2J",
        "x?",
        "x*",
        ".vecperf.lock",
        ".vecperf-1-1.tmp",
        long.as_str(),
    ];
    for name in names {
        let error = check_name("output.metrics_file", name).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Settings, "{name:?}");
        let text = error.to_string();
        assert!(
            text.contains("output.metrics_file = ") && text.contains("performance_metrics.json"),
            "{text}"
        );
        assert!(
            text.len() < 300 && !text.contains(char::is_control),
            "{text:?}"
        );
    }
    for name in [
        "performance_metrics.json",
        "profile",
        "größe 1.json",
        ".hidden",
        "console.json",
        "a..b",
    ] {
        check_name("output.metrics_file", name).unwrap();
    }
}

#[test]
fn two_files_of_one_name_are_refused() {
    let room = tempfile::tempdir().unwrap();
    let same = Output {
        metrics_file: "x.json".into(),
        profiling_file: "X.json".into(),
        ..output(room.path())
    };
    let error = OutputDirectory::open(&same).unwrap_err();
    assert!(error.to_string().contains("give two names"), "{error}");
}

#[test]
fn a_file_in_the_way_is_named() {
    let room = tempfile::tempdir().unwrap();
    let file = room.path().join("file");
    fs::write(&file, "mine").unwrap();
    refused(&file, &["is a file", "remove it"]);
    refused(
        file.join("below/deeper"),
        &["file is a file", "remove it or name another directory"],
    );
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

/// Windows takes paths of 32,767 characters.
#[cfg(unix)]
#[test]
fn a_path_longer_than_the_system_allows_is_refused() {
    let room = tempfile::tempdir().unwrap();
    refused(room.path().join("x".repeat(300)), &["shorter path"]);
    refused(room.path().join("x/".repeat(3000)), &["shorter path"]);
}

#[test]
fn a_directory_as_the_target_is_refused() {
    let room = tempfile::tempdir().unwrap();
    fs::create_dir(room.path().join("performance_metrics.json")).unwrap();
    refused(
        room.path(),
        &["performance_metrics.json: is a directory, not a file"],
    );
}

#[test]
fn a_file_alone_is_replaced_beside_itself() {
    let room = tempfile::tempdir().unwrap();
    let path = room.path().join("report.md");
    replace(&path, b"# one").unwrap();
    replace(&path, b"# two").unwrap();
    assert_eq!(
        (fs::read(&path).unwrap(), names(room.path())),
        (b"# two".to_vec(), vec!["report.md".to_owned()])
    );
    let error = replace(&room.path().join("missing/report.md"), b"").unwrap_err();
    assert!(
        error.to_string().contains("make the directory first"),
        "{error}"
    );
}
