//! The one place that writes files: old or new, never half, and nobody else's.
//!
//! [`replace`] writes a temporary file beside the target, syncs it, renames it over the target and syncs the
//! directory. Killed or out of space at any step, the target is the old file or the new one.
//!
//! [`OutputDirectory`] is the directory that the settings name. The first process that opens it holds the lock
//! file `.vecperf.lock` and writes the names of the settings. Another one (or a second monitor of the same process)
//! is not turned away, for instrumentation never breaks the program it watches: it writes names of its own, with
//! its process id in them, and a note says so.
//!
//! Who owns a file is told by locks, not by process ids, which are reused and mean nothing across containers that
//! share a volume: a process keeps its temporary files locked, so one that can be locked was left by the dead.

mod claim;
mod path;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::{self, Output};
use crate::error::{Error, ErrorKind, Result};
use claim::{Claim, Lock};
pub use path::check_name;

/// The directory the settings name, opened for writing.
#[derive(Debug)]
pub struct OutputDirectory {
    path: PathBuf,
    output: Output,
    lock: Lock,
}

impl OutputDirectory {
    /// Makes the directory where it is missing, takes its lock, removes what dead processes left half written.
    ///
    /// Costs a few system calls, so that a directory that cannot be written is told before the run and not after.
    ///
    /// # Errors
    /// [`ErrorKind::Settings`]: a file name that leaves the directory, or that is no name. [`ErrorKind::Io`]: the
    /// directory is a file, a symbolic link or cannot be written; a target is a symbolic link, a directory or a device.
    pub fn open(output: &Output) -> Result<Self> {
        for (key, name) in output.files() {
            check_name(key, name)?;
        }
        if let Some((keys, name)) = output.same_file() {
            let message = config::same_file(keys, name);
            return Err(Error::new(ErrorKind::Settings, message));
        }
        let path = path::directory(&output.directory)?;
        for (_, name) in output.files() {
            path::check_target(&path.join(name))?;
        }
        let lock = Lock::take(&path)
            .map_err(|error| path::explain(&path, "the directory cannot be written", error))?;
        claim::remove_abandoned(&path);
        Ok(Self {
            path,
            output: output.clone(),
            lock,
        })
    }

    /// Where the report goes.
    pub fn metrics_path(&self) -> PathBuf {
        self.path_of(&self.output.metrics_file)
    }

    /// Where the CPU profile goes.
    pub fn profiling_path(&self) -> PathBuf {
        self.path_of(&self.output.profiling_file)
    }

    /// Where the heap profile goes.
    pub fn heap_profile_path(&self) -> PathBuf {
        self.path_of(&self.output.heap_profile_file)
    }

    /// Where the report page goes; `None` when none is written.
    pub fn page_path(&self) -> Option<PathBuf> {
        let name = self.output.report_file.as_deref()?;
        Some(self.path_of(name))
    }

    /// Where a file called `name` goes: as it is, or with this process' own mark before the extension.
    fn path_of(&self, name: &str) -> PathBuf {
        let Some(mark) = self.lock.mark() else {
            return self.path.join(name);
        };
        match name.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => {
                self.path.join(format!("{stem}.{mark}.{extension}"))
            }
            _ => self.path.join(format!("{name}.{mark}")),
        }
    }

    /// What the reader of the report should know: the files have other names than the settings say, or could not
    /// be locked.
    pub fn note(&self) -> Option<String> {
        let directory = self.path.display();
        match &self.lock {
            Lock::First { .. } => None,
            Lock::Own(_) => Some(format!(
                "{directory} is in use by another vecperf: this report is {}",
                self.metrics_path().display()
            )),
            Lock::None(reason) => Some(format!(
                "{directory} cannot be locked ({reason}): a second vecperf there would replace this \
                 one's files"
            )),
        }
    }

    /// Replaces the file called `name`, old or new, and says where it is.
    ///
    /// # Errors
    /// As [`replace`]; [`ErrorKind::Settings`] when `name` is not a plain file name.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        check_name("file name", name)?;
        let path = self.path_of(name);
        // The directory may have been removed since it was opened.
        path::directory(&self.path)?;
        replace(&path, bytes)?;
        Ok(path)
    }
}

/// Writes `bytes` to `path` such that a reader sees the old file or the new one, whatever happens meanwhile.
/// Permissions are 0o644 less the umask.
///
/// # Errors
/// [`ErrorKind::Io`]: names the file, what was needed and what to do; the old file is untouched.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    path::check_target(path)?;
    let directory = path::parent(path);
    let needed = bytes.len();
    let what = format!("cannot be written ({needed} bytes needed; what was there is unchanged)");
    let failed = |error| path::explain(path, &what, error);
    let mut temporary = Claim::temporary(directory).map_err(failed)?;
    temporary.write(bytes).map_err(failed)?;
    temporary.rename(path).map_err(failed)?;
    sync_directory(directory).map_err(|error| {
        let what = "was written, but may be the old one again after a power cut";
        path::explain(path, what, error)
    })
}

/// Makes the rename last through a power cut. File systems that cannot do that (some network and FUSE ones) say
/// so with `EINVAL` or `ENOTSUP`; there is nothing better to do there.
fn sync_directory(directory: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match fs::File::open(directory)?.sync_all() {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}
