//! A name, a file, a directory or `synthetic:…` becomes a [`Dataset`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use vecperf::{Error, ErrorKind, Result};
use vecperf_engines::{Metric, Vectors};

use super::format::{self, Format, Ids, Table};
use super::synthetic::{self, Synthetic};
use super::{Dataset, Given, Progress, Quiet, bundled, directory, nearest};

/// Queries held out when none are given: so many, or a tenth of the rows where that is less.
const HELD_OUT: usize = 1000;

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

/// What a place holds.
pub(super) struct Found {
    pub(super) name: String,
    pub(super) base: Vectors,
    pub(super) queries: Option<Vectors>,
    pub(super) metric: Option<Metric>,
    pub(super) truth: Option<Ids>,
    /// Vectors there are, of which `base` may be the first only.
    pub(super) rows: usize,
    pub(super) notes: Vec<String>,
}

/// Reads or makes the data. Every value is finite, dimensions agree, no set is empty.
///
/// # Errors
/// [`ErrorKind::Io`] when a file cannot be read, [`ErrorKind::Data`] when it is not what it should be,
/// [`ErrorKind::Settings`] when the name means nothing.
pub(crate) fn load(source: &Source, progress: &dyn Progress) -> Result<Dataset> {
    if source.limit == Some(0) {
        return Err(Error::new(
            ErrorKind::Settings,
            "--limit 0: allowed are whole numbers from 1",
        ));
    }
    let mut found = find(source, progress)?;
    if let Some(path) = &source.queries {
        found.queries = Some(Table::open(path)?.vectors(0..usize::MAX, &Quiet)?);
        // The neighbours that came with the data are those of the queries that came with it.
        found.truth = None;
    }
    let Some(queries) = found.queries else {
        let message = format!("{}: no queries. Give some with --queries", found.name);
        return Err(Error::new(ErrorKind::Data, message));
    };
    if queries.dimensions() != found.base.dimensions() {
        let message = format!(
            "{}: the queries have {} dimensions, the base vectors {}. Both must be of the same data: see --queries",
            source
                .queries
                .as_ref()
                .map_or(found.name, |path| path.display().to_string()),
            queries.dimensions(),
            found.base.dimensions()
        );
        return Err(Error::new(ErrorKind::Data, message));
    }
    let whole = found.base.len() == found.rows;
    let own = found.truth.filter(|_| whole).map(|ids| Given {
        ids,
        metric: found.metric,
        file: None,
    });
    let truth = match &source.truth {
        Some(path) => Some(Given {
            ids: Table::open(path)?.ids()?,
            metric: None,
            file: Some(path.clone()),
        }),
        None => own,
    };
    Ok(Dataset {
        name: found.name,
        base: Arc::new(found.base),
        queries: Arc::new(queries),
        metric: found.metric,
        truth,
        notes: found.notes,
    })
}

fn find(source: &Source, progress: &dyn Progress) -> Result<Found> {
    let name = source.dataset.as_str();
    let path = Path::new(name);
    if let Some(bundled) = bundled::find(name) {
        return bundled.find(source.limit);
    }
    if name.starts_with(synthetic::PREFIX) {
        return made(&Synthetic::parse(name)?, source.limit, progress);
    }
    if path.is_dir() {
        return directory::find(path, source.limit, progress);
    }
    match Format::of(path) {
        Some(Format::Hdf5) => {
            let file = format::read_hdf5(path, source.limit, progress)?;
            Ok(Found {
                name: name.to_owned(),
                base: file.base,
                queries: Some(file.queries),
                metric: file.metric,
                truth: file.neighbors,
                rows: file.rows,
                notes: Vec::new(),
            })
        }
        Some(_) => alone(path, source, progress),
        None if path.exists() => Err(format::unknown(path)),
        None => Err(nothing(name)),
    }
}

fn made(synthetic: &Synthetic, limit: Option<usize>, progress: &dyn Progress) -> Result<Found> {
    let vectors = limit.unwrap_or(usize::MAX).min(synthetic.vectors);
    let synthetic = Synthetic {
        vectors,
        ..*synthetic
    };
    let (base, queries) = synthetic.make(progress)?;
    Ok(Found {
        name: synthetic.name(),
        base,
        queries: Some(queries),
        metric: Some(Metric::L2),
        truth: None,
        rows: vectors,
        notes: Vec::new(),
    })
}

/// A file of base vectors only: without `--queries`, the rows after the limit or at the end are held out.
fn alone(path: &Path, source: &Source, progress: &dyn Progress) -> Result<Found> {
    let mut table = Table::open(path)?;
    let rows = table.rows();
    let limit = source.limit.unwrap_or(rows).min(rows);
    let (base, held_out) = if source.queries.is_some() {
        (limit, 0)
    } else {
        held_out(rows, limit)
    };
    let mut notes = Vec::new();
    let mut queries = None;
    if held_out > 0 {
        queries = Some(table.vectors(base..base + held_out, &Quiet)?);
        notes.push(format!(
            "{}: no queries given, so its rows {base} to {} were held out of the index as queries",
            path.display(),
            base + held_out - 1
        ));
    }
    if base == 0 {
        let message = format!(
            "{}: holds one vector, of which no query can be held out. Give queries with --queries",
            path.display()
        );
        return Err(Error::new(ErrorKind::Data, message));
    }
    let base = table.vectors(0..base, progress)?;
    // A ground truth given apart is of exactly these rows, or is found not to be.
    let rows = base.len();
    Ok(Found {
        name: path.display().to_string(),
        base,
        queries,
        metric: None,
        truth: None,
        rows,
        notes,
    })
}

/// How many of `rows` are base vectors, and how many after them are queries, when at most `limit` are to be used as base.
fn held_out(rows: usize, limit: usize) -> (usize, usize) {
    let queries = |base: usize| (base / 10).clamp(1, HELD_OUT);
    if rows - limit >= queries(limit) {
        return (limit, queries(limit));
    }
    (limit - queries(limit), queries(limit))
}

fn nothing(name: &str) -> Error {
    let known = || bundled::ALL.iter().map(|bundled| bundled.name);
    let names = known().collect::<Vec<_>>().join(", ");
    Error::new(
        ErrorKind::Settings,
        format!(
            "--dataset {name}: no such data set, file or directory{}. Bundled: {names}. Or a file (`vecperf dataset list` shows the \
             formats), a directory that `vecperf dataset prepare` wrote, or {}n=10000,dim=64",
            nearest(name, known()),
            synthetic::PREFIX
        ),
    )
}

#[cfg(test)]
mod tests;
