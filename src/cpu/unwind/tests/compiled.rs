//! Frames of C code: without frame pointers, with an aligned stack, behind a signal, in stubs; libraries that come and go.

use std::cell::RefCell;
use std::ffi::{CString, c_void};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::capture::{Captured, capture, names, unwound};
use crate::cpu::options::Target;
use crate::cpu::unwind::{End, Frame, Unwinder, Unwound};

/// Compiles `source` to a shared library; `None`, loudly, without a C compiler or the processor's option.
pub(super) fn library(
    folder: &Path,
    name: &str,
    source: &str,
    options: &[&str],
) -> Option<PathBuf> {
    let (file, library) = (
        folder.join(format!("{name}.c")),
        folder.join(format!("lib{name}.so")),
    );
    std::fs::write(&file, source).expect("written");
    let compiled = Command::new("cc")
        .args([
            "-shared",
            "-fPIC",
            "-O2",
            "-fomit-frame-pointer",
            "-fno-optimize-sibling-calls",
        ])
        .args(options)
        .arg(&file)
        .arg("-o")
        .arg(&library)
        .status();
    if !compiled
        .as_ref()
        .is_ok_and(std::process::ExitStatus::success)
    {
        eprintln!("SKIPPED: no C compiler that takes {options:?}: {compiled:?}");
        return None;
    }
    Some(library)
}

/// A library in this process, until dropped.
pub(super) struct Loaded(*mut c_void);

impl Loaded {
    pub(super) fn open(path: &Path) -> Self {
        let path = CString::new(path.to_str().expect("text")).expect("no zero");
        // SAFETY: `path` ends with a zero; the library has no constructors.
        let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
        assert!(!library.is_null(), "dlopen {path:?}");
        Self(library)
    }

    pub(super) fn address(&self, name: &str) -> *mut c_void {
        let name = CString::new(name).expect("no zero");
        // SAFETY: the library is open, `name` ends with a zero.
        let found = unsafe { libc::dlsym(self.0, name.as_ptr()) };
        assert!(!found.is_null(), "{name:?}");
        found
    }

    /// Calls the library's `name`, which takes a function that it calls, innermost.
    pub(super) fn capture_in(&self, name: &str) -> Captured {
        // SAFETY: the tests' C functions have this type.
        let function: extern "C" fn(extern "C" fn()) =
            unsafe { std::mem::transmute(self.address(name)) };
        function(capture_here);
        CAPTURED.take().expect("captured")
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        // SAFETY: it was opened, and nobody is in it.
        unsafe { libc::dlclose(self.0) };
    }
}

thread_local! {
    static CAPTURED: RefCell<Option<Captured>> = const { RefCell::new(None) };
}

#[inline(never)]
extern "C" fn capture_here() {
    let captured = capture();
    CAPTURED.set(Some(captured));
}

/// The part of `names` from `capture_here` on that is not Rust.
/// A library that was called, captured in the call and unwound.
struct Called {
    library: Loaded,
    /// Where its file is.
    _folder: tempfile::TempDir,
    captured: Captured,
    frames: Vec<Frame>,
    unwound: Unwound,
    unwinder: Unwinder,
    names: Vec<String>,
}

/// `source` compiled as `name`, and its function `entry` called; `None`: there is no compiler.
fn called(name: &str, source: &str, options: &[&str], entry: &str) -> Option<Called> {
    let folder = tempfile::tempdir().expect("a folder");
    let library = Loaded::open(&library(folder.path(), name, source, options)?);
    let captured = library.capture_in(entry);
    let (frames, unwound, unwinder) = unwound(&captured);
    Some(Called {
        names: names(unwinder.modules(), &frames),
        library,
        _folder: folder,
        captured,
        frames,
        unwound,
        unwinder,
    })
}

fn assert_called_by(names: &[String], wanted: &[&str]) {
    assert!(names[0].contains("capture_here"), "{names:#?}");
    let found: Vec<_> = names[1..=wanted.len()].iter().map(String::as_str).collect();
    assert_eq!(found, wanted, "{names:#?}");
    assert!(names[1 + wanted.len()].contains("capture_in"), "{names:#?}");
}

const CALLS: &str = r#"
#include <alloca.h>
#include <string.h>
#define OUT __attribute__((noinline))
volatile long sum;
OUT void plain_leaf(void (*f)(void)) { long a[20]; memset(a, 1, sizeof a); sum += a[sum & 7]; f(); sum++; }
OUT void plain(void (*f)(void)) { long a[5]; a[sum & 3] = 7; sum += a[1]; plain_leaf(f); sum++; }
OUT void with_alloca(void (*f)(void)) { char *p = alloca(100 + (sum & 31)); memset(p, 1, 100); sum += p[sum & 63]; plain(f); sum++; }
OUT void outer(void (*f)(void)) { with_alloca(f); sum++; }
"#;

#[test]
fn frames_without_frame_pointers() {
    let Some(called) = called("calls", CALLS, &[], "outer") else {
        return;
    };
    assert_called_by(
        &called.names,
        &["plain_leaf", "plain", "with_alloca", "outer"],
    );
    assert_eq!(called.unwound.end, End::Root);
}

#[test]
fn tables_without_an_index() {
    let options = ["-Wl,--no-eh-frame-hdr"];
    let Some(called) = called("calls", CALLS, &options, "outer") else {
        return;
    };
    assert_called_by(
        &called.names,
        &["plain_leaf", "plain", "with_alloca", "outer"],
    );
    assert_eq!(called.unwound.end, End::Root);
}

/// What vectorized loops make of a function: it aligns its stack, and its frame is found by an expression.
const ALIGNED: &str = r#"
#define OUT __attribute__((noinline))
typedef float wide __attribute__((vector_size(32)));
volatile wide kept;
volatile long sum;
OUT void inner(void (*f)(void)) { long a[9]; a[sum & 7] = 1; sum += a[sum & 3]; f(); sum++; }
OUT void aligned(void (*f)(void)) { volatile wide spilled __attribute__((aligned(64))) = kept; inner(f); kept = spilled; }
OUT void aligned_more(void (*f)(void), long a, long b) { volatile wide spilled[3] __attribute__((aligned(128))); spilled[sum & 1] = kept; aligned(f); kept = spilled[sum & 1]; }
OUT void outer(void (*f)(void)) { long a[7]; a[sum & 3] = 1; sum += a[sum & 3]; aligned_more(f, 1, 2); sum++; }
"#;

#[test]
fn frames_that_align_their_stack() {
    let options: &[&str] = if cfg!(target_arch = "x86_64") {
        &["-mavx2"]
    } else {
        &[]
    };
    let Some(called) = called("aligned", ALIGNED, options, "outer") else {
        return;
    };
    assert_called_by(
        &called.names,
        &["inner", "aligned", "aligned_more", "outer"],
    );
    assert_eq!(called.unwound.end, End::Root);

    // A cut sample before must not spoil what is remembered of these frames.
    let mut unwinder = Unwinder::new(Target::ThisProcess);
    let mut again = Vec::new();
    for bytes in (0..called.unwound.depth_bytes).step_by(8) {
        let result = unwinder.unwind(&called.captured.cut(bytes).sample(), &mut again);
        assert_eq!(result.end, End::Truncated, "{bytes}");
        assert!(called.frames.starts_with(&again), "{bytes}");
    }
    unwinder.unwind(&called.captured.sample(), &mut again);
    assert_eq!(again, called.frames);
}

/// The interrupted instruction is the first of its function: less one, it would be in the function before.
#[cfg(target_arch = "x86_64")]
const SIGNAL: &str = r#"
#define _GNU_SOURCE
#include <signal.h>
#include <ucontext.h>
#include <stddef.h>
#define OUT __attribute__((noinline))
static void (*inside)(void);
volatile long sum;
__asm__(".text\n.type before, @function\nbefore: .cfi_startproc\npush %rax\n.cfi_adjust_cfa_offset 8\nud2\n.cfi_endproc\n.size before, .-before\n"
        ".globl stopped\n.type stopped, @function\nstopped: .cfi_startproc\nud2\nret\n.cfi_endproc\n.size stopped, .-stopped\n");
void stopped(void);
OUT void on_signal(int number, siginfo_t *what, void *context) {
  inside();
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}
OUT void interrupted(void (*f)(void)) {
  struct sigaction ours = {0}, before;
  ours.sa_sigaction = on_signal; ours.sa_flags = SA_SIGINFO;
  inside = f;
  sigaction(SIGILL, &ours, &before);
  stopped();
  sigaction(SIGILL, &before, NULL);
  sum++;
}
"#;

#[cfg(target_arch = "x86_64")]
#[test]
fn what_a_signal_interrupted() {
    let Some(called) = called("signal", SIGNAL, &[], "interrupted") else {
        return;
    };
    let names = &called.names;
    assert!(names[0].contains("capture_here"), "{names:#?}");
    // The third is the C library's return from a signal, which is not in its public symbols.
    let row = [&names[1], &names[3], &names[4]];
    assert_eq!(row, ["on_signal", "stopped", "interrupted"], "{names:#?}");
    assert_eq!(called.unwound.end, End::Root);
    let first = function_start(&called.unwinder, &called.library, "stopped");
    assert_eq!(called.frames[3], first);
}

/// The first instruction of `name`, as a frame.
#[cfg(target_arch = "x86_64")]
fn function_start(unwinder: &Unwinder, library: &Loaded, name: &str) -> Frame {
    let address = library.address(name) as u64;
    let (id, module) = (unwinder.modules().iter())
        .find(|(_, module)| (module.start..module.end).contains(&address))
        .expect("known");
    Frame::Code {
        module: id,
        address: address.wrapping_sub(module.bias),
    }
}

/// As if the captured leaf had just called the code at `address`.
#[cfg(target_arch = "x86_64")]
fn calling(captured: &Captured, address: u64) -> Captured {
    let mut calling = captured.clone();
    calling.stack = captured.registers.instruction.to_ne_bytes().to_vec();
    calling.stack.extend(&captured.stack);
    calling.registers.stack -= 8;
    calling.registers.instruction = address;
    calling
}

#[cfg(target_arch = "x86_64")]
#[test]
fn leaves_without_rules_and_functions_of_the_system() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = r#"
__asm__(".text\n.globl bare\n.type bare, @function\nbare: nop\nret\n.size bare, .-bare\n");
__attribute__((noinline)) void outer(void (*f)(void)) { f(); __asm__ volatile(""); }
"#;
    let Some(path) = library(folder.path(), "bare", source, &[]) else {
        return;
    };
    let library = Loaded::open(&path);
    let captured = library.capture_in("outer");
    let (whole, _, _) = unwound(&captured);
    let in_vdso = |entry: &str| entry.ends_with("[vdso]");
    let maps = std::fs::read_to_string("/proc/self/maps").expect("maps");
    let vdso = (maps.lines().find(|line| in_vdso(line)))
        .and_then(|line| u64::from_str_radix(line.split('-').next()?, 16).ok());
    let mut leaves = vec![
        library.address("bare") as u64,
        libc::memcpy as *const () as u64,
    ];
    leaves.extend(vdso.map(clock_in_vdso));
    for leaf in leaves {
        let (frames, result, unwinder) = unwound(&calling(&captured, leaf));
        let names = names(unwinder.modules(), &frames);
        assert_eq!(result.end, End::Root, "{leaf:x} {names:#?}");
        assert_eq!(frames.len(), whole.len() + 1, "{names:#?}");
        assert!(!matches!(frames[0], Frame::Unknown(_)), "{leaf:x}");
    }
}

/// Where the vdso's `clock_gettime` starts.
#[cfg(target_arch = "x86_64")]
fn clock_in_vdso(base: u64) -> u64 {
    use object::{Object, ObjectSymbol};
    let image = super::capture::memory_from(base, 8192);
    let elf =
        object::read::elf::ElfFile64::<object::Endianness>::parse(&*image).expect("an ELF file");
    let clock = (elf.dynamic_symbols())
        .find(|symbol| {
            symbol
                .name()
                .is_ok_and(|name| name == "__vdso_clock_gettime")
        })
        .expect("the clock");
    base + clock.address()
}

/// Stubs that lead into other libraries push words: their frame is found by an expression.
#[cfg(target_arch = "x86_64")]
#[test]
fn stubs_into_other_libraries() {
    use object::{Object, ObjectSection};
    let folder = tempfile::tempdir().expect("a folder");
    let source = r#"
#include <stdlib.h>
volatile long sum;
__attribute__((noinline)) void outer(void (*f)(void)) { f(); sum += abs(rand()); }
"#;
    let Some(path) = library(folder.path(), "stubs", source, &["-Wl,-z,lazy"]) else {
        return;
    };
    let library = Loaded::open(&path);
    let captured = library.capture_in("outer");
    let (whole, _, unwinder) = unwound(&captured);
    let bytes = std::fs::read(&path).expect("the library");
    let elf =
        object::read::elf::ElfFile64::<object::Endianness>::parse(&*bytes).expect("an ELF file");
    let stubs = elf.section_by_name(".plt").expect("stubs").address();
    let here = library.address("outer") as u64;
    let module = (unwinder.modules().iter())
        .find(|(_, module)| (module.start..module.end).contains(&here))
        .expect("known");
    let first = stubs.wrapping_add(module.1.bias) + 16;

    let (at_entry, result, _) = unwound(&calling(&captured, first));
    assert_eq!((at_entry.len(), result.end), (whole.len() + 1, End::Root));
    // Behind its `push`, which is 11 bytes into it.
    let mut pushed = calling(&captured, first + 11);
    pushed.stack.splice(0..0, 7_u64.to_ne_bytes());
    pushed.registers.stack -= 8;
    let (after_push, result, _) = unwound(&pushed);
    assert_eq!((&after_push[1..], result.end), (&at_entry[1..], End::Root));
}

#[test]
fn libraries_that_come_and_go_keep_their_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = |name: &str| {
        format!(
            "volatile long sum;\n\
             __attribute__((noinline)) void {name}(void (*f)(void)) {{ f(); sum++; }}\n\
             void outer(void (*f)(void)) {{ {name}(f); sum++; }}\n"
        )
    };
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    std::fs::create_dir_all(&first).expect("a folder");
    std::fs::create_dir_all(&second).expect("a folder");
    let Some(first) = library(&first, "plug", &source("of_the_first"), &[]) else {
        return;
    };
    let second = library(&second, "plug", &source("of_the_second"), &[]).expect("compiled before");
    let mut unwinder = Unwinder::new(Target::ThisProcess);
    let mut frames = Vec::new();
    let mut seen: Vec<(Frame, &str)> = Vec::new();
    for round in 0..12 {
        let (path, name) = [(&first, "of_the_first"), (&second, "of_the_second")][round % 2];
        let library = Loaded::open(path);
        let captured = library.capture_in("outer");
        unwinder.modules_changed(false);
        let result = unwinder.unwind(
            &captured.at(1_000_000_000 * (round as u64 + 1)),
            &mut frames,
        );
        assert_eq!(result.end, End::Root, "round {round}");
        seen.push((frames[1], name));
    }
    // All of it is known at the end, when none is mapped.
    for (frame, name) in &seen {
        assert_eq!(names(unwinder.modules(), &[*frame]), [*name]);
    }
    assert_eq!(
        seen.iter().filter(|(frame, _)| *frame == seen[0].0).count(),
        6,
        "one module a file"
    );
    let plugs = unwinder
        .modules()
        .iter()
        .filter(|(_, module)| module.path.contains("libplug"));
    assert_eq!(plugs.count(), 2);
}

#[test]
fn a_library_is_found_without_word_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(path) = library(folder.path(), "calls", CALLS, &[]) else {
        return;
    };
    let mut unwinder = Unwinder::new(Target::ThisProcess);
    let mut frames = Vec::new();
    unwinder.unwind(&capture().at(1), &mut frames);
    let library = Loaded::open(&path);
    let captured = library.capture_in("outer");
    let too_early = unwinder.unwind(&captured.at(2), &mut frames);
    assert_eq!(
        too_early.end,
        End::Broken,
        "the maps are not read for every miss"
    );
    let later = unwinder.unwind(&captured.at(200_000_000), &mut frames);
    assert_eq!(later.end, End::Root);
}

#[test]
fn a_library_that_was_removed_is_still_unwound_and_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(path) = library(folder.path(), "calls", CALLS, &[]) else {
        return;
    };
    let library = Loaded::open(&path);
    // Another one took its name.
    std::fs::remove_file(&path).expect("removed");
    self::library(folder.path(), "calls", "void other(void) {}", &[]).expect("compiled before");
    let captured = library.capture_in("outer");
    let (frames, result, unwinder) = unwound(&captured);
    let Frame::Code { module, .. } = frames[1] else {
        panic!("{frames:?}");
    };
    let module = unwinder.modules().get(module).expect("known");
    assert!(module.path.contains("libcalls.so"), "{}", module.path);
    let names = names(unwinder.modules(), &frames);
    assert!(!names.iter().any(|name| name == "other"), "{names:#?}");
    if module.file.is_some() {
        assert_called_by(&names, &["plain_leaf", "plain", "with_alloca", "outer"]);
        assert_eq!(result.end, End::Root);
    } else {
        eprintln!("SKIPPED: this user may not open what is mapped");
    }
}
