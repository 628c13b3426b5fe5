//! A sample of the calling thread, as a back end would take it, and names for its frames.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;

use object::{Object, ObjectSymbol};

use crate::address_space::stack::registers_here;
use crate::cpu::event::{RawSample, Registers};
use crate::cpu::options::Target;
use crate::cpu::unwind::{Frame, Module, ModuleId, Modules, Unwinder, Unwound};

/// What was captured.
#[derive(Clone, Debug)]
pub(super) struct Captured {
    pub(super) registers: Registers,
    pub(super) stack: Vec<u8>,
}

impl Captured {
    pub(super) fn sample(&self) -> RawSample<'_> {
        self.at(1)
    }

    pub(super) fn at(&self, at_ns: u64) -> RawSample<'_> {
        RawSample {
            thread: 1,
            at_ns,
            weight_ns: 1,
            registers: Some(self.registers),
            stack: &self.stack,
            kernel: &[],
        }
    }

    pub(super) fn cut(&self, bytes: usize) -> Self {
        let mut cut = self.clone();
        cut.stack.truncate(bytes);
        cut
    }
}

/// The calling thread's registers and stack. Inlined, so that the caller is the leaf.
#[inline(always)]
pub(super) fn capture() -> Captured {
    let registers = registers_here();
    Captured {
        registers,
        stack: stack_from(registers.stack),
    }
}

/// The bytes from `pointer` on, 64 KiB or up to the end of the stack.
pub(super) fn stack_from(pointer: u64) -> Vec<u8> {
    memory_from(pointer, 64 << 10)
}

/// All bytes from `pointer` on.
pub(super) fn whole_stack_from(pointer: u64) -> Vec<u8> {
    memory_from(pointer, 16 << 20)
}

pub(super) fn memory_from(pointer: u64, at_most: usize) -> Vec<u8> {
    let memory = File::open("/proc/thread-self/mem").expect("own memory");
    let mut bytes = vec![0; at_most];
    let mut read = 0;
    while let Ok(more) = memory.read_at(&mut bytes[read..], pointer + read as u64)
        && more > 0
    {
        read += more;
    }
    bytes.truncate(read);
    bytes
}

/// Unwinds by a fresh unwinder of this process.
pub(super) fn unwound(captured: &Captured) -> (Vec<Frame>, Unwound, Unwinder) {
    let mut unwinder = Unwinder::new(Target::ThisProcess);
    let mut frames = Vec::new();
    let unwound = unwinder.unwind(&captured.sample(), &mut frames);
    (frames, unwound, unwinder)
}

/// The names in the symbol tables of the functions that `frames` lie in; empty: none.
pub(super) fn names(modules: &Modules, frames: &[Frame]) -> Vec<String> {
    let mut tables: HashMap<ModuleId, Vec<u8>> = HashMap::new();
    frames
        .iter()
        .map(|frame| {
            let Frame::Code { module, address } = *frame else {
                return String::new();
            };
            let bytes = tables.entry(module).or_insert_with(|| {
                file_of(modules.get(module).expect("a frame's module is known"))
            });
            name_at(bytes, address).unwrap_or_default()
        })
        .collect()
}

fn file_of(module: &Module) -> Vec<u8> {
    if let Some(image) = &module.image {
        return image.to_vec();
    }
    let Some(file) = &module.file else {
        return Vec::new();
    };
    let mut bytes = vec![0; file.metadata().expect("metadata").len() as usize];
    file.read_exact_at(&mut bytes, 0)
        .expect("the module's file");
    bytes
}

fn name_at(file: &[u8], address: u64) -> Option<String> {
    let elf = object::read::elf::ElfFile64::<object::Endianness>::parse(file).ok()?;
    (elf.symbols().chain(elf.dynamic_symbols()))
        .find(|symbol| {
            let start = symbol.address();
            (start..start + symbol.size()).contains(&address)
        })
        .and_then(|symbol| symbol.name().ok().map(str::to_owned))
}
