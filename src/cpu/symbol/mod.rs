//! Frames to function names, by `blazesym`. Runs at the end of a recording, on no thread of the program's.
//!
//! ```text
//!  file.rs     a file mapped as code: its symbol table and its DWARF
//!  vdso.rs     the kernel's page of code, which has no file
//!  kernel.rs   /proc/kallsyms
//!  names.rs    long names made short
//!  restore.rs  a profile of a stripped program, named by its unstripped twin
//! ```

mod file;
mod kernel;
mod names;
mod restore;
#[cfg(test)]
mod tests;
mod vdso;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use super::unwind::{Frame, Module, ModuleId, Modules};

pub use restore::symbolize;

/// What stands at a frame, innermost inlined function first, the physical one last; empty: not known.
pub(crate) type Functions = Vec<Symbol>;

/// A function at a frame.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Symbol {
    /// Demangled, long template arguments left out.
    pub(crate) name: String,
    /// In full; empty when it equals `name`.
    pub(crate) system_name: String,
    /// Source file; empty when unknown.
    pub(crate) file: String,
    /// 0 when unknown.
    pub(crate) line: u32,
}

impl Symbol {
    /// A function of this name, which may be long.
    fn named(mut full: String) -> Self {
        if let Some((end, _)) = full.char_indices().nth(FULL) {
            full.truncate(end);
        }
        match names::short(&full) {
            Some(name) => Self {
                name,
                system_name: full,
                ..Self::default()
            },
            None => Self {
                name: full,
                ..Self::default()
            },
        }
    }
}

/// Characters of a full name that are kept at most; real ones have up to some thousands.
const FULL: usize = 16_384;

/// Frames whose names are kept for the next time, at most: some 500 bytes each. A search has 150 to 500 of them.
const KEPT: usize = 16_384;

/// Names frames; keeps the names, not what it read them from: symbol tables and DWARF of a large program would stay in
/// the memory of the program that is watched.
#[derive(Debug, Default)]
pub(crate) struct Symbolizer {
    known: HashMap<Frame, Functions>,
}

impl Symbolizer {
    /// The functions at each of `frames`, in their order. What cannot be read of one module leaves its frames without
    /// names, and no others.
    pub(crate) fn functions(&mut self, modules: &Modules, frames: &[Frame]) -> Vec<Functions> {
        self.look_up(modules, frames);
        let known = |frame| self.known.get(frame).cloned().unwrap_or_default();
        let functions = frames.iter().map(known).collect();
        if self.known.len() > KEPT {
            self.known.clear();
        }
        functions
    }

    /// Looks up those of the frames that are not known yet, all of a module's at once.
    fn look_up(&mut self, modules: &Modules, frames: &[Frame]) {
        let mut code: BTreeMap<ModuleId, BTreeSet<u64>> = BTreeMap::new();
        let mut kernel = BTreeSet::new();
        for frame in frames {
            match *frame {
                _ if self.known.contains_key(frame) => {}
                Frame::Code { module, address } => {
                    _ = code.entry(module).or_default().insert(address)
                }
                Frame::Kernel(address) => _ = kernel.insert(address),
                Frame::Unknown(_) => {}
            }
        }
        for (id, addresses) in code {
            let addresses = Vec::from_iter(addresses);
            let functions = match modules.get(id) {
                Some(module) => of_module(module, &addresses),
                None => Vec::new(),
            };
            let frame = |address| Frame::Code {
                module: id,
                address,
            };
            self.known
                .extend(addresses.into_iter().map(frame).zip(functions));
        }
        let addresses = Vec::from_iter(kernel);
        let functions = of_kernel(&addresses);
        self.known
            .extend(addresses.into_iter().map(Frame::Kernel).zip(functions));
    }
}

/// The functions at each of a module's addresses.
fn of_module(module: &Module, addresses: &[u64]) -> Vec<Functions> {
    match (&module.file, &module.image) {
        (Some(file), _) => of_file(file, addresses),
        (None, Some(image)) => vdso::functions(image, addresses),
        (None, None) => Vec::new(),
    }
}

/// The functions at each of a file's addresses: of the open file itself, whatever stands at its path by now.
fn of_file(file: &std::fs::File, addresses: &[u64]) -> Vec<Functions> {
    use std::os::fd::AsRawFd;

    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    file::functions(path.as_ref(), addresses)
}

/// The functions at each of the kernel's addresses; `[kernel]` where it keeps them secret.
fn of_kernel(addresses: &[u64]) -> Vec<Functions> {
    let mut names = kernel::names(addresses).into_iter();
    addresses
        .iter()
        .map(|_| {
            names
                .next()
                .flatten()
                .unwrap_or_else(|| "[kernel]".to_owned())
        })
        .map(|name| vec![Symbol::named(name)])
        .collect()
}

/// Why a binary names nothing in a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRestored(String);

impl fmt::Display for NotRestored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotRestored {}

/// The bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
