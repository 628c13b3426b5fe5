//! An open data file, its length, and the errors that name it.

use std::fmt::Display;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use vecperf::{Error, ErrorKind, Result};

/// What other kinds of file begin with.
const OTHERS: &[(&[u8], &str)] = &[
    (b"\x1f\x8b", "gzip: unpack it first (gunzip)"),
    (b"\x28\xb5\x2f\xfd", "zstd: unpack it first (zstd -d)"),
    (
        b"PK\x03\x04",
        "a zip or .npz archive: unpack it first (unzip)",
    ),
    (b"PAR1", "Parquet: convert it to .npy or .fbin first"),
    (
        b"version https://git-lfs",
        "a Git LFS pointer: fetch the file itself (git lfs pull)",
    ),
    (b"<!DOCTYPE", "a web page: the download went wrong"),
    (b"<html", "a web page: the download went wrong"),
];

/// A regular file, open for reading.
#[derive(Debug)]
pub(super) struct Input {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Input {
    /// Opens `path`.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it cannot be read or is no file; [`ErrorKind::Data`] when it is empty or of an entirely
    /// different kind.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let io = |error| {
            Error::new(
                ErrorKind::Io,
                format!(
                    "{}: cannot be read; check the path and its permissions",
                    path.display()
                ),
            )
            .because(error)
        };
        // Asked before opening: to open a named pipe would wait for its writer.
        let metadata = std::fs::metadata(path).map_err(io)?;
        if !metadata.is_file() {
            let what = if metadata.is_dir() {
                "a directory"
            } else {
                "a device or pipe"
            };
            return Err(Error::new(
                ErrorKind::Io,
                format!("{}: is {what}. Expected is a file", path.display()),
            ));
        }
        let mut input = Self {
            path: path.to_owned(),
            file: File::open(path).map_err(io)?,
            length: metadata.len(),
        };
        let mut start = [0; 24];
        let held = start
            .len()
            .min(usize::try_from(input.length).unwrap_or(usize::MAX));
        input.read(0, &mut start[..held])?;
        match OTHERS.iter().find(|(magic, _)| start.starts_with(magic)) {
            _ if input.length == 0 => Err(input.wrong("is empty", "vectors", "Make it again")),
            Some((_, what)) => Err(input.wrong(
                "is not what its name says",
                "the format of its extension",
                &format!("It is {what}"),
            )),
            None => Ok(input),
        }
    }

    /// Bytes in the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The file's name.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Fills `bytes` from `offset` on.
    pub(super) fn read(&mut self, offset: u64, bytes: &mut [u8]) -> Result<()> {
        let read = self
            .file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| self.file.read_exact(bytes));
        read.map_err(|error| {
            let message = format!(
                "{}: {} bytes at {offset} cannot be read",
                self.path.display(),
                bytes.len()
            );
            Error::new(ErrorKind::Io, message).because(error)
        })
    }

    /// The little-endian 32-bit number at `offset`; `what` it is.
    pub(super) fn number(&mut self, offset: u64, what: &str) -> Result<u32> {
        if offset + 4 > self.length {
            let found = format!("ends after {} bytes", self.length);
            return Err(self.wrong(
                found,
                format_args!("{what} at byte {offset}"),
                "The file is truncated: get it again",
            ));
        }
        let mut bytes = [0; 4];
        self.read(offset, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// An error that says what the file holds, what it should hold, and what to do.
    pub(super) fn wrong(&self, found: impl Display, expected: impl Display, remedy: &str) -> Error {
        Error::new(
            ErrorKind::Data,
            format!(
                "{}: {found}. Expected: {expected}. {remedy}",
                self.path.display()
            ),
        )
    }
}
