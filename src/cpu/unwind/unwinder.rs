//! Unwinding: by `framehop`, and around it where it would go wrong.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use framehop::UnwinderNative;
use framehop::{CacheNative, FrameAddress, MayAllocateDuringUnwind, Unwinder as _};

use super::catalogue::Catalogue;
use super::layout::{Found, Layout, Place};
use super::maps::Mapping;
use super::modules::{Module, ModuleId, Modules};
use super::process::Process;
use super::registers::{self, CODE, Walk};
use super::rows::{Cover, Row, Rows};
use super::stack::{CopiedStack, Missed};
use crate::cpu::event::{MappedCode, RawSample, Registers};
use crate::cpu::options::Target;

/// Frames of one sample, at most.
pub(super) const MAX_FRAMES: usize = 512;
/// Addresses whose places are remembered; a power of two.
const REMEMBERED: usize = 4096;

/// A code address, so that it means the same after its module was unmapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Frame {
    /// An address within a module as its file numbers it (`p_vaddr`). A return address less one: it lies in the call.
    Code { module: ModuleId, address: u64 },
    /// An address in no known module, as the process sees it.
    Unknown(u64),
    /// An address in the kernel; a return address less one.
    Kernel(u64),
}

/// How an unwinding ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum End {
    /// At the thread's first function.
    Root,
    /// Where the copied part of the stack ends.
    Truncated,
    /// At an address without unwind rules, or at frames that lead nowhere.
    Broken,
}

/// The result beside the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unwound {
    pub(crate) end: End,
    /// Bytes of stack that were needed.
    pub(crate) depth_bytes: usize,
}

/// What is remembered of an address.
#[derive(Clone, Debug)]
struct Known {
    code: u64,
    frame: Frame,
    step: Step,
}

/// How to go on from a frame.
#[derive(Clone, Debug)]
enum Step {
    /// As `framehop` does: by its rules or, where it has none, by the frame pointer.
    ByRules,
    ByRow(Arc<Row>),
    /// A signal interrupted the code that comes next.
    Signal,
    /// The tables say how, but not by registers that we have.
    Lost,
}

/// Unwinds samples of one process.
pub(crate) struct Unwinder {
    catalogue: Catalogue,
    layout: Layout,
    rules: UnwinderNative<Arc<[u8]>, MayAllocateDuringUnwind>,
    cache: CacheNative<MayAllocateDuringUnwind>,
    rows: Rows,
    remembered: Box<[Option<Known>]>,
    panics: u64,
}

impl Unwinder {
    pub(crate) fn new(target: Target) -> Self {
        Self {
            catalogue: Catalogue::default(),
            layout: Layout::new(Process::new(target)),
            rules: UnwinderNative::new(),
            cache: CacheNative::default(),
            rows: Rows::default(),
            remembered: (0..REMEMBERED).map(|_| None).collect(),
            panics: 0,
        }
    }

    /// The modules may have changed; `everything`: the process executed another program. They are read anew at the next
    /// sample that needs it.
    pub(crate) fn modules_changed(&mut self, everything: bool) {
        if everything {
            self.layout.replaced();
            self.forget();
        } else {
            self.layout.changed();
        }
    }

    /// Code was mapped.
    pub(crate) fn mapped(&mut self, code: &MappedCode<'_>) {
        if self.layout.mapped(Mapping::from(code), &mut self.catalogue) {
            self.forget();
        }
    }

    /// The sample's frames, leaf first, kernel frames before user frames, into `frames`, which is cleared.
    pub(crate) fn unwind(&mut self, sample: &RawSample<'_>, frames: &mut Vec<Frame>) -> Unwound {
        frames.clear();
        let return_address = |address: &u64| address.saturating_sub(1);
        let kernel = &sample.kernel[..sample.kernel.len().min(MAX_FRAMES)];
        frames.extend(kernel.first().map(|address| Frame::Kernel(*address)));
        frames.extend(kernel.iter().skip(1).map(return_address).map(Frame::Kernel));
        let Some(registers) = sample.registers else {
            return Unwound {
                end: End::Root,
                depth_bytes: 0,
            };
        };
        if self.layout.follow(sample.at_ns) {
            self.forget();
        }
        let mut stack = CopiedStack::new(registers.stack, sample.stack);
        let walk = AssertUnwindSafe(|| self.walk(&registers, sample.at_ns, &mut stack, frames));
        let end = catch_unwind(walk).unwrap_or_else(|_| {
            // The panicked walk may have left a half-made rule behind.
            self.panics += 1;
            self.forget();
            End::Broken
        });
        Unwound {
            end,
            depth_bytes: stack.depth_bytes(),
        }
    }

    pub(crate) fn modules(&self) -> &Modules {
        self.catalogue.modules()
    }

    /// Samples whose unwinding panicked: broken unwind tables. They count as broken.
    pub(crate) fn panics(&self) -> u64 {
        self.panics
    }

    fn walk(
        &mut self,
        registers: &Registers,
        now_ns: u64,
        stack: &mut CopiedStack<'_>,
        frames: &mut Vec<Frame>,
    ) -> End {
        let mut walk = Walk::start(registers, self.rules.max_known_code_address());
        let mut address = FrameAddress::InstructionPointer(registers.instruction);
        while frames.len() < MAX_FRAMES {
            let known = self.known(address, now_ns);
            if known.frame == Frame::Unknown(address.address_for_lookup())
                && address.is_return_address()
            {
                // A frame before was unwound wrongly: this is data, not an address.
                return End::Broken;
            }
            frames.push(known.frame);
            let before = walk.stack_pointer();
            stack.begin();
            let next = match &known.step {
                Step::ByRules => self.by_rules(address, &mut walk, stack),
                Step::ByRow(row) => row
                    .step(&mut walk, stack)
                    .map(FrameAddress::from_return_address),
                Step::Signal => {
                    (registers::interrupted_at(&walk, stack)).map(|(at, interrupted)| {
                        walk = interrupted;
                        Some(FrameAddress::InstructionPointer(at))
                    })
                }
                Step::Lost => None,
            };
            match next {
                Some(Some(next))
                    if next.is_return_address() && !goes_on(address, before, &walk) =>
                {
                    return End::Broken;
                }
                Some(Some(next)) => address = next,
                Some(None) => return self.is_root(known.frame),
                None if stack.missed() == Missed::Behind => return End::Truncated,
                None => return End::Broken,
            }
        }
        End::Broken
    }

    /// One step by `framehop`; `None`: it could not be made, `Some(None)`: this was the last frame.
    fn by_rules(
        &mut self,
        address: FrameAddress,
        walk: &mut Walk,
        stack: &mut CopiedStack<'_>,
    ) -> Option<Option<FrameAddress>> {
        let mut read = |at| stack.read(at);
        let next = (self.rules).unwind_frame(address, &mut walk.native, &mut self.cache, &mut read);
        Some(next.ok()?.and_then(FrameAddress::from_return_address))
    }

    /// A chain of frame pointers ends with a zero, and so does a walk through data.
    fn is_root(&self, last: Frame) -> End {
        let Frame::Code { module, .. } = last else {
            return End::Broken;
        };
        match self.modules().get(module) {
            Some(module) if module.without_rules.is_none() => End::Root,
            _ => End::Broken,
        }
    }

    /// The frame at `address`, and how to go on from it.
    fn known(&mut self, address: FrameAddress, now_ns: u64) -> Known {
        let code = address.address_for_lookup();
        if let Some(known) = &self.remembered[slot(code)]
            && known.code == code
        {
            return known.clone();
        }
        let Some(place) = self.place(code, now_ns) else {
            return Known {
                code,
                frame: Frame::Unknown(code),
                step: Step::ByRules,
            };
        };
        let in_file = code.wrapping_sub(place.bias);
        let frame = Frame::Code {
            module: place.module,
            address: in_file,
        };
        let step = match self.catalogue.modules().get(place.module) {
            Some(module) => {
                let executing = in_file.wrapping_add(u64::from(address.is_return_address()));
                step_at(&mut self.rows, module, in_file, executing)
            }
            None => Step::ByRules,
        };
        let known = Known { code, frame, step };
        self.remembered[slot(code)] = Some(known.clone());
        known
    }

    /// Where the code at `address` comes from; its rules are loaded when it is the first of its module.
    fn place(&mut self, address: u64, now_ns: u64) -> Option<Place> {
        let mut found = self.layout.find(address, &mut self.catalogue);
        if found == Found::Nothing && self.layout.missed(now_ns) {
            self.forget();
            found = self.layout.find(address, &mut self.catalogue);
        }
        match found {
            Found::Nothing => None,
            Found::Known(place) => Some(place),
            Found::New(place, range) => {
                let module = self.modules().get(place.module);
                if let Some(rules) = module.and_then(|module| module.rules(range, place.bias)) {
                    self.rules.add_module(rules);
                }
                Some(place)
            }
        }
    }

    /// Another layout: nothing that was derived from the old one holds. (A new cache, too: `framehop` tells layouts apart
    /// by a number of 16 bits, which a program that loads plug-ins all day wraps around.)
    fn forget(&mut self) {
        self.rules = UnwinderNative::new();
        self.cache = CacheNative::default();
        self.remembered.fill_with(|| None);
    }
}

/// How to go on at the code at `address` of `module`, whose next instruction is at `executing`.
fn step_at(rows: &mut Rows, module: &Module, address: u64, executing: u64) -> Step {
    match rows.cover(&module.elf.tables, address) {
        Cover::Plain => Step::ByRules,
        Cover::Row(row) => Step::ByRow(Arc::new(row)),
        Cover::Signal => Step::Signal,
        Cover::Lost => Step::Lost,
        Cover::Nothing => {
            let mut window = [0; 2 * CODE.len()];
            let start = executing.wrapping_sub(CODE.len() as u64);
            let is_read = module.code(start, &mut window).is_some();
            if is_read && registers::returns_from_signal(&window) {
                Step::Signal
            } else {
                Step::ByRules
            }
        }
    }
}

/// Whether the caller's frame lies above: each frame but the first has taken at least its return address.
fn goes_on(address: FrameAddress, before: u64, now: &Walk) -> bool {
    let now = now.stack_pointer();
    now > before || (!address.is_return_address() && now == before)
}

/// Addresses that follow each other go to different slots.
fn slot(address: u64) -> usize {
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    (address.wrapping_mul(SPREAD) >> (u64::BITS - REMEMBERED.ilog2())) as usize
}

impl fmt::Debug for Unwinder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unwinder")
            .field("catalogue", &self.catalogue)
            .field("layout", &self.layout)
            .field("panics", &self.panics)
            .finish_non_exhaustive()
    }
}
