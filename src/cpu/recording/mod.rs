//! A CPU profile under way: the drain thread, and the profile made of what it counted.

use std::time::Duration;

use super::options::{BackEnd, Options, Target};
use super::sampler::Refusal;
use crate::profile::Profile;

/// A CPU profile under way; ends when it is stopped or dropped.
#[derive(Debug)]
pub struct Recording {}

/// What a recording reached, beside what was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// What took the samples.
    pub back_end: BackEnd,
    /// Why no better one did.
    pub refusals: Vec<Refusal>,
    /// Samples per second of CPU time that were asked for.
    pub asked_rate: f64,
    /// Samples taken.
    pub samples: u64,
}

impl Recording {
    /// Starts a recording.
    ///
    /// # Errors
    /// Why no back end runs here.
    pub fn start(_target: Target, _options: &Options) -> Result<Self, Vec<Refusal>> {
        Err(Vec::new())
    }

    /// What was recorded so far.
    pub fn profile(&self) -> Profile {
        Profile::default()
    }

    /// Ends the recording.
    pub fn stop(&self) -> Duration {
        Duration::ZERO
    }
}
