//! Which paths are written to, and what is said about the others.

use std::fs::{self, FileType};
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::config::check_file_name;
use crate::error::{Error, ErrorKind, Result};
use crate::export::text::plain;

/// Bytes of a file name that leave room for a process' own mark within the 255 that file systems allow.
const LONGEST_NAME: usize = 200;

/// Refuses what is not the plain name of a file on every system, also in settings that were made in code, and the
/// names of vecperf's own locks and temporary files.
///
/// # Errors
/// [`ErrorKind::Settings`]: `key`, the name and what is wrong with it.
pub fn check_name(key: &str, name: &str) -> Result<()> {
    let why = match check_file_name(name) {
        Err(why) => why,
        Ok(()) if name.to_ascii_lowercase().starts_with(".vecperf") => {
            "it begins like vecperf's own locks and temporary files".to_owned()
        }
        Ok(()) if name.len() > LONGEST_NAME => {
            format!(
                "it has more than {LONGEST_NAME} bytes, which leaves no room for a second process' mark"
            )
        }
        Ok(()) => return Ok(()),
    };
    let shown: String = plain(name).chars().take(80).collect();
    let message = format!(
        "{key} = \"{shown}\": {why}; give a plain file name such as \"performance_metrics.json\""
    );
    Err(Error::new(ErrorKind::Settings, message))
}

/// The output directory, made where it is missing. Without a trailing separator, behind which a symbolic link
/// would hide.
pub(super) fn directory(path: &Path) -> Result<PathBuf> {
    let path: PathBuf = path.components().collect();
    if path.as_os_str().is_empty() {
        let message = "output.directory is empty; give a directory, `.` for the current one";
        return Err(Error::new(ErrorKind::Settings, message));
    }
    let failed = |error| explain(&path, "the directory cannot be made", error);
    let found = match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir_all(&path)
            .and_then(|()| fs::symlink_metadata(&path))
            .map_err(failed)?,
        found => found.map_err(failed)?,
    };
    if found.is_dir() {
        return Ok(path);
    }
    let remedy = if found.is_symlink() {
        "name the directory it points to"
    } else {
        "remove it or name a directory"
    };
    let message = format!(
        "{}: output.directory is {}; {remedy}",
        show(&path),
        kind(found.file_type())
    );
    Err(Error::new(ErrorKind::Io, message))
}

/// Refuses a target that is there and is not a file: renaming would replace a link or device somebody made.
pub(super) fn check_target(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => {
            let kind = kind(found.file_type());
            let message = format!(
                "{}: is {kind}, not a file; remove it or give another name",
                show(path)
            );
            Err(Error::new(ErrorKind::Io, message))
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(explain(path, "cannot be written", error))
        }
        _ => Ok(()),
    }
}

/// The directory that `path` is in.
pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// `path: what: the system's words; what to do`.
pub(super) fn explain(path: &Path, what: &str, error: io::Error) -> Error {
    use io::ErrorKind as Io;
    let remedy = match error.kind() {
        Io::StorageFull => {
            "free space on its disk, or set output.directory to another one".to_owned()
        }
        Io::QuotaExceeded => {
            "free space within the quota, or set output.directory to another disk".to_owned()
        }
        Io::FileTooLarge => {
            "raise the file size limit (ulimit -f), or set output.directory to another disk"
                .to_owned()
        }
        Io::PermissionDenied => {
            "let this user write there, or set output.directory to another one".to_owned()
        }
        Io::ReadOnlyFilesystem => {
            "its file system is read-only: set output.directory to another one".to_owned()
        }
        // Windows says "not found" of what lies below a file.
        Io::NotADirectory | Io::AlreadyExists | Io::NotFound => match file_in_the_way(path) {
            Some(file) => format!(
                "{} is a file: remove it or name another directory",
                show(&file)
            ),
            None if error.kind() == Io::NotFound => "make the directory first".to_owned(),
            None => "a part of the path is not a directory: name another one".to_owned(),
        },
        Io::InvalidFilename => "use a shorter path".to_owned(),
        _ => "check the path and its disk".to_owned(),
    };
    Error::new(
        ErrorKind::Io,
        format!("{}: {what}: {error}; {remedy}", show(path)),
    )
    .because(error)
}

/// The first part of `path` that exists and is no directory.
fn file_in_the_way(path: &Path) -> Option<PathBuf> {
    let mut parts: Vec<_> = path
        .ancestors()
        .filter(|part| {
            part.components()
                .any(|it| matches!(it, Component::Normal(_)))
        })
        .collect();
    parts.reverse();
    parts
        .into_iter()
        .find(|part| fs::metadata(part).is_ok_and(|found| !found.is_dir()))
        .map(Path::to_owned)
}

fn show(path: &Path) -> String {
    plain(&path.to_string_lossy()).into_owned()
}

fn kind(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a named pipe";
        } else if kind.is_socket() {
            return "a socket";
        } else if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    if kind.is_symlink() {
        "a symbolic link"
    } else if kind.is_dir() {
        "a directory"
    } else if kind.is_file() {
        "a file"
    } else {
        "neither a file nor a directory"
    }
}
