//! What a run is asked for on the command line.

use std::path::PathBuf;

use vecperf::cpu::{BackEnd, Choice};

/// `PROGRAM [--back-end NAME] [--rate N] [--seconds S] [--output DIRECTORY] [--deny CALL] [--memlock BYTES]
/// [--nofile N]`
#[derive(Clone, Debug)]
pub struct Arguments {
    /// Which program.
    pub program: String,
    /// `auto`, or the name of a back end; `None` (`none`): no profile.
    pub back_end: Option<Choice>,
    /// Samples per second of CPU time.
    pub rate: u32,
    /// Seconds of CPU time that the program's work takes in all; of wall time where it mostly waits.
    pub seconds: f64,
    /// Where the profile and the report go; `None`: nowhere.
    pub output: Option<PathBuf>,
    /// System calls that are refused with EPERM.
    pub denied: Vec<String>,
    /// RLIMIT_MEMLOCK.
    pub memlock: Option<u64>,
    /// RLIMIT_NOFILE.
    pub nofile: Option<u64>,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            program: String::new(),
            back_end: Some(Choice::Auto),
            rate: 1000,
            seconds: 1.0,
            output: None,
            denied: Vec::new(),
            memlock: None,
            nofile: None,
        }
    }
}

impl Arguments {
    /// Reads them.
    ///
    /// # Errors
    /// What is wrong with which word.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut words = words.into_iter();
        let mut asked = Self {
            program: words.next().ok_or("which program?")?,
            ..Self::default()
        };
        while let Some(key) = words.next() {
            let value = words.next().ok_or(format!("{key} needs a value"))?;
            asked.set(&key, &value)?;
        }
        Ok(asked)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let wrong = || format!("{key} {value}: not understood");
        match key {
            "--back-end" => self.back_end = choice(value).ok_or_else(wrong)?,
            "--rate" => self.rate = value.parse().map_err(|_| wrong())?,
            "--seconds" => self.seconds = value.parse().map_err(|_| wrong())?,
            "--output" => self.output = Some(value.into()),
            "--deny" => self.denied.push(value.to_owned()),
            "--memlock" => self.memlock = Some(value.parse().map_err(|_| wrong())?),
            "--nofile" => self.nofile = Some(value.parse().map_err(|_| wrong())?),
            _ => return Err(wrong()),
        }
        Ok(())
    }
}

/// What `name` asks for; `None`: nothing that there is.
fn choice(name: &str) -> Option<Option<Choice>> {
    let back_ends = [BackEnd::PerfEvent, BackEnd::ThreadTimer, BackEnd::Ticker];
    let named = back_ends.into_iter().find(|one| one.name() == name);
    match (named, name) {
        (Some(back_end), _) => Some(Some(Choice::Only(back_end))),
        (None, "auto") => Some(Some(Choice::Auto)),
        (None, "none") => Some(None),
        (None, _) => None,
    }
}
