//! A program whose file is gone; another process.

use std::path::Path;
use std::process::Command;

use super::capture::{capture, unwound};
use crate::cpu::event::MappedCode;
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

    // What was seen stays known when the process has ended; word of a change finds nothing new.
    unwinder.modules_changed(false);
    let id = frames[0];
    unwinder.unwind(&captured.at(10_000_000_000), &mut frames);
    assert_eq!(frames[0], id);
}

/// No process has this number.
const ENDED: u32 = u32::MAX >> 2;

#[test]
fn a_process_that_has_ended_is_known_by_word_alone() {
    let captured = capture();
    let (frames, _, _) = unwound(&captured);
    let maps = std::fs::read("/proc/self/maps").expect("maps");
    let mappings = crate::cpu::unwind::maps::executable(&maps);
    let mut unwinder = Unwinder::new(Target::Process(ENDED));
    let mut by_word = Vec::new();
    let result = unwinder.unwind(&captured.sample(), &mut by_word);
    assert_eq!((by_word.len(), result.end), (1, End::Broken));
    let tell = |unwinder: &mut Unwinder| {
        for mapping in &mappings {
            unwinder.mapped(&MappedCode {
                start: mapping.start,
                bytes: mapping.end - mapping.start,
                file_offset: mapping.offset,
                device: mapping.device,
                inode: mapping.inode,
                path: &mapping.path,
            });
        }
    };
    // Of a program before: its code lies where the next one's does.
    unwinder.mapped(&MappedCode {
        start: mappings[0].start - 0x1000,
        bytes: 0x8000,
        file_offset: 0,
        device: (0, 0),
        inode: 0,
        path: b"",
    });
    unwinder.modules_changed(true);
    for _ in 0..2 {
        tell(&mut unwinder);
        let result = unwinder.unwind(&captured.at(2), &mut by_word);
        assert_eq!(result.end, End::Root);
        let addresses = |frames: &[Frame]| -> Vec<u64> {
            let address = |frame: &Frame| match frame {
                Frame::Code { address, .. } => *address,
                Frame::Unknown(_) | Frame::Kernel(_) => 0,
            };
            frames.iter().map(address).collect()
        };
        assert_eq!(addresses(&by_word), addresses(&frames));
    }
    let named = |path: &str| {
        unwinder
            .modules()
            .iter()
            .any(|(_, module)| module.path == path)
    };
    assert!(!named("[anonymous]"), "what was before the program is gone");
}

#[test]
fn code_mapped_over_other_code_cuts_it() {
    let mut unwinder = Unwinder::new(Target::Process(ENDED));
    let code = |start, bytes| MappedCode {
        start,
        bytes,
        file_offset: 0,
        device: (0, 0),
        inode: 0,
        path: b"",
    };
    unwinder.mapped(&code(0x10_0000, 0x1_0000));
    let mut frames = Vec::new();
    let mut at = |unwinder: &mut Unwinder, instruction: u64| {
        let mut captured = capture();
        captured.registers.instruction = instruction;
        unwinder.unwind(&captured.sample(), &mut frames);
        match frames[0] {
            Frame::Code { module, .. } => unwinder.modules().get(module).map(|module| module.start),
            Frame::Unknown(_) | Frame::Kernel(_) => None,
        }
    };
    assert_eq!(at(&mut unwinder, 0x10_8000), Some(0x10_0000));
    unwinder.mapped(&code(0x10_8000, 0x1000));
    assert_eq!(at(&mut unwinder, 0x10_8000), Some(0x10_8000));
    assert_eq!(at(&mut unwinder, 0x10_7fff), Some(0x10_0000));
    assert_eq!(at(&mut unwinder, 0x10_9000), Some(0x10_9000));
    assert_eq!(at(&mut unwinder, 0x11_0000), None);
    unwinder.mapped(&code(0, u64::MAX));
    assert_eq!(at(&mut unwinder, 0x10_8000), Some(0));
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
