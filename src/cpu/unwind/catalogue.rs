//! Reading modules: at the first sample that falls into them, once a file, in bounded number and size.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use object::ReadCache;

use super::elf::Elf;
use super::maps::Mapping;
use super::modules::{Module, ModuleId, Modules};
use super::process::Process;
use super::tables::Tables;

/// Modules that are told apart in one recording, at most; addresses in further ones are unknown.
const MAX_MODULES: usize = 4096;
/// Bytes of unwind tables in memory, at most; further modules are unwound by frame pointers.
const MAX_TABLE_BYTES: usize = 256 << 20;
/// Files held open, at most, and at most this part of what the process may open.
const MAX_OPEN_FILES: usize = 256;
const PART_OF_OPEN_FILES: u64 = 4;

/// All modules, and how to know them again.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    modules: Modules,
    by_key: HashMap<Key, (ModuleId, Option<Stamp>)>,
    table_bytes: usize,
    open_files: usize,
}

/// What changes when a file is written to: its size and time.
type Stamp = (u64, i64, i64);

/// What tells modules apart. An inode's number is not given to another file while we hold it open.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    path: Vec<u8>,
    device: (u32, u32),
    inode: u64,
    offset: u64,
    /// Of what is not a file.
    start: u64,
}

impl Catalogue {
    pub(super) fn modules(&self) -> &Modules {
        &self.modules
    }

    /// The module mapped at `mapping`, read if it is new; `None`: one too many.
    pub(super) fn at(&mut self, mapping: &Mapping, process: &Process) -> Option<ModuleId> {
        let key = Key::of(mapping);
        if let Some((id, stamp)) = self.by_key.get(&key).copied() {
            if !self.was_rewritten(id, stamp) {
                self.grow(id, mapping);
                return Some(id);
            }
            self.let_go(id);
        }
        if self.modules.all.len() >= MAX_MODULES {
            return None;
        }
        let (module, stamp) = self.load(mapping, process);
        let id = ModuleId(self.modules.all.len() as u32);
        self.modules.all.push(Arc::new(module));
        self.by_key.insert(key, (id, stamp));
        Some(id)
    }

    fn load(&mut self, mapping: &Mapping, process: &Process) -> (Module, Option<Stamp>) {
        let mut module = Module::nameable(mapping);
        let mut stamp = None;
        if mapping.path == b"[vdso]" {
            module.image = process.vdso(mapping);
            module.adopt(module.image.as_deref().and_then(Elf::read), mapping);
        } else if mapping.inode != 0 {
            let file = process.open_mapped(mapping);
            stamp = file.as_ref().and_then(stamp_of);
            let elf = file
                .as_ref()
                .and_then(|file| Elf::read(&ReadCache::new(file)));
            module.adopt(elf, mapping);
            module.file = file.filter(|_| self.open_files < most_open_files());
            self.open_files += usize::from(module.file.is_some());
        }
        let size = module.elf.tables.size();
        if self.table_bytes + size > MAX_TABLE_BYTES {
            module.elf.tables = Tables::default();
            module.without_rules = Some("unwind tables take too much memory");
        } else {
            self.table_bytes += size;
        }
        (module, stamp)
    }

    /// Whether the module's file was written to after it was read: what is mapped now is not what was.
    fn was_rewritten(&self, id: ModuleId, stamp: Option<Stamp>) -> bool {
        let file = self.modules.get(id).and_then(|module| module.file.as_ref());
        file.is_some_and(|file| stamp_of(file) != stamp)
    }

    /// The file holds other code now: no names can be read from it any longer.
    fn let_go(&mut self, id: ModuleId) {
        if let Some(module) = self.modules.all.get_mut(id.0 as usize) {
            self.table_bytes = self.table_bytes.saturating_sub(module.elf.tables.size());
            self.open_files = self.open_files.saturating_sub(1);
            *module = Arc::new(module.without_file());
        }
    }

    /// Code made at run time grows at its end.
    fn grow(&mut self, id: ModuleId, mapping: &Mapping) {
        if let Some(module) = self.modules.all.get_mut(id.0 as usize)
            && mapping.inode == 0
            && mapping.end > module.end
        {
            *module = Arc::new(Module::nameable(mapping));
        }
    }
}

impl Key {
    fn of(mapping: &Mapping) -> Self {
        Self {
            path: mapping.path.clone(),
            device: mapping.device,
            inode: mapping.inode,
            offset: mapping.offset,
            start: if mapping.inode == 0 { mapping.start } else { 0 },
        }
    }
}

fn stamp_of(file: &File) -> Option<Stamp> {
    let metadata = file.metadata().ok()?;
    Some((metadata.size(), metadata.mtime(), metadata.mtime_nsec()))
}

/// A quarter of what the process may open: the program needs the rest.
fn most_open_files() -> usize {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is a live, writable rlimit.
    let failed = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0;
    let part = if failed {
        0
    } else {
        limit.rlim_cur / PART_OF_OPEN_FILES
    };
    usize::try_from(part)
        .unwrap_or(usize::MAX)
        .min(MAX_OPEN_FILES)
}
