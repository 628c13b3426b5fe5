//! Which paths are written to, and what is said about the others.

use std::fs::{self, FileType};
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};
use crate::export::text::plain;

/// Bytes of a file name that leave room for a process' own mark within the 255 that file systems allow.
const LONGEST_NAME: usize = 200;

/// Refuses what is not the plain name of a file on every system: the settings may travel.
///
/// # Errors
/// [`ErrorKind::Settings`]: `key`, the name and what is wrong with it.
pub fn check_name(key: &str, name: &str) -> Result<()> {
    let wrong = if name.is_empty() {
        "is empty"
    } else if name.len() > LONGEST_NAME {
        "is longer than 200 bytes"
    } else if name.contains(['/', '\\']) {
        "has a path separator; it is put into output.directory"
    } else if name == "." || name == ".." {
        "is a directory"
    } else if name.contains(['<', '>', ':', '"', '|', '?', '*']) || plain(name) != name {
        "has a character that not every system allows in a name"
    } else if name.ends_with(['.', ' ']) || name.starts_with(' ') {
        "begins or ends with a blank, or ends with a dot, which Windows drops"
    } else if is_device(name) {
        "is a device on Windows"
    } else if name.to_ascii_lowercase().starts_with(".vecperf") {
        "begins like vecperf's own locks and temporary files"
    } else {
        return Ok(());
    };
    let shown: String = plain(name).chars().take(80).collect();
    let message = format!(
        "{key} = \"{shown}\" {wrong}; give a plain file name such as \"performance_metrics.json\""
    );
    Err(Error::new(ErrorKind::Settings, message))
}

/// `NUL`, `com1.json`, … : Windows opens the device whatever the extension.
fn is_device(name: &str) -> bool {
    let stem = name
        .split('.')
        .next()
        .unwrap_or(name)
        .trim_end()
        .to_ascii_uppercase();
    let numbered = stem.strip_prefix("COM").or(stem.strip_prefix("LPT"));
    matches!(
        stem.as_str(),
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$"
    ) || numbered.is_some_and(|port| {
        matches!(
            port,
            "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³"
        )
    })
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
        Io::NotADirectory | Io::AlreadyExists => match file_in_the_way(path) {
            Some(file) => format!(
                "{} is a file: remove it or name another directory",
                show(&file)
            ),
            None => "a part of the path is not a directory: name another one".to_owned(),
        },
        Io::NotFound => "make the directory first".to_owned(),
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
