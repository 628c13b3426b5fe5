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

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::thread;

use super::unwind::{Frame, Module, ModuleId, Modules};
use crate::signals;

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
        let mut new: BTreeMap<Place, BTreeSet<u64>> = BTreeMap::new();
        for frame in frames
            .iter()
            .filter(|frame| !self.known.contains_key(frame))
        {
            let (place, address) = match *frame {
                Frame::Code { module, address } => (Some(module), address),
                Frame::Kernel(address) => (None, address),
                Frame::Unknown(_) => continue,
            };
            new.entry(place).or_default().insert(address);
        }
        let mut batches: Vec<Batch> = new
            .into_iter()
            .map(|(place, addresses)| (place, Vec::from_iter(addresses)))
            .collect();
        batches.sort_by_key(|(_, addresses)| Reverse(addresses.len()));
        let functions = name(modules, &batches);
        for ((place, addresses), functions) in batches.into_iter().zip(functions) {
            let frame = |address| match place {
                Some(module) => Frame::Code { module, address },
                None => Frame::Kernel(address),
            };
            self.known
                .extend(addresses.into_iter().map(frame).zip(functions));
        }
    }
}

/// Where code is: a module, or the kernel.
type Place = Option<ModuleId>;

/// Addresses of one place, in ascending order.
type Batch = (Place, Vec<u64>);

/// The functions of each batch. The first and largest is the program's as a rule; the C library's and the kernel's take
/// as long together, so they are read meanwhile on a thread that ends with this call.
fn name(modules: &Modules, batches: &[Batch]) -> Vec<Vec<Functions>> {
    let Some((first, others)) = batches.split_first() else {
        return Vec::new();
    };
    let name_others = || -> Vec<_> {
        let others = others.iter();
        others.map(|batch| of_batch(modules, batch)).collect()
    };
    thread::scope(|scope| {
        let beside = (!others.is_empty()).then(|| {
            let named = thread::Builder::new().name("vecperf-names".to_owned());
            named.spawn_scoped(scope, || {
                signals::leave_to_the_program();
                name_others()
            })
        });
        let mut functions = vec![of_batch(modules, first)];
        functions.extend(match beside {
            // A panic leaves those frames without names.
            Some(Ok(beside)) => beside.join().unwrap_or_default(),
            // There is none to be had, or nothing for it to do.
            Some(Err(_)) | None => name_others(),
        });
        functions
    })
}

fn of_batch(modules: &Modules, (place, addresses): &Batch) -> Vec<Functions> {
    match place {
        Some(id) => modules
            .get(*id)
            .map_or_else(Vec::new, |module| of_module(module, addresses)),
        None => of_kernel(addresses),
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
