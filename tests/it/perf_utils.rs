//! `src/perf_utils.rs` stands alone: the bare compiler builds it without a warning, and its tests pass.

use std::path::Path;
use std::process::Command;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/perf_utils.rs");

/// Builds the bare file with `flags` and runs the tests in it.
fn check(flags: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tests = folder.path().join("tests");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut build = Command::new(rustc);
    build.args(["--test", "-D", "warnings", FILE, "-o"]);
    run(build.arg(&tests).args(flags), folder.path());
    let said = run(&mut Command::new(&tests), folder.path());
    assert!(
        said.contains("test result: ok.") && !said.contains("running 0 tests"),
        "{said}"
    );
}

fn run(command: &mut Command, folder: &Path) -> String {
    let ran = command.current_dir(folder).output();
    let ran = ran.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    let complained = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{command:?}\n{said}{complained}");
    said
}

/// `rustc --test src/perf_utils.rs` means edition 2015.
#[test]
fn the_bare_command_builds_it() {
    check(&[]);
}

#[test]
fn the_bare_command_builds_it_optimised() {
    check(&["-O"]);
}

#[test]
fn it_builds_alone_in_our_edition() {
    check(&["--edition", "2024"]);
}

#[test]
fn it_builds_alone_in_our_edition_optimised() {
    check(&["--edition", "2024", "-O"]);
}
