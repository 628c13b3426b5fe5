//! A program whose file is gone; another process.

use std::path::Path;
use std::process::Command;

use super::capture::{capture, unwound};
use crate::cpu::options::Target;
use crate::cpu::unwind::{End, Frame, Unwinder};

/// Set for the copy of this test's program that removes itself.
const REMOVES_ITSELF: &str = "VECPERF_TEST_REMOVES_ITSELF";

#[test]
fn a_program_whose_file_was_removed() {
    let own = std::env::current_exe().expect("this test's file");
    if std::env::var_os(REMOVES_ITSELF).is_some() {
        std::fs::remove_file(&own).expect("removed");
        let captured = capture();
        let (frames, unwound, unwinder) = unwound(&captured);
        let Frame::Code { module, .. } = frames[0] else {
            panic!("{frames:?}");
        };
        let module = unwinder.modules().get(module).expect("known");
        assert!(module.path.ends_with(" (deleted)"), "{}", module.path);
        assert!(module.file.is_some(), "its own link leads to it");
        assert_eq!(unwound.end, End::Root, "{frames:?}");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("copy");
    std::fs::copy(own, &copy).expect("copied");
    let name = "cpu::unwind::tests::files::a_program_whose_file_was_removed";
    let run = Command::new(&copy)
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(REMOVES_ITSELF, "yes")
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{run:?}");
    assert!(!copy.exists());
}

#[test]
fn modules_of_another_process() {
    let mut child = Command::new("sleep").arg("60").spawn().expect("sleep");
    let mut unwinder = Unwinder::new(Target::Process(child.id()));
    let Some(start) = code_of_another(child.id()) else {
        child.kill().expect("killed");
        let _ = child.wait();
        eprintln!("SKIPPED: the maps of a child may not be read");
        return;
    };
    let mut captured = capture();
    captured.registers.instruction = start;
    captured.stack = vec![0; 64];
    let mut frames = Vec::new();
    unwinder.unwind(&captured.sample(), &mut frames);
    child.kill().expect("killed");
    let _ = child.wait();
    let Frame::Code { module, .. } = frames[0] else {
        panic!("{frames:?}");
    };
    let module = unwinder.modules().get(module).expect("known");
    let program = Path::new(&module.path)
        .file_name()
        .expect("a name")
        .to_string_lossy();
    assert!(
        ["sleep", "coreutils", "busybox"]
            .iter()
            .any(|name| program.contains(name)),
        "{program}"
    );
    assert!(module.file.is_some());

    // What was seen stays known when the process has ended; word of it changes nothing.
    unwinder.modules_changed(true);
    let id = frames[0];
    unwinder.unwind(&captured.at(10_000_000_000), &mut frames);
    assert_eq!(frames[0], id);
}

/// The first executable address of the process's program, once it runs.
fn code_of_another(process: u32) -> Option<u64> {
    for _ in 0..1000 {
        let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).ok()?;
        let program = std::fs::read_link(format!("/proc/{process}/exe")).ok()?;
        let runs = program.file_name().is_some_and(|name| name != "cpu");
        let line = maps
            .lines()
            .find(|line| line.contains("r-xp") && line.ends_with(&*program.to_string_lossy()));
        if let Some(line) = line.filter(|_| runs && !maps.contains("vecperf")) {
            return u64::from_str_radix(line.split('-').next()?, 16).ok();
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    None
}
