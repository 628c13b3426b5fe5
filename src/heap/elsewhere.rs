//! Builds without the CPU profiler's unwinder, and systems where it does not run: no heap profile, and why.

use std::convert::Infallible;
use std::time::Duration;

use super::mark::HeapMark;
use super::statistics::Statistics;
use crate::profile::Profile;

/// A heap profile under way; here there is none.
#[derive(Debug)]
pub(crate) struct Recording(Infallible);

impl Recording {
    /// # Errors
    /// Always.
    pub(crate) fn start(_: u64) -> Result<Self, String> {
        Err("there is no heap profile in this build or on this system".to_owned())
    }

    pub(crate) fn mean_bytes(&self) -> u64 {
        match self.0 {}
    }

    pub(crate) fn profile(&self, _: &dyn Fn(u32) -> Option<String>) -> Option<Profile> {
        match self.0 {}
    }

    pub(crate) fn mark(&self) -> HeapMark {
        match self.0 {}
    }

    pub(crate) fn growth(
        &self,
        _: &HeapMark,
        _: &HeapMark,
        _: &dyn Fn(u32) -> Option<String>,
    ) -> Option<Profile> {
        match self.0 {}
    }

    pub(crate) fn stop(&self) {
        match self.0 {}
    }

    pub(crate) fn statistics(&self) -> Option<Statistics> {
        match self.0 {}
    }

    pub(crate) fn cost(&self) -> (Duration, u64) {
        match self.0 {}
    }

    pub(crate) fn phase_starts(&self, _: &str) -> Option<u32> {
        match self.0 {}
    }

    pub(crate) fn phase_ends(&self, _: u32) {
        match self.0 {}
    }
}
