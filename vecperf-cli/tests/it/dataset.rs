//! `vecperf dataset`: from a file to a data set that the command takes, whatever happens on the way.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// `vecperf WORDS`.
fn vecperf(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vecperf"));
    command.args(words);
    command
}

fn run(words: &[&str]) -> Output {
    vecperf(words).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `rows` vectors (row, 1, …) of 16 dimensions, as `.fbin`.
fn fbin(path: &Path, rows: u32) {
    let values = (0..rows)
        .flat_map(|row| (0..16).map(move |column| if column == 0 { row as f32 } else { 1.0 }));
    let header = [rows, 16].map(u32::to_le_bytes);
    let bytes: Vec<u8> = header
        .into_iter()
        .chain(values.map(f32::to_le_bytes))
        .flatten()
        .collect();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_file_becomes_a_data_set() {
    let directory = tempfile::tempdir().unwrap();
    let [source, output] =
        ["rows.fbin", "mine"].map(|name| directory.path().join(name).display().to_string());
    fbin(Path::new(&source), 600);
    let words = [
        "dataset",
        "prepare",
        "--source",
        &source,
        "--count",
        "500",
        "--queries",
        "50",
        "--output",
        &output,
    ];
    let made = run(&words);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let told = run(&["dataset", "info", &output]);
    for part in [
        "500 of 16 dimensions",
        "queries       50",
        "metric        l2",
        "the nearest 100 of each query",
    ] {
        assert!(
            text(&told.stdout).contains(part),
            "{part}: {}",
            text(&told.stdout)
        );
    }
    let again = run(&words);
    assert_eq!(again.status.code(), Some(2));
    assert!(
        text(&again.stderr).contains("--force"),
        "{}",
        text(&again.stderr)
    );
}

#[test]
fn mistakes_end_with_the_code_that_scripts_expect() {
    let directory = tempfile::tempdir().unwrap();
    let damaged = directory.path().join("damaged.fbin");
    // 2³¹ rows of 65,536 dimensions in a file of 12 bytes.
    std::fs::write(&damaged, [0, 0, 0, 128, 0, 0, 1, 0, 0, 0, 0, 0]).unwrap();
    let damaged = damaged.display().to_string();
    let cases: [(&[&str], i32, &str); 4] = [
        (&["dataset", "info", "glove-5"], 2, "did you mean glove-50?"),
        (
            &["dataset", "info", "synthetic:m=3"],
            2,
            "unknown key \"m\"",
        ),
        (
            &["dataset", "info", &damaged],
            1,
            "holds 12 bytes. Expected: 562949953421320 bytes",
        ),
        (
            &["dataset", "info", "/nowhere/base.fbin"],
            1,
            "/nowhere/base.fbin: cannot be read",
        ),
    ];
    for (words, code, part) in cases {
        let output = run(words);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {stderr}");
        assert!(
            stderr.contains(part) && output.stdout.is_empty(),
            "{words:?}: {stderr}"
        );
    }
}

/// Killed anywhere, the directory holds what can be read, and no ground truth about other vectors.
#[test]
fn a_kill_while_writing_leaves_nothing_half_written() {
    let directory = tempfile::tempdir().unwrap();
    let paths = ["few.fbin", "many.fbin", "mine"]
        .map(|name| directory.path().join(name).display().to_string());
    let [few, many, output] = &paths;
    fbin(Path::new(few), 400);
    fbin(Path::new(many), 4000);
    let prepare = |source: &str, count: &str| {
        let words = [
            "dataset",
            "prepare",
            "--source",
            source,
            "--count",
            count,
            "--queries",
            "100",
            "--force",
        ];
        let mut command = vecperf(&words);
        command.args(["--output", output]);
        command
    };
    let complete = |base: &str| {
        let told = run(&["dataset", "info", output]);
        assert!(told.status.success(), "{}", text(&told.stderr));
        let told = text(&told.stdout);
        assert!(
            told.contains("queries       100") && !told.contains("does not fit"),
            "{told}"
        );
        told.contains(base)
    };
    assert!(prepare(few, "300").output().unwrap().status.success());
    for step in 0..20 {
        let mut child = prepare(many, "3900")
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(4 * step));
        child.kill().unwrap(); // SIGKILL, TerminateProcess
        child.wait().unwrap();
        assert!(
            complete("300 of 16") || complete("3,900 of 16"),
            "neither the old vectors nor the new ones"
        );
        assert!(prepare(few, "300").output().unwrap().status.success());
        assert!(complete("300 of 16"));
    }
}

/// What a run says about its ground truth, when `VECPERF_CACHE_DIR` is `cache`.
fn bench(directory: &Path, cache: &Path, flags: &[&str]) -> String {
    let words = [
        "bench",
        "--dataset",
        "synthetic:n=300,dim=8,queries=20",
        "--warm-up",
        "0s",
        "--count",
        "20",
    ];
    let mut command = vecperf(&[words.as_slice(), flags].concat());
    command
        .current_dir(directory)
        .env("VECPERF_CACHE_DIR", cache);
    text(&command.output().unwrap().stderr)
}

#[test]
fn ground_truth_is_computed_once() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("cache");
    let cases: [(&[&str], &str); 4] = [
        (&["--no-cache"], "computed"),
        (&[], "computed"),
        (&["--k", "3"], "cached"),
        (&["--no-cache"], "computed"),
    ];
    for (flags, expected) in cases {
        let stderr = bench(directory.path(), &cache, flags);
        assert!(
            stderr.contains(&format!("true neighbours {expected}")),
            "{flags:?}: {stderr}"
        );
    }
}
