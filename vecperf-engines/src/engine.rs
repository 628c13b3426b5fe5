//! What an engine is: the trait at the joint between the driver and the watched system.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// How two vectors are compared; smaller is nearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Squared Euclidean distance.
    L2,
    /// 1 − cosine similarity.
    Cosine,
    /// 1 − inner product.
    InnerProduct,
}

/// A vector found, and how far it is from the query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbor {
    /// The vector's row in the data set.
    pub id: u32,
    /// Its distance by the index' metric.
    pub distance: f32,
}

/// How one search is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchParameters {
    /// Neighbours wanted.
    pub k: usize,
    /// Candidates kept while searching (HNSW's `ef_search`); engines without the notion ignore it.
    pub ef_search: usize,
}

/// What the last search did. An opaque engine leaves what it does not know at `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Distances computed.
    pub distance_computations: Option<u64>,
    /// Nodes whose neighbours were looked at.
    pub hops: Option<u64>,
    /// Nodes seen.
    pub visited: Option<u64>,
    /// Layers walked.
    pub layers: Option<u64>,
}

/// An index that can be searched from many threads, each with its own [`Searcher`].
pub trait Index: Send + Sync {
    /// The engine's name: `hnsw`.
    fn engine(&self) -> &'static str;
    /// Vectors held.
    fn len(&self) -> usize;
    /// True without vectors.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Values in each vector.
    fn dimensions(&self) -> usize;
    /// How vectors are compared.
    fn metric(&self) -> Metric;
    /// Bytes by component: vectors, graph, ….
    fn memory(&self) -> Vec<(&'static str, u64)>;
    /// Writes the index to a file that [`open`](crate::open) serves it from.
    ///
    /// # Errors
    /// The engine has no such file ([`EngineKind::serves_from_file`](crate::EngineKind::serves_from_file)), or it cannot be
    /// written.
    fn save(&self, file: &Path) -> Result<(), EngineError> {
        let _ = file;
        Err(EngineError::Engine(format!(
            "{} keeps its index in memory only",
            self.engine()
        )))
    }
    /// The bytes of the mapped file that it serves from; `None`: there is none, or the engine does not tell where.
    fn mapped(&self) -> Option<&[u8]> {
        None
    }
    /// Those of [`Index::memory`] that take memory: address space that was reserved and never used is none.
    fn held(&self) -> Vec<(&'static str, u64)> {
        self.memory()
    }
    /// True when this memory lies in mappings of the engine's own, outside of every heap.
    fn is_outside_heap(&self) -> bool {
        false
    }
    /// Gets ready for searches by `parameters`, where what they ask for belongs to the whole index.
    ///
    /// # Errors
    /// There are searchers, which may be searching by others.
    fn prepare(&self, parameters: SearchParameters) -> Result<(), EngineError> {
        let _ = parameters;
        Ok(())
    }
    /// A searcher for one thread; owns the scratch space, so that a search allocates nothing.
    fn searcher(&self) -> Box<dyn Searcher + '_>;
}

/// Searches an index from one thread.
pub trait Searcher {
    /// The nearest neighbours of `query`, nearest first; fewer than `k` when the index holds fewer.
    ///
    /// # Errors
    /// `query` has other dimensions than the index, or the engine failed.
    fn search(
        &mut self,
        query: &[f32],
        parameters: SearchParameters,
    ) -> Result<&[Neighbor], EngineError>;
    /// What the last search did.
    fn work(&self) -> Work;
}

impl<S: Searcher + ?Sized> Searcher for Box<S> {
    fn search(
        &mut self,
        query: &[f32],
        parameters: SearchParameters,
    ) -> Result<&[Neighbor], EngineError> {
        (**self).search(query, parameters)
    }
    fn work(&self) -> Work {
        (**self).work()
    }
}

/// Why an engine could not do what was asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum EngineError {
    /// A vector with other dimensions than the index.
    Dimensions {
        /// The index'.
        expected: usize,
        /// The vector's.
        found: usize,
    },
    /// A parameter out of range: name, value, what is allowed.
    Parameter(&'static str, String, &'static str),
    /// A value that is not finite, or a zero vector under the cosine metric: row, what is wrong.
    Vector(usize, &'static str),
    /// A query that cannot be compared: its row where it is one of many, what is wrong.
    Query(Option<usize>, &'static str),
    /// A file: its path, what is wrong, why.
    File(PathBuf, &'static str, io::Error),
    /// The engine's own words.
    Engine(String),
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dimensions { expected, found } => {
                write!(
                    f,
                    "the index holds vectors of {expected} dimensions, this one has {found}"
                )
            }
            Self::Parameter(name, value, allowed) => {
                write!(f, "{name} = {value}: allowed is {allowed}")
            }
            Self::Vector(row, what) => write!(f, "vector {row}: {what}"),
            Self::Query(Some(row), what) => write!(f, "query {row}: {what}"),
            Self::Query(None, what) => write!(f, "the query: {what}"),
            Self::File(path, what, why) => write!(f, "{}: {what}: {why}", path.display()),
            Self::Engine(words) => f.write_str(words),
        }
    }
}

impl std::error::Error for EngineError {}
