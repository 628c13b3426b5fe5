//! Systems other than Linux: not looked at.

use super::{Look, Range};
use crate::memory::Identity;

/// Which pages are in memory: not known here.
pub(in crate::memory) fn look(_: Range, _: Option<&Identity>) -> Look {
    Look::Unknown("which pages are in memory is read on Linux only".to_owned())
}

/// What lies there: not known here.
pub(in crate::memory) fn identity(_: Range) -> Identity {
    Identity::Mixed
}
