//! Systems other than Linux: names are not restored here.

use std::fmt;
use std::path::Path;

use crate::profile::Profile;

/// Why a binary names nothing in a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRestored(String);

impl fmt::Display for NotRestored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotRestored {}

/// Names the functions of a profile of a stripped program by its unstripped twin: on Linux only, so far.
///
/// # Errors
/// Always.
pub fn symbolize(_profile: &mut Profile, binary: &Path) -> Result<usize, NotRestored> {
    let binary = binary.display();
    Err(NotRestored(format!(
        "{binary}: names are restored on Linux only; do it there"
    )))
}
