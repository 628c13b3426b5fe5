//! One error type: a kind for programs, a text and a chain for people.

use std::error::Error as StdError;
use std::fmt;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, for a program that wants to react.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A settings file, environment variable or flag holds something vecperf does not understand.
    Settings,
    /// A file could not be read or written.
    Io,
    /// A file was read, and what is in it is not what it should be.
    Data,
    /// This machine, build or system cannot do what was asked.
    Unavailable,
}

/// Why a call failed: names the file, key and value, and what to do about it.
///
/// ```
/// let error = vecperf::Settings::from_toml("[monitoring]\nsample_rat = 5\n", "x.toml").unwrap_err();
/// assert_eq!(error.kind(), vecperf::ErrorKind::Settings);
/// assert!(error.to_string().contains("sample_rate")); // the nearest right key
/// ```
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of `kind` that reads `message`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// The same error with the one that caused it.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What went wrong, for a program that wants to react.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The message and its causes, so that `fn main() -> Result<()>` prints something a person can use.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}
