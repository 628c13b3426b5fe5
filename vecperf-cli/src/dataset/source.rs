//! A name, a file, a directory or `synthetic:…` becomes a [`Dataset`].

use std::path::PathBuf;
use std::sync::Arc;

use vecperf::{Error, ErrorKind, Result};

use super::{Dataset, Progress, bundled, check};

/// What the flags say about the data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Source {
    /// `--dataset`: a bundled name, a file, a directory, or `synthetic:…`.
    pub(crate) dataset: String,
    /// `--queries`: a file; else what comes with the data, else rows held out from its end.
    pub(crate) queries: Option<PathBuf>,
    /// `--truth`: a file of neighbour ids; else what comes with the data, else computed.
    pub(crate) truth: Option<PathBuf>,
    /// `--limit`: the first so many base vectors.
    pub(crate) limit: Option<usize>,
}

/// Reads or makes the data. Every value is finite, dimensions agree, no set is empty.
///
/// # Errors
/// [`ErrorKind::Io`] when a file cannot be read, [`ErrorKind::Data`] when it is not what it should be,
/// [`ErrorKind::Settings`] when the name means nothing.
pub(crate) fn load(source: &Source, progress: &dyn Progress) -> Result<Dataset> {
    let Some(bundled) = bundled::find(&source.dataset) else {
        return Err(Error::new(
            ErrorKind::Settings,
            format!("--dataset {}: no such data set", source.dataset),
        ));
    };
    progress.begin("load", 1);
    let (base, queries) = (bundled.base()?, bundled.queries()?);
    check::finite(&base, bundled.name)?;
    progress.advance(1);
    Ok(Dataset {
        name: bundled.name.to_owned(),
        base: Arc::new(base),
        queries: Arc::new(queries),
        metric: Some(bundled.metric),
        truth: Some(bundled.truth()?),
        notes: Vec::new(),
    })
}
