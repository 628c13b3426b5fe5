//! Systems other than Linux: no recording, and why.

use std::convert::Infallible;
use std::time::Duration;

use super::options::{BackEnd, Options, Target};
use super::refusal::Refusal;
use super::statistics::Statistics;
use crate::profile::Profile;

/// A CPU profile under way; on this system there is none.
#[derive(Debug)]
pub struct Recording(Infallible);

impl Recording {
    /// Starts a recording, on Linux.
    ///
    /// # Errors
    /// Always: why no back end runs here.
    pub fn start(_target: Target, _options: &Options) -> Result<Self, Vec<Refusal>> {
        Err(vec![Refusal {
            back_end: BackEnd::PerfEvent,
            reason: "the profiler runs on Linux only".to_owned(),
            remedy: "run on Linux; times, memory and CPU use are measured here, too".to_owned(),
        }])
    }

    /// What was recorded so far.
    pub fn profile(&self) -> Profile {
        match self.0 {}
    }

    /// The profile of the time from now on.
    pub fn profile_of_next(&self, _duration: Duration) -> Profile {
        match self.0 {}
    }

    /// Ends the recording.
    pub fn stop(&self) -> Duration {
        match self.0 {}
    }

    /// What was reached so far.
    pub fn statistics(&self) -> Option<Statistics> {
        match self.0 {}
    }

    /// False when it has ended.
    pub fn is_running(&self) -> bool {
        match self.0 {}
    }
}
