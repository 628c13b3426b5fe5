//! The files mapped as code, now and earlier in the recording.

use std::fs::File;
use std::sync::Arc;

/// A module's number, never given to another one in the same recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ModuleId(pub(crate) u32);

/// A file mapped as code. It stays known after it was unmapped: what was sampled in it needs its name.
#[derive(Debug)]
pub(crate) struct Module {
    /// Its path, `[vdso]` or `[anonymous]`.
    pub(crate) path: String,
    /// GNU build id.
    pub(crate) build_id: Option<Vec<u8>>,
    /// The executable segment: first address, address after the last, offset in the file.
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) file_offset: u64,
    /// What an address of the file (`p_vaddr`) is higher by in the process.
    pub(crate) bias: u64,
    /// Held open, so that names can still be read when it was deleted, replaced or unmapped. `None`: not a file.
    pub(crate) file: Option<File>,
    /// The vdso's bytes: it has no file.
    pub(crate) image: Option<Box<[u8]>>,
}

/// All modules of a recording. A copy is cheap: symbols are read in another thread, while the recording goes on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Modules {
    all: Vec<Arc<Module>>,
}

impl Modules {
    pub(crate) fn get(&self, id: ModuleId) -> Option<&Module> {
        self.all.get(id.0 as usize).map(Arc::as_ref)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ModuleId, &Module)> {
        (0..).map(ModuleId).zip(self.all.iter().map(Arc::as_ref))
    }
}
