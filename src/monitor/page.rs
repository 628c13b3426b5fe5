//! The report as a page, made when the run has ended.

use std::sync::Arc;

use crate::error::Result;
use crate::export::{Exporter, Html};
use crate::profile::Profile;
use crate::report::Report;

/// What is kept of a profile when the run has ended.
#[derive(Clone)]
pub(super) struct Ended {
    /// The bytes of its file.
    pub(super) file: Arc<[u8]>,
    /// Itself, where the settings ask for a page.
    pub(super) profile: Option<Arc<Profile>>,
}

/// The page of `report` with these profiles.
pub(super) fn page(report: &Report, cpu: Option<&Ended>, heap: Option<&Ended>) -> Result<Vec<u8>> {
    let html = Html {
        cpu_profile: cpu.and_then(|it| it.profile.as_deref()),
        heap_profile: heap.and_then(|it| it.profile.as_deref()),
    };
    html.to_bytes(report)
}
