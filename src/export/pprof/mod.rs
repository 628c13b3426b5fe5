//! pprof: the profile format that `go tool pprof`, speedscope, Grafana and others open. A gzip'd protocol buffer.

use crate::error::{Error, ErrorKind, Result};
use crate::profile::Profile;

/// The bytes of a `.prof` file.
pub fn write(_profile: &Profile) -> Vec<u8> {
    Vec::new()
}

/// Reads a `.prof` file: gzip'd or plain. `limit` bounds the bytes after unpacking.
///
/// # Errors
/// Not a pprof file, cut off, or larger than `limit`; the text says where.
pub fn read(_bytes: &[u8], _limit: usize) -> Result<Profile> {
    Err(Error::new(ErrorKind::Unavailable, "not built yet"))
}
