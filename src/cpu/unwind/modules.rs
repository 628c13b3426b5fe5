//! The files mapped as code, now and earlier in the recording.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::elf::Elf;
use super::maps::Mapping;

/// A module's number, never given to another one in the same recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ModuleId(pub(crate) u32);

/// A file mapped as code. It stays known after it was unmapped: what was sampled in it needs its name. The same file
/// mapped again, wherever, is the same module.
#[derive(Debug)]
pub(crate) struct Module {
    /// Its path, `[vdso]` or `[anonymous]`.
    pub(crate) path: String,
    /// GNU build id.
    pub(crate) build_id: Option<Vec<u8>>,
    /// The executable segment, where it was mapped first: first address, address after the last, offset in the file.
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) file_offset: u64,
    /// What an address between `start` and `end` is more than the file's number for it (`p_vaddr`), modulo 2^64.
    pub(crate) bias: u64,
    /// Held open, so that names can still be read when it was deleted, replaced or unmapped. `None`: not a file, or not
    /// to be opened.
    pub(crate) file: Option<File>,
    /// The vdso's bytes: it has no file.
    pub(crate) image: Option<Box<[u8]>>,
    /// Why it has no unwind rules, if so: frame pointers are tried in it.
    pub(crate) without_rules: Option<&'static str>,
    pub(super) elf: Elf,
}

/// All modules of a recording. A copy is cheap: symbols are read in another thread, while the recording goes on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Modules {
    pub(super) all: Vec<Arc<Module>>,
}

impl Modules {
    pub(crate) fn get(&self, id: ModuleId) -> Option<&Module> {
        self.all.get(id.0 as usize).map(Arc::as_ref)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ModuleId, &Module)> {
        (0..).map(ModuleId).zip(self.all.iter().map(Arc::as_ref))
    }
}

impl Module {
    /// Its name and place; nothing is read.
    pub(super) fn nameable(mapping: &Mapping) -> Self {
        let path = match mapping.path.as_slice() {
            b"" => "[anonymous]".to_owned(),
            path => String::from_utf8_lossy(path).into_owned(),
        };
        Self {
            path,
            build_id: None,
            start: mapping.start,
            end: mapping.end,
            file_offset: mapping.offset,
            bias: 0,
            file: None,
            image: None,
            without_rules: Some("not an ELF file that can be read"),
            elf: Elf::default(),
        }
    }

    /// What stays of it when its file was written to.
    pub(super) fn without_file(&self) -> Self {
        Self {
            path: format!("{} (rewritten)", self.path),
            build_id: self.build_id.clone(),
            file: None,
            image: None,
            without_rules: Some("the file was written to"),
            elf: Elf::default(),
            ..*self
        }
    }

    /// Takes what was read from its file or image.
    pub(super) fn adopt(&mut self, elf: Option<Elf>, mapping: &Mapping) {
        let Some(elf) = elf else { return };
        let Some(bias) = elf.bias(mapping.start, mapping.offset, mapping.end - mapping.start)
        else {
            self.without_rules = Some("the mapped part is in no segment of the file");
            return;
        };
        self.without_rules = (elf.tables.size() == 0).then_some("the file has no unwind tables");
        self.build_id = elf.build_id.clone();
        self.bias = bias;
        self.elf = elf;
    }

    /// What addresses in `mapping` are more than the file's numbers for them.
    pub(super) fn bias_at(&self, mapping: &Mapping) -> u64 {
        let size = mapping.end - mapping.start;
        self.elf
            .bias(mapping.start, mapping.offset, size)
            .unwrap_or(0)
    }

    /// Code at `address` as the file numbers it.
    pub(super) fn code(&self, address: u64, into: &mut [u8]) -> Option<()> {
        let offset = self.elf.offset_of(address)?;
        match (&self.image, &self.file) {
            (Some(image), _) => {
                let from = usize::try_from(offset).ok()?;
                into.copy_from_slice(image.get(from..from.checked_add(into.len())?)?);
            }
            (None, Some(file)) => file.read_exact_at(into, offset).ok()?,
            (None, None) => return None,
        }
        Some(())
    }

    /// Its rules for `framehop`, for the code at `range`; `None`: it has none.
    pub(super) fn rules(
        &self,
        range: Range<u64>,
        bias: u64,
    ) -> Option<framehop::Module<Arc<[u8]>>> {
        match self.without_rules {
            Some(_) => None,
            None => self.elf.rules(range, bias),
        }
    }
}
