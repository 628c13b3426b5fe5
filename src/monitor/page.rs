//! The report as a page, made when the run has ended.

use crate::error::Result;
use crate::export::{Exporter, Html};
use crate::profile::Profile;
use crate::report::Report;

/// The page of `report` with the profiles in these files' bytes.
pub(super) fn page(report: &Report, cpu: Option<&[u8]>, heap: Option<&[u8]>) -> Result<Vec<u8>> {
    let (cpu, heap) = (cpu.and_then(read), heap.and_then(read));
    let html = Html {
        cpu_profile: cpu.as_ref(),
        heap_profile: heap.as_ref(),
    };
    html.to_bytes(report)
}

/// What was written a moment ago is a profile; anything else is left out of the page.
#[cfg(feature = "pprof")]
fn read(bytes: &[u8]) -> Option<Profile> {
    /// Bounds what is unpacked; a profile's own bounds keep it far below.
    const LIMIT: usize = 1 << 30;
    crate::export::pprof::read(bytes, LIMIT).ok()
}

/// Without the format there is no profile either.
#[cfg(not(feature = "pprof"))]
fn read(_: &[u8]) -> Option<Profile> {
    None
}
