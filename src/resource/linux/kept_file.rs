//! A kernel file that stays open and is read again and again: no path look-up and no allocation at a beat.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// An open file under `/proc` or in a cgroup.
#[derive(Debug)]
pub(super) struct KeptFile(File);

impl KeptFile {
    pub(super) fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        File::open(path).map(Self)
    }

    /// The file's text as of now, in `buffer`, which grows until the text fits and is then only reused.
    ///
    /// The kernel writes the whole text at each read from offset 0; continuing at another offset could join two
    /// states, so a text that does not fit is read anew.
    pub(super) fn read<'b>(&self, buffer: &'b mut Vec<u8>) -> io::Result<Cow<'b, str>> {
        const LARGEST: usize = 4 << 20;
        buffer.resize(buffer.capacity().max(4096), 0);
        loop {
            let length = match self.0.read_at(buffer, 0) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if length < buffer.len() || length >= LARGEST {
                return Ok(String::from_utf8_lossy(&buffer[..length]));
            }
            buffer.resize(buffer.len() * 2, 0);
        }
    }

    /// The file's first line as of now, and no more of it: what follows may be long.
    pub(super) fn first_line<'b>(&self, buffer: &'b mut Vec<u8>) -> io::Result<Cow<'b, str>> {
        const LONGEST: usize = 512;
        buffer.resize(buffer.capacity().max(LONGEST), 0);
        let length = loop {
            match self.0.read_at(&mut buffer[..LONGEST], 0) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        let line = buffer[..length]
            .split_inclusive(|&byte| byte == b'\n')
            .next();
        Ok(String::from_utf8_lossy(line.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_first_line_is_read_alone() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let kept = KeptFile::open(file.path()).unwrap();
        let mut buffer = Vec::new();
        assert_eq!(kept.first_line(&mut buffer).unwrap(), "");
        file.write_all(b"cpu 1 2\n").unwrap();
        file.write_all("cpu0 1\n".repeat(1000).as_bytes()).unwrap();
        assert_eq!(kept.first_line(&mut buffer).unwrap(), "cpu 1 2\n");
    }

    #[test]
    fn a_longer_text_grows_the_buffer_once_and_a_change_is_seen() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let kept = KeptFile::open(file.path()).unwrap();
        let mut buffer = Vec::new();
        assert_eq!(kept.read(&mut buffer).unwrap(), "");
        let long = "x".repeat(10_000);
        file.write_all(long.as_bytes()).unwrap();
        assert_eq!(kept.read(&mut buffer).unwrap(), long.as_str());
        let grown = buffer.capacity();
        assert_eq!(kept.read(&mut buffer).unwrap(), long.as_str());
        assert_eq!(buffer.capacity(), grown);
    }
}
