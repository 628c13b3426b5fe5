//! How the command ends: exit codes for scripts, errors for people.

use std::error::Error as StdError;
use std::fmt;
use std::process::ExitCode;

use vecperf::{ErrorKind, Status, Verdict};

/// The exit codes; `vecperf --help` and the man page list them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All went well.
    Fine,
    /// Something failed while running.
    Runtime,
    /// A flag, a settings key or the combination of them cannot work.
    Usage,
    /// A threshold failed.
    Threshold,
    /// No threshold failed, but at least one could not be judged, or there was none; or the data to show are not there.
    Inconclusive,
    /// Ctrl-C; what was measured until then is written.
    Interrupted,
    /// As the command that was watched ended.
    OfCommand(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl Exit {
    /// What the shell gets.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Runtime => 1,
            Self::Usage => 2,
            Self::Threshold => 3,
            Self::Inconclusive => 4,
            Self::Interrupted => 130, // 128 + SIGINT, as shells do
            Self::OfCommand(code) => code,
        }
    }
}

impl Exit {
    /// What a gate makes of these verdicts: a failure outweighs what could not be judged.
    pub(crate) fn of_verdicts(verdicts: &[Verdict]) -> Self {
        match Status::of_all(verdicts) {
            Some(Status::Pass) => Self::Fine,
            Some(Status::Fail) => Self::Threshold,
            _ => Self::Inconclusive,
        }
    }
}

/// Why the command could not do what was asked: what, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    causes: Vec<String>,
    remedy: Option<String>,
}

/// A result of the command's rooms.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// A flag or setting that cannot work.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Usage,
            message: message.into(),
            causes: Vec::new(),
            remedy: None,
        }
    }

    /// Something that failed while running.
    pub(crate) fn runtime(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Runtime,
            ..Self::usage(message)
        }
    }

    /// What was asked about holds no data.
    pub(crate) fn no_data(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Inconclusive,
            ..Self::usage(message)
        }
    }

    /// The same failure with what led to it, outermost first; what the message says already is not said twice.
    pub(crate) fn because(mut self, cause: &(dyn StdError + 'static)) -> Self {
        let mut next = Some(cause);
        while let Some(error) = next {
            let cause = error.to_string();
            if !self.message.contains(&cause) {
                self.causes.push(cause);
            }
            next = error.source();
        }
        self
    }

    /// The same failure as one of usage: what was asked for cannot be.
    pub(crate) fn of_usage(self) -> Self {
        Self {
            exit: Exit::Usage,
            ..self
        }
    }

    /// The same failure with what to do about it.
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for cause in &self.causes {
            write!(f, "\n  because: {cause}")?;
        }
        if let Some(remedy) = &self.remedy {
            write!(f, "\n  try: {remedy}")?;
        }
        Ok(())
    }
}

impl From<vecperf::Error> for Failure {
    fn from(error: vecperf::Error) -> Self {
        let message = error.to_string();
        let failure = match error.kind() {
            ErrorKind::Settings => Self::usage(message),
            _ => Self::runtime(message),
        };
        match error.source() {
            Some(source) => failure.because(source),
            None => failure,
        }
    }
}

impl From<vecperf_engines::EngineError> for Failure {
    fn from(error: vecperf_engines::EngineError) -> Self {
        match error {
            vecperf_engines::EngineError::Parameter(name, value, allowed) => Self::usage(format!(
                "--{} {value}: allowed is {allowed}",
                name.replace('_', "-")
            )),
            other => Self::runtime(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: Status) -> Verdict {
        Verdict {
            threshold: "max_memory_mb".to_owned(),
            operation: None,
            status,
            limit: 1.0,
            observed: None,
            unit: "MiB".to_owned(),
            evidence: String::new(),
        }
    }

    #[test]
    fn a_failure_outweighs_what_could_not_be_judged() {
        let check = |statuses: &[Status], exit| {
            let verdicts: Vec<_> = statuses.iter().map(|status| verdict(*status)).collect();
            assert_eq!(Exit::of_verdicts(&verdicts), exit, "{statuses:?}");
        };
        check(&[Status::Pass, Status::Pass], Exit::Fine);
        check(
            &[Status::Pass, Status::NoData, Status::Fail],
            Exit::Threshold,
        );
        check(&[Status::Pass, Status::NoData], Exit::Inconclusive);
        check(&[Status::Inconclusive], Exit::Inconclusive);
        check(&[], Exit::Inconclusive);
    }

    #[test]
    fn a_failure_tells_its_causes_and_the_remedy() {
        let cause = std::io::Error::other("disk on fire");
        let error = vecperf::Error::new(ErrorKind::Io, "x.json: cannot be written").because(cause);
        let failure = Failure::from(error).remedy("use water");
        assert_eq!(failure.exit(), Exit::Runtime);
        assert_eq!(
            failure.to_string(),
            "x.json: cannot be written\n  because: disk on fire\n  try: use water"
        );
    }

    #[test]
    fn a_cause_that_the_message_tells_is_not_told_twice() {
        let cause = std::io::Error::other("disk on fire");
        let error = vecperf::Error::new(ErrorKind::Io, "x.json: disk on fire").because(cause);
        assert_eq!(Failure::from(error).to_string(), "x.json: disk on fire");
    }
}
