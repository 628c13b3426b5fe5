//! Unwinding, by `framehop`.

use super::modules::{ModuleId, Modules};
use crate::cpu::event::RawSample;
use crate::cpu::options::Target;

/// A code address, so that it means the same after its module was unmapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Frame {
    /// An address within a module as its file numbers it (`p_vaddr`). A return address less one: it lies in the call.
    Code { module: ModuleId, address: u64 },
    /// An address in no known module, as the process sees it.
    Unknown(u64),
    /// An address in the kernel.
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
#[derive(Debug)]
pub(crate) struct Unwinder {
    modules: Modules,
}

impl Unwinder {
    pub(crate) fn new(_target: Target) -> Self {
        Self {
            modules: Modules::default(),
        }
    }

    /// The modules may have changed; `everything`: the process executed another program. They are read anew at the next
    /// sample that needs it.
    pub(crate) fn modules_changed(&mut self, _everything: bool) {}

    /// The sample's frames, leaf first, kernel frames before user frames, into `frames`, which is cleared.
    pub(crate) fn unwind(&mut self, _sample: &RawSample<'_>, frames: &mut Vec<Frame>) -> Unwound {
        frames.clear();
        Unwound {
            end: End::Broken,
            depth_bytes: 0,
        }
    }

    pub(crate) fn modules(&self) -> &Modules {
        &self.modules
    }
}
