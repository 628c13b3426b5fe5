//! What of a process can be looked at from outside: its maps, its memory, the files that it has mapped.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::maps::Mapping;
use crate::cpu::options::Target;

/// Bytes of a maps file that are read, at most: some 600,000 mappings.
const MAX_MAPS_BYTES: u64 = 64 << 20;
/// What the system puts behind the path of a file that was removed.
const REMOVED: &[u8] = b" (deleted)";
/// Bytes at the start of a file that are compared with memory: the header, the segments, and nearly always the build id.
const COMPARED_BYTES: usize = 4096;

/// A process, by its folder in `/proc`.
#[derive(Clone, Debug)]
pub(super) struct Process {
    folder: PathBuf,
    /// Its threads share its memory, and are there when its main thread has ended.
    thread_folder: Option<PathBuf>,
    own: bool,
}

impl Process {
    pub(super) fn new(target: Target) -> Self {
        match target {
            Target::ThisProcess => Self {
                folder: PathBuf::from("/proc/self"),
                thread_folder: Some(PathBuf::from("/proc/thread-self")),
                own: true,
            },
            Target::Process(number) => Self {
                folder: PathBuf::from(format!("/proc/{number}")),
                thread_folder: None,
                own: false,
            },
        }
    }

    /// The text of its maps file. Empty when the process has ended.
    pub(super) fn maps(&self) -> io::Result<Vec<u8>> {
        let mut text = Vec::with_capacity(64 << 10);
        self.open("maps")?
            .take(MAX_MAPS_BYTES)
            .read_to_end(&mut text)?;
        Ok(text)
    }

    /// Reads its memory; fails, and never faults, where nothing is mapped.
    pub(super) fn read_memory(&self, address: u64, into: &mut [u8]) -> io::Result<()> {
        self.open("mem")?.read_exact_at(into, address)
    }

    /// The file behind `mapping`, and none that has taken its name since. Tried in turn: the mapping itself (needs a
    /// privilege), the path as the process sees it, the path as we see it, and the program's own link, which outlives
    /// the removal of the file.
    pub(super) fn open_mapped(&self, mapping: &Mapping) -> Option<File> {
        let range = format!("map_files/{:x}-{:x}", mapping.start, mapping.end);
        if let Some(file) = open_regular(&self.folder.join(range)) {
            return Some(file);
        }
        let path = mapping.path.strip_suffix(REMOVED).unwrap_or(&mapping.path);
        let path = Path::new(OsStr::from_bytes(path));
        let inside = path
            .strip_prefix("/")
            .ok()
            .map(|path| self.folder.join("root").join(path));
        let link = self.folder.join("exe");
        [inside.as_deref(), Some(path), Some(&link)]
            .into_iter()
            .flatten()
            .filter_map(open_regular)
            .find(|file| self.is_mapped(file, mapping))
    }

    /// Same device and inode; or, where the file system shows other numbers in maps than to `stat` (overlayfs, btrfs),
    /// same inode and the same bytes at the start of the file as in memory.
    fn is_mapped(&self, file: &File, mapping: &Mapping) -> bool {
        let Ok(metadata) = file.metadata() else {
            return false;
        };
        metadata.ino() == mapping.inode
            && (device(&metadata) == mapping.device
                || self.starts_like(file, mapping).unwrap_or(false))
    }

    /// Whether the mapped code is what stands in the file.
    fn starts_like(&self, file: &File, mapping: &Mapping) -> io::Result<bool> {
        let length = (mapping.end - mapping.start).min(COMPARED_BYTES as u64) as usize;
        let (mut in_file, mut in_memory) = (vec![0; length], vec![0; length]);
        file.read_exact_at(&mut in_file, mapping.offset)?;
        self.read_memory(mapping.start, &mut in_memory)?;
        Ok(in_file == in_memory)
    }

    /// The bytes of the vdso: of another process it is the same as our own, where its memory may not be read.
    pub(super) fn vdso(&self, mapping: &Mapping) -> Option<Box<[u8]>> {
        const MAX_VDSO_BYTES: u64 = 1 << 20;
        let size = mapping.end - mapping.start;
        if size > MAX_VDSO_BYTES {
            return None;
        }
        let mut image = vec![0; size as usize];
        if self.read_memory(mapping.start, &mut image).is_ok() {
            return Some(image.into());
        }
        if self.own {
            return None;
        }
        let ours = Self::new(Target::ThisProcess);
        let maps = super::maps::executable(&ours.maps().ok()?);
        let mapping = maps.into_iter().find(|mapping| mapping.path == b"[vdso]")?;
        (mapping.end - mapping.start == size).then(|| ours.vdso(&mapping))?
    }

    fn open(&self, name: &str) -> io::Result<File> {
        match &self.thread_folder {
            Some(folder) => {
                File::open(folder.join(name)).or_else(|_| File::open(self.folder.join(name)))
            }
            None => File::open(self.folder.join(name)),
        }
    }
}

/// Opens a regular file; never waits (a named pipe would) and touches no device.
fn open_regular(path: &Path) -> Option<File> {
    let is_regular = |metadata: Metadata| metadata.is_file();
    if !std::fs::metadata(path).is_ok_and(is_regular) {
        return None;
    }
    let file = (File::options().read(true))
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
        .ok()?;
    file.metadata().is_ok_and(is_regular).then_some(file)
}

fn device(metadata: &Metadata) -> (u32, u32) {
    (libc::major(metadata.dev()), libc::minor(metadata.dev()))
}
