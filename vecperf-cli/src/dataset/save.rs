//! Files that are there as they were, or as they should be, and nothing between.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use vecperf::{Error, ErrorKind, Result};
use vecperf_engines::Vectors;

use crate::exit::Failure;

/// Writes `path` through a temporary file beside it, which is synced and renamed: a reader, a kill or a full disk leaves the old
/// file or the new one.
///
/// # Errors
/// [`ErrorKind::Io`]; the temporary file is gone then.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let partial = partial(path);
    let written = write_whole(&partial, write).and_then(|()| std::fs::rename(&partial, path));
    written.map_err(|error| {
        // Whatever is left of it is of no use to anybody; that it cannot be removed either adds nothing.
        let _ = std::fs::remove_file(&partial);
        cannot_be_written(path, error)
    })
}

/// Refuses a path at which a file is, unless the user forces it, and one at which no file can be made: renaming would
/// replace a link or a device.
///
/// # Errors
/// Something is there; `instead` is what else to try.
pub(crate) fn refuse_to_overwrite(
    path: &Path,
    force: bool,
    instead: &str,
) -> std::result::Result<(), Failure> {
    let refused = |why: &str| Failure::usage(format!("{}: {why}", path.display()));
    let ends_as_directory = path.to_string_lossy().ends_with(std::path::is_separator);
    match path.symlink_metadata() {
        _ if ends_as_directory => Err(refused("is a directory's name").remedy(instead)),
        Err(_) => Ok(()),
        Ok(found) if found.is_dir() => Err(refused("is a directory").remedy(instead)),
        Ok(found) if !found.is_file() => {
            Err(refused("is a link or a device, not a file").remedy(instead))
        }
        Ok(_) if force => Ok(()),
        Ok(_) => Err(refused("there is a file already")
            .remedy(format!("--force to overwrite it, or {instead}"))),
    }
}

/// Tries whether [`replace`] will be able to write `path`: now, not after the work.
///
/// # Errors
/// It will not.
pub(crate) fn try_out(path: &Path) -> Result<()> {
    let partial = partial(path);
    let tried = write_whole(&partial, |_| Ok(())).and_then(|()| std::fs::remove_file(&partial));
    tried.map_err(|error| cannot_be_written(path, error))
}

/// The temporary file beside `path`.
fn partial(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.partial", std::process::id()))
}

fn cannot_be_written(path: &Path, error: io::Error) -> Error {
    let what = format!("{}: cannot be written", path.display());
    Error::new(ErrorKind::Io, what).because(error)
}

fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let create = |()| OpenOptions::new().write(true).create_new(true).open(path);
    let file: File = create(()).or_else(|error| match error.kind() {
        // Left by a killed process whose number we have now.
        io::ErrorKind::AlreadyExists => std::fs::remove_file(path).and_then(create),
        _ => Err(error),
    })?;
    let mut out = BufWriter::with_capacity(1 << 16, file);
    write(&mut out)?;
    out.into_inner()?.sync_all()
}

/// Writes vectors as `.fbin`.
pub(crate) fn vectors(path: &Path, vectors: &Vectors) -> Result<()> {
    table(
        path,
        vectors.len(),
        vectors.dimensions(),
        vectors.values().iter().map(|value| value.to_le_bytes()),
    )
}

/// Writes neighbour ids, `k` a query, as `.ibin`.
pub(crate) fn ids(path: &Path, k: usize, ids: &[u32]) -> Result<()> {
    table(
        path,
        ids.len() / k.max(1),
        k,
        ids.iter().map(|id| id.to_le_bytes()),
    )
}

/// Writes distances, `k` a query, as `.fbin`.
pub(crate) fn distances(path: &Path, k: usize, distances: &[f32]) -> Result<()> {
    table(
        path,
        distances.len() / k.max(1),
        k,
        distances.iter().map(|distance| distance.to_le_bytes()),
    )
}

/// Rows and columns as 32-bit numbers, then the values.
fn table(
    path: &Path,
    rows: usize,
    columns: usize,
    values: impl Iterator<Item = [u8; 4]>,
) -> Result<()> {
    let number = |number: usize| {
        u32::try_from(number)
            .map(u32::to_le_bytes)
            .map_err(io::Error::other)
    };
    replace(path, |out| {
        out.write_all(&number(rows)?)?;
        out.write_all(&number(columns)?)?;
        let mut values = values;
        values.try_for_each(|value| out.write_all(&value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let files = std::fs::read_dir(directory).unwrap();
        files
            .map(|file| file.unwrap().file_name().to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn a_write_that_fails_leaves_the_old_file_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("base.fbin");
        std::fs::write(&path, "old").unwrap();
        let error = replace(&path, |out| {
            out.write_all(b"half of the ne")?;
            Err(io::Error::other("disk full"))
        });
        let error = format!("{:?}", error.unwrap_err());
        assert!(
            error.contains("base.fbin: cannot be written: disk full"),
            "{error}"
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(names(directory.path()), ["base.fbin"]);
    }

    #[test]
    fn only_a_file_is_overwritten_and_only_by_force() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("file"), "old").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(path("file"), path("link")).unwrap();
        let check = |name: &str, force: bool, words: Option<&str>| {
            let refused = refuse_to_overwrite(&path(name), force, "another").err();
            let told = refused.as_ref().map(ToString::to_string);
            assert_eq!(refused.is_some(), words.is_some(), "{name}: {told:?}");
            assert!(
                told.unwrap_or_default().contains(words.unwrap_or_default()),
                "{name}"
            );
        };
        check("new", false, None);
        check("file", false, Some("--force"));
        check("file", true, None);
        check("", true, Some("directory"));
        check("new/", true, Some("directory"));
        #[cfg(unix)]
        check("link", true, Some("is a link"));
    }

    #[test]
    fn trying_a_path_out_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        try_out(&directory.path().join("a.prof")).unwrap();
        assert!(try_out(&directory.path().join("no/a.prof")).is_err());
        assert!(names(directory.path()).is_empty());
    }

    #[test]
    fn what_a_killed_process_left_is_no_obstacle() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("base.fbin");
        std::fs::write(
            directory
                .path()
                .join(format!(".base.fbin.{}.partial", std::process::id())),
            "left",
        )
        .unwrap();
        replace(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(names(directory.path()), ["base.fbin"]);
    }
}
