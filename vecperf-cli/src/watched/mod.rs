//! A running program that is watched: where its socket is, and what it answers there.

mod connection;
mod following;
mod place;

use std::fmt;
use std::time::Duration;

use serde::de::DeserializeOwned;
use vecperf::live::{Functions, Series, State};

use crate::exit::{Failure, Result};

pub(crate) use following::Following;
pub(crate) use place::Place;

/// How long a program may take to answer what it knows already.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why a program did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// Nobody is there, or it did not answer in time: it may come back.
    Gone(String),
    /// It answered that it will not; or what answers is no vecperf.
    Refused(String),
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(why) | Self::Refused(why) => f.write_str(why),
        }
    }
}

/// A program to ask.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    place: Place,
}

impl Watched {
    /// The one at `place`; it is not asked yet.
    pub(crate) fn at(place: Place) -> Self {
        Self { place }
    }

    /// What it does now.
    pub(crate) fn state(&self) -> Result<State, Silence> {
        let state: State = self.ask("/state", PATIENCE)?;
        // Another server's JSON would do, too: every field has a default.
        if state.schema_version == 0 {
            let why = "what answers there is not vecperf".to_owned();
            return Err(Silence::Refused(why));
        }
        Ok(state)
    }

    /// The seconds after `since`.
    pub(crate) fn series(&self, since: f64) -> Result<Series, Silence> {
        self.ask(&format!("/series?since={since}"), PATIENCE)
    }

    /// Where its CPU time goes in the next `seconds`: waits that long.
    pub(crate) fn functions(&self, seconds: u64) -> Result<Functions, Silence> {
        // Names of functions are read once, which takes a while of a large program.
        let patience = Duration::from_secs(seconds.saturating_add(60));
        self.ask(&format!("/functions?seconds={seconds}"), patience)
    }

    /// What its flight recorder holds, as the bytes of a report.
    pub(crate) fn capture(&self) -> Result<Vec<u8>, Silence> {
        connection::ask(&self.place, ("POST", "/snapshot"), Duration::from_secs(60))
    }

    fn ask<T: DeserializeOwned>(&self, target: &str, patience: Duration) -> Result<T, Silence> {
        let body = connection::ask(&self.place, ("GET", target), patience)?;
        read(&body)
            .map_err(|why| Silence::Refused(format!("what answers there is not vecperf: {why}")))
    }
}

/// JSON that anybody may have written. What is wrong with it names values in it, so it is made fit for a terminal.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body)
        .map_err(|error| vecperf::export::plain(&error.to_string()).into_owned())
}

/// As a failure of the command, with what to do.
impl From<(&Place, Silence)> for Failure {
    fn from((place, silence): (&Place, Silence)) -> Self {
        let failure = Self::runtime(format!("{place}: {silence}"));
        match silence {
            Silence::Gone(_) => failure.remedy(format!(
                "is the program running, with [serve] in its settings? {}",
                place.settings()
            )),
            Silence::Refused(_) => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_answer_reaches_the_terminal_without_its_controls() {
        let hostile = br#"{"schema_version": "\u001b[2J\u202e"}"#;
        let why = read::<State>(hostile).unwrap_err();
        assert!(why.contains("\\u{1b}[2J\\u{202e}"), "{why}");
        assert!(!why.contains('\u{1b}'), "{why:?}");
        let why = read::<vecperf::Report>(br#"{"verdicts": "\u001b]0;x\u0007"}"#).unwrap_err();
        assert!(!why.contains(char::is_control), "{why:?}");
    }
}
