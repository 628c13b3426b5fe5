//! A settings file's text: whatever lies at the path, without reading more of it than settings can be.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};

/// No settings file is larger; the commented sample has 6 KiB.
const LARGEST: u64 = 1 << 20;

/// The text of the file at `path`, without a byte order mark.
///
/// # Errors
/// [`ErrorKind::Io`] when it is not there or cannot be read; [`ErrorKind::Settings`] when it is no text, or too large.
pub(super) fn read(path: &Path) -> Result<String> {
    let bytes = read_bytes(path).map_err(|error| unreadable(path, error))?;
    let refuse = |why: String| {
        let path = path.display();
        Err(Error::new(
            ErrorKind::Settings,
            format!("{path}: {why}; a settings file is TOML in UTF-8"),
        ))
    };
    if bytes.len() as u64 > LARGEST {
        return refuse("this is larger than 1 MiB".to_owned());
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return refuse("this is UTF-16 text; save it as UTF-8".to_owned());
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let line = 1 + error.as_bytes()[..at]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count();
            refuse(format!("line {line} is not valid UTF-8"))
        }
    }
}

/// At most one byte more than is allowed: a device or a 100 MB file is not read to its end.
fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    let shown = path.display();
    let message = match error.kind() {
        io::ErrorKind::NotFound => {
            format!(
                "{shown}: there is no such file; `vecperf init` writes a commented settings file"
            )
        }
        // Windows reports a directory as "permission denied".
        _ if path.is_dir() => format!("{shown}: this is a directory; name the settings file in it"),
        io::ErrorKind::PermissionDenied => format!("{shown}: this user may not read it"),
        _ => format!("{shown}: cannot be read"),
    };
    Error::new(ErrorKind::Io, message).because(error)
}
