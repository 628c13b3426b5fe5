//! Unwinding, by `framehop`.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use framehop::{CacheNative, FrameAddress, MayAllocateDuringUnwind, Unwinder as _};
use framehop::{UnwindRegsNative, UnwinderNative};

use super::catalogue::Catalogue;
use super::layout::{Found, Layout};
use super::modules::{ModuleId, Modules};
use super::process::Process;
use super::registers;
use super::stack::{CopiedStack, Missed};
use crate::cpu::event::{RawSample, Registers};
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

/// Unwinds samples of one process.
pub(crate) struct Unwinder {
    catalogue: Catalogue,
    layout: Layout,
    rules: UnwinderNative<Arc<[u8]>, MayAllocateDuringUnwind>,
    cache: CacheNative<MayAllocateDuringUnwind>,
    remembered: Box<[Option<(u64, Frame)>]>,
    panics: u64,
}

impl Unwinder {
    pub(crate) fn new(target: Target) -> Self {
        Self {
            catalogue: Catalogue::default(),
            layout: Layout::new(Process::new(target)),
            rules: UnwinderNative::new(),
            cache: CacheNative::default(),
            remembered: vec![None; REMEMBERED].into(),
            panics: 0,
        }
    }

    /// The modules may have changed; `everything`: the process executed another program. They are read anew at the next
    /// sample that needs it.
    pub(crate) fn modules_changed(&mut self, everything: bool) {
        self.layout.changed(everything);
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
        let mut address = FrameAddress::InstructionPointer(registers.instruction);
        let mut state = registers::start(registers, self.rules.max_known_code_address());
        let mut frame = self.frame(registers.instruction, now_ns);
        while frames.len() < MAX_FRAMES {
            frames.push(frame);
            let before = state.sp();
            let step = (self.rules).unwind_frame(address, &mut state, &mut self.cache, &mut |at| {
                stack.read(at)
            });
            match step {
                Ok(Some(next)) if goes_on(address, before, &state) => {
                    let Some(next) = FrameAddress::from_return_address(next) else {
                        return End::Broken;
                    };
                    frame = self.frame(next.address_for_lookup(), now_ns);
                    address = next;
                }
                Ok(Some(_)) => return End::Broken,
                Ok(None) => return self.is_root(frame),
                Err(_) if stack.missed() == Missed::Behind => return End::Truncated,
                Err(_) => return End::Broken,
            }
            if matches!(frame, Frame::Unknown(_)) {
                // A frame before was unwound wrongly: this is data, not an address.
                return End::Broken;
            }
        }
        End::Broken
    }

    /// A chain of frame pointers ends with a zero, and so does a walk through data.
    fn is_root(&self, last: Frame) -> End {
        match last {
            Frame::Code { module, .. }
                if self
                    .modules()
                    .get(module)
                    .is_some_and(|module| module.without_rules.is_none()) =>
            {
                End::Root
            }
            _ => End::Broken,
        }
    }

    /// The frame at `address`.
    fn frame(&mut self, address: u64, now_ns: u64) -> Frame {
        let slot = slot(address);
        if let Some((at, frame)) = self.remembered[slot]
            && at == address
        {
            return frame;
        }
        let mut found = self.layout.find(address, &mut self.catalogue);
        if found == Found::Nothing && self.layout.missed(now_ns) {
            self.forget();
            found = self.layout.find(address, &mut self.catalogue);
        }
        let place = match found {
            Found::Nothing => return Frame::Unknown(address),
            Found::Known(place) => place,
            Found::New(place, range) => {
                let module = self.modules().get(place.module);
                if let Some(rules) = module.and_then(|module| module.rules(range, place.bias)) {
                    self.rules.add_module(rules);
                }
                place
            }
        };
        let frame = Frame::Code {
            module: place.module,
            address: address.wrapping_sub(place.bias),
        };
        self.remembered[slot] = Some((address, frame));
        frame
    }

    /// Another layout: nothing that was derived from the old one holds. (A new cache, too: `framehop` tells layouts apart
    /// by a number of 16 bits, which a program that loads plug-ins all day wraps around.)
    fn forget(&mut self) {
        self.rules = UnwinderNative::new();
        self.cache = CacheNative::default();
        self.remembered.fill(None);
    }
}

/// Whether the caller's frame lies above: each frame but the first has taken at least its return address.
fn goes_on(address: FrameAddress, before: u64, now: &UnwindRegsNative) -> bool {
    now.sp() > before || (!address.is_return_address() && now.sp() == before)
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
