//! The file that an index is served from: put where nothing else is, evicted from memory without root, and looked at page
//! by page.
//!
//! A page that a process has touched through a mapping is not evicted until it lets go of it.

use std::path::{Path, PathBuf};
use std::{fs, io};

use vecperf_engines::EngineKind;

use crate::exit::{Failure, Result};

#[cfg(target_os = "linux")]
mod linux;

/// True where a file can be evicted from memory without root, and be seen to be.
pub(crate) const CAN_EVICT: bool = cfg!(target_os = "linux");

/// A place for an index, empty again when this is dropped; what is mapped stays until it is unmapped.
#[derive(Debug)]
pub(crate) struct IndexFile(PathBuf);

impl IndexFile {
    /// A place in `directory`, which is made if there is none.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn in_directory(directory: &Path, engine: EngineKind) -> Result<Self> {
        fs::create_dir_all(directory).map_err(|error| {
            Failure::runtime(format!("{}: cannot be made", directory.display()))
                .because(&error)
                .remedy("--output with another directory")
        })?;
        let name = format!("index-{}.{engine}", std::process::id());
        Ok(Self(directory.join(name)))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for IndexFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0); // it may not have been written
    }
}

/// Evicts a file from memory, as far as the system lets it be. `mapped`: where this process has it mapped, from its start,
/// to be read only.
///
/// # Errors
/// It cannot be read, or not be written to its disk.
pub(crate) fn evict(path: &Path, mapped: Option<&[u8]>) -> Result<Evicted> {
    evict_at(path, mapped).map_err(|error| {
        Failure::runtime(format!("{}: cannot be evicted from memory", path.display()))
            .because(&error)
            .remedy("--output with a directory on a disk")
    })
}

fn evict_at(path: &Path, mapped: Option<&[u8]>) -> io::Result<Evicted> {
    #[cfg(target_os = "linux")]
    return linux::evict(path, mapped);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (path, mapped);
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Tries to evict a small file in `directory`, and tells how much of it stayed in memory, in bytes.
///
/// # Errors
/// The file cannot be written or evicted.
pub(crate) fn probe(directory: &Path) -> io::Result<u64> {
    let name = format!(".vecperf-probe-{}", std::process::id());
    let file = IndexFile(directory.join(name));
    fs::write(file.path(), vec![1; 64 << 10])?;
    let evicted = evict_at(file.path(), None)?;
    Ok(evicted.left_bytes)
}

/// How much of a mapped file is in memory, in bytes; `None` where the system does not tell.
pub(crate) fn resident(mapped: &[u8]) -> Option<u64> {
    #[cfg(target_os = "linux")]
    return linux::resident(mapped).ok();
    #[cfg(not(target_os = "linux"))]
    return None;
}

/// What became of a file that was to leave memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Evicted {
    pub(crate) file_bytes: u64,
    /// Still in memory.
    pub(crate) left_bytes: u64,
}
