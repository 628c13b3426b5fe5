//! pprof: the profile format that `go tool pprof`, speedscope, Grafana and others open. A gzip'd protocol buffer.
//!
//! ```text
//!  wire.rs    the messages and the walk over them
//!  write.rs   a profile to bytes
//!  read.rs    bytes to a profile, whatever they are
//!  samples.rs the samples among them
//!  tables.rs  texts and ids that the lists refer to, while reading
//! ```

mod read;
mod samples;
mod tables;
#[cfg(test)]
mod tests;
mod wire;
mod write;

use crate::error::{Error, ErrorKind, Result};
use crate::profile::Profile;

/// The bytes of a `.prof` file: the same profile gives the same bytes. Readers show the value `cpu` first, if there
/// is one. A text label whose text is empty is left out: the format cannot tell it from a number.
///
/// ```
/// use vecperf::export::pprof;
/// use vecperf::profile::Builder;
///
/// let mut builder = Builder::cpu(1_000_000);
/// builder.sample(vec![], vec![1, 1_000_000], vec![]);
/// let profile = builder.finish();
/// assert_eq!(pprof::read(&pprof::write(&profile), 1 << 20)?, profile);
/// # Ok::<(), vecperf::Error>(())
/// ```
pub fn write(profile: &Profile) -> Vec<u8> {
    write::pack(&write::encode(profile))
}

/// Reads a `.prof` file, of vecperf or another profiler: gzip'd (also in several members) or plain. `limit` bounds the
/// bytes after unpacking; beside them, the profile takes at most some 40 bytes of memory for each.
///
/// What is read holds together as [`Profile::check`] says. Samples of equal stacks and labels become one, their values added
/// up. What the model has no place for is left out: the regular expressions of frames to drop and to keep, and labels
/// without a key.
///
/// # Errors
/// Of kind [`ErrorKind::Data`]: not a pprof file, cut off, damaged, or larger than `limit`; the text says what and where.
pub fn read(bytes: &[u8], limit: usize) -> Result<Profile> {
    read::unpack(bytes, limit)
        .and_then(|bytes| read::decode(&bytes))
        .map_err(|why| Error::new(ErrorKind::Data, format!("not a valid pprof profile: {why}")))
}
