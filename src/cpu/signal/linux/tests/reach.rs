//! What the signal handler reaches, by the built program itself: its machine code is followed from call to call.
//!
//! In an optimised build (`cargo test --release`) every call is followed. Without optimisation the compiler puts calls of
//! `core`'s smallest functions where it inlines them otherwise, with the checks of debug builds in them: there they are
//! taken as known, and everything else is followed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::process::Command;

/// What it may call outside of this crate: each is async-signal-safe (signal-safety(7)), or a bare system call.
const ALLOWED: &[&str] = &[
    "__errno_location",
    "clock_gettime",
    "memcpy",
    "memset",
    "process_vm_readv",
];

/// Parts of `core` that do not allocate, lock or call back, and what follows from nothing being inlined; known without
/// optimisation only.
const KNOWN: &[&str] = &[
    // Cleaning up behind a closure that could panic, if its code were not known.
    "_Unwind_Resume",
    "core::sync::atomic::",
    "core::ptr::",
    "core::num::",
    "core::mem::",
    "core::cell::",
    "core::intrinsics::",
    "core::ub_checks::",
    // What a debug build calls when one of its own checks fails, and would end the process in an optimised one, too.
    "core::panicking::panic_cannot_unwind",
    "core::panicking::panic_null_pointer_dereference",
    "core::panicking::panic_misaligned_pointer_dereference",
    "core::panicking::panic_nounwind",
];

/// A function of the program: addresses and name.
struct Function {
    end: u64,
    name: String,
}

struct Program<'a> {
    path: &'a Path,
    functions: BTreeMap<u64, Function>,
    /// The symbol that the loader writes to an address, or the local address.
    slots: HashMap<u64, String>,
}

/// Where an instruction goes.
#[derive(Debug, PartialEq)]
enum Target {
    /// An address, and what objdump calls it.
    Address(u64, String),
    /// The address in this slot.
    Slot(u64),
    /// Not known before it runs.
    Register(String),
}

/// The output of one of the binutils; `None` where they are not installed.
fn tool(name: &str, arguments: &[&str], program: &Path) -> Option<String> {
    let out = Command::new(name)
        .args(arguments)
        .arg(program)
        .output()
        .ok()?;
    assert!(out.status.success(), "{name} {arguments:?}");
    Some(String::from_utf8_lossy(&out.stdout).into_owned())
}

fn hex(text: &str) -> Option<u64> {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).ok()
}

impl<'a> Program<'a> {
    fn read(path: &'a Path) -> Option<Self> {
        let symbols = tool(
            "nm",
            &["--demangle", "--print-size", "--defined-only"],
            path,
        )?;
        let functions = symbols
            .lines()
            .filter_map(|line| {
                let mut words = line.splitn(4, ' ');
                let (start, size) = (hex(words.next()?)?, hex(words.next()?)?);
                let kind = words.next()?;
                let name = words.next()?.to_owned();
                let code = ["t", "T", "w", "W"].contains(&kind);
                code.then_some((
                    start,
                    Function {
                        end: start + size,
                        name,
                    },
                ))
            })
            .collect();
        let relocations = tool("objdump", &["--dynamic-reloc"], path)?;
        let slots = relocations
            .lines()
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                Some((hex(words.next()?)?, words.nth(1)?.to_owned()))
            })
            .collect();
        Some(Self {
            path,
            functions,
            slots,
        })
    }

    /// Where the code of the function at `start` goes outside of itself.
    fn targets(&self, start: u64) -> Vec<Target> {
        let end = self.functions[&start].end;
        let (from, to) = (
            format!("--start-address={start:#x}"),
            format!("--stop-address={end:#x}"),
        );
        let text = tool(
            "objdump",
            &["-d", "--no-show-raw-insn", &from, &to],
            self.path,
        );
        text.unwrap()
            .lines()
            .filter_map(target)
            .filter(|target| !matches!(target, Target::Address(at, _) if (start..end).contains(at)))
            .collect()
    }
}

/// Of a line of objdump's, `401000: call 401a30 <memcpy@plt>`: where it goes, if it goes anywhere.
fn target(line: &str) -> Option<Target> {
    let instruction = line.split('\t').nth(1)?.trim();
    let (name, operand) = instruction.split_once(' ')?;
    let name = name
        .trim_start_matches("bnd ")
        .trim_start_matches("notrack ");
    if !(name.starts_with("call") || name.starts_with('j')) {
        return None;
    }
    let operand = operand.trim();
    if let Some(through) = operand.strip_prefix('*') {
        let slot = through.contains("(%rip)").then(|| operand.split_once("# "));
        let address = slot
            .flatten()
            .and_then(|(_, at)| hex(at.split_whitespace().next()?));
        return Some(
            address.map_or_else(|| Target::Register(instruction.to_owned()), Target::Slot),
        );
    }
    let (address, symbol) = operand.split_once(' ').unwrap_or((operand, ""));
    let symbol = symbol.trim_start_matches('<').trim_end_matches('>');
    Some(Target::Address(hex(address)?, symbol.to_owned()))
}

/// What the function at `entrance` reaches that it may not.
fn forbidden(program: &Program<'_>, entrance: u64) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut reached, mut forbidden) = (BTreeSet::new(), BTreeSet::new());
    let (mut ahead, mut seen) = (vec![entrance], BTreeSet::from([entrance]));
    while let Some(start) = ahead.pop() {
        let from = &program.functions[&start].name;
        for target in program.targets(start) {
            let next = match target {
                Target::Register(instruction) => {
                    forbidden.insert(format!("{from}: {instruction}"));
                    continue;
                }
                Target::Slot(slot) => match program.slots.get(&slot) {
                    Some(symbol) => match symbol.strip_prefix("*ABS*+").and_then(hex) {
                        Some(local) => (local, String::new()),
                        None => (0, symbol.clone()),
                    },
                    None => (0, format!("a slot at {slot:#x}")),
                },
                Target::Address(address, symbol) => (address, symbol),
            };
            let name = match program.functions.get(&next.0) {
                Some(function) => function.name.clone(),
                None => next.1,
            };
            let plain = name.split('@').next().unwrap_or_default().to_owned();
            let known = cfg!(debug_assertions)
                && KNOWN
                    .iter()
                    .any(|part| plain.trim_start_matches('<').starts_with(part));
            reached.insert(plain.clone());
            if ALLOWED.contains(&plain.as_str()) || known {
                continue;
            }
            if program.functions.contains_key(&next.0) && !plain.contains("panic") {
                if seen.insert(next.0) {
                    ahead.push(next.0);
                }
            } else {
                forbidden.insert(format!("{from}: {plain}"));
            }
        }
    }
    (reached, forbidden)
}

#[test]
#[cfg(target_arch = "x86_64")]
fn the_signal_handler_reaches_only_what_is_safe_in_one() {
    let path = std::env::current_exe().unwrap();
    let Some(program) = Program::read(&path) else {
        eprintln!("SKIPPED: nm and objdump (binutils) are not installed");
        return;
    };
    let entrance = |name: &str| {
        let found = program
            .functions
            .iter()
            .find(|(_, function)| function.name.contains(name));
        *found
            .unwrap_or_else(|| panic!("{name} is not in the program"))
            .0
    };
    let (reached, bad) = forbidden(&program, entrance("signal::linux::handler::on_signal"));
    assert!(bad.is_empty(), "{bad:#?}");
    // That the way was followed to its end:
    for end in ["process_vm_readv", "clock_gettime", "memcpy"] {
        assert!(reached.contains(end), "{end} was not reached: {reached:#?}");
    }
    // And that it sees what must not be: this one starts threads.
    let (_, bad) = forbidden(
        &program,
        entrance("signal::linux::tests::reach::reaches_too_much"),
    );
    assert!(!bad.is_empty());
}

/// What a signal handler must not do.
#[inline(never)]
#[allow(
    dead_code,
    reason = "its code is looked at; see below where it is kept from being left out"
)]
fn reaches_too_much(size: usize) -> Vec<u8> {
    std::hint::black_box(Vec::with_capacity(size))
}

#[test]
fn lines_of_objdump_are_understood() {
    std::hint::black_box(reaches_too_much(1));
    let address = |at, name: &str| Some(Target::Address(at, name.to_owned()));
    for (line, expected) in [
        (
            "  401000:\tcall   401a30 <memcpy@plt>",
            address(0x40_1a30, "memcpy@plt"),
        ),
        (
            "  401000:\tjne    401a30 <f+0x10>",
            address(0x40_1a30, "f+0x10"),
        ),
        (
            "  401000:\tcall   *0x2f(%rip)        # 404fe0 <x@GLIBC>",
            Some(Target::Slot(0x40_4fe0)),
        ),
        (
            "  401000:\tjmp    *%rax",
            Some(Target::Register("jmp    *%rax".to_owned())),
        ),
        (
            "  401000:\tcall   *0x10(%rax)",
            Some(Target::Register("call   *0x10(%rax)".to_owned())),
        ),
        ("  401000:\tret", None),
        ("  401000:\tmov    %rax,%rbx", None),
        ("0000000000401000 <f>:", None),
    ] {
        assert_eq!(target(line), expected, "{line}");
    }
}
