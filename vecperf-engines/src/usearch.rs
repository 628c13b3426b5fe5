//! The `usearch` library behind the engine trait: C++, opaque, widely used – what `hnsw` is compared with, and whose C++
//! frames a profiler must unwind.
//!
//! It does not tell what a search did. Its exceptions arrive as errors. `ef_search` is a property of the whole index, which
//! must not change while others search; so it is set before there are searchers, and a search that asks for another is refused.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use memmap2::Mmap;
use usearch::{IndexOptions, MetricKind, ScalarKind};
use vecperf::Monitor;

use crate::distance::check;
use crate::insert::insert_all;
use crate::{
    BuildParameters, EngineError, HnswParameters, Index, Metric, Neighbor, Quantization,
    SearchParameters, Searcher, Vectors, Work,
};

/// Searchers there is room for, unless more threads build. Each has a context of some 60 KB in the library, which does not
/// check that it exists.
const SEARCHERS: usize = 64;

/// An index of the `usearch` library.
pub struct Usearch {
    index: usearch::Index,
    /// The file that the index is served from; after it, so that it is unmapped last.
    file: Option<Mmap>,
    metric: Metric,
    /// Changes only while there are no searchers.
    ef_search: AtomicUsize,
    /// Searchers there is room for, and those alive.
    room: usize,
    searchers: Mutex<usize>,
}

impl Usearch {
    /// Builds an index of `vectors`. Each insert is an operation `insert` of `monitor`; `progress` is called with the number
    /// of vectors inserted since its last call. The library chooses its own seed.
    ///
    /// # Errors
    /// A parameter out of range, a row that `metric` cannot compare, or an exception of the library.
    pub fn build(
        vectors: &Vectors,
        metric: Metric,
        parameters: &BuildParameters,
        monitor: &Monitor,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<Self, EngineError> {
        let &BuildParameters {
            m,
            ef_construction,
            ef_search,
            seed,
            threads,
            ..
        } = parameters;
        HnswParameters {
            m,
            ef_construction,
            seed,
            threads,
        }
        .validate()?;
        some(ef_search)?;
        let room = threads.max(SEARCHERS);
        let index = empty(vectors.dimensions(), metric, parameters)?;
        index
            .reserve_capacity_and_threads(vectors.len(), room)
            .map_err(in_its_words)?;
        insert_all(
            vectors.len(),
            threads,
            monitor,
            progress,
            || (),
            |(), row| {
                let values = vectors.row(row);
                check(values, metric).map_err(|what| EngineError::Vector(row, what))?;
                index.add(row as u64, values).map_err(in_its_words)?;
                Ok(None)
            },
        )?;
        Ok(Self {
            index,
            file: None,
            metric,
            ef_search: AtomicUsize::new(ef_search),
            room,
            searchers: Mutex::new(0),
        })
    }

    /// The index that [`Index::save`] wrote to this file, served from there: what is not touched takes no memory. The file
    /// must not be changed or cut off meanwhile; to delete it is fine.
    ///
    /// # Errors
    /// The file cannot be read, or the library refuses it.
    pub fn open(
        path: &Path,
        dimensions: usize,
        metric: Metric,
        parameters: &BuildParameters,
    ) -> Result<Self, EngineError> {
        let unreadable = |error| EngineError::File(path.to_owned(), "cannot be read", error);
        let file = File::open(path).map_err(unreadable)?;
        // SAFETY: that nobody changes or cuts off the file is asked of the caller.
        let file = unsafe { Mmap::map(&file) }.map_err(unreadable)?;
        let room = parameters.threads.max(SEARCHERS);
        let index = empty(dimensions, metric, parameters)?;
        // The library keeps the number of threads when it opens a file, and makes room for them.
        index
            .reserve_capacity_and_threads(1, room)
            .map_err(in_its_words)?;
        // SAFETY: the mapping lives as long as the index, which is dropped first.
        unsafe { index.view_from_buffer(&file) }.map_err(in_its_words)?;
        if index.metric_kind() != metric_kind(metric) {
            let path = path.display();
            return Err(EngineError::Engine(format!(
                "{path}: an index of another metric"
            )));
        }
        index.change_expansion_search(parameters.ef_search);
        Ok(Self {
            index,
            file: Some(file),
            metric,
            ef_search: AtomicUsize::new(parameters.ef_search),
            room,
            searchers: Mutex::new(0),
        })
    }

    fn searchers(&self) -> MutexGuard<'_, usize> {
        self.searchers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Address space of the arenas that nothing lies in yet.
const UNUSED: &str = "arenas_unused";

impl Index for Usearch {
    fn engine(&self) -> &'static str {
        "usearch"
    }
    fn len(&self) -> usize {
        self.index.size()
    }
    fn dimensions(&self) -> usize {
        self.index.dimensions()
    }
    fn metric(&self) -> Metric {
        self.metric
    }
    /// What the library says of its arenas. They grow by doubling: `arenas_unused` is address space that takes no memory
    /// until it is used, so the sum (the library's own `memory_usage`, nearly) says more than the process grew by.
    fn memory(&self) -> Vec<(&'static str, u64)> {
        if let Some(file) = &self.file {
            return vec![("file", file.len() as u64)];
        }
        let stats = self.index.memory_stats();
        let unused = [
            stats.vectors_wasted,
            stats.vectors_reserved,
            stats.graph_wasted,
            stats.graph_reserved,
        ];
        let vectors = stats
            .vectors_allocated
            .saturating_sub(unused[0] + unused[1]);
        let graph = stats.graph_allocated.saturating_sub(unused[2] + unused[3]);
        vec![
            ("vectors", vectors as u64),
            ("graph", graph as u64),
            (UNUSED, unused.iter().sum::<usize>() as u64),
        ]
    }
    fn save(&self, file: &Path) -> Result<(), EngineError> {
        let refusal =
            |why| EngineError::File(file.to_owned(), "cannot be written", io::Error::other(why));
        let path = file
            .to_str()
            .ok_or_else(|| refusal("usearch takes paths in UTF-8 only".to_owned()))?;
        let saved = self.index.save(path);
        saved.map_err(|exception| refusal(format!("usearch: {exception}")))
    }
    fn mapped(&self) -> Option<&[u8]> {
        self.file.as_deref()
    }
    fn held(&self) -> Vec<(&'static str, u64)> {
        let mut held = self.memory();
        held.retain(|(name, _)| *name != UNUSED);
        held
    }
    /// Its arenas are mapped, past Rust's allocator and past `malloc`.
    fn is_outside_heap(&self) -> bool {
        true
    }
    fn prepare(&self, parameters: SearchParameters) -> Result<(), EngineError> {
        some(parameters.ef_search)?;
        let searchers = self.searchers();
        if *searchers > 0 {
            return Err(EngineError::Engine(format!(
                "usearch has {searchers} searchers: none may be alive when ef_search changes"
            )));
        }
        self.index.change_expansion_search(parameters.ef_search);
        self.ef_search
            .store(parameters.ef_search, Ordering::Relaxed);
        Ok(())
    }
    fn searcher(&self) -> Box<dyn Searcher + '_> {
        let mut searchers = self.searchers();
        *searchers += 1;
        Box::new(UsearchSearcher {
            owner: self,
            may_search: *searchers <= self.room,
            found: Vec::new(),
        })
    }
}

struct UsearchSearcher<'a> {
    owner: &'a Usearch,
    /// There was a context of the library left for it.
    may_search: bool,
    found: Vec<Neighbor>,
}

impl Searcher for UsearchSearcher<'_> {
    fn search(
        &mut self,
        query: &[f32],
        parameters: SearchParameters,
    ) -> Result<&[Neighbor], EngineError> {
        let Usearch {
            index,
            metric,
            ef_search,
            ..
        } = self.owner;
        if query.len() != index.dimensions() {
            return Err(EngineError::Dimensions {
                expected: index.dimensions(),
                found: query.len(),
            });
        }
        if parameters.ef_search != ef_search.load(Ordering::Relaxed) {
            let asked = parameters.ef_search.to_string();
            return Err(EngineError::Parameter(
                "ef_search",
                asked,
                "the value that the usearch index was built with or prepared for",
            ));
        }
        if !self.may_search {
            return Err(EngineError::Engine(format!(
                "usearch was given room for {} searchers, all in use",
                self.owner.room
            )));
        }
        check(query, *metric).map_err(|what| EngineError::Query(None, what))?;
        let matches = index
            .search(query, parameters.k.min(index.size()))
            .map_err(in_its_words)?;
        self.found.clear();
        let pairs = matches.keys.iter().zip(&matches.distances);
        self.found.extend(pairs.map(|(&key, &distance)| Neighbor {
            id: key as u32,
            distance,
        }));
        Ok(&self.found)
    }

    /// Nothing: the library does not tell.
    fn work(&self) -> Work {
        Work::default()
    }
}

impl Drop for UsearchSearcher<'_> {
    fn drop(&mut self) {
        *self.owner.searchers() -= 1;
    }
}

/// Without candidates nothing is found.
fn some(ef_search: usize) -> Result<(), EngineError> {
    match ef_search {
        0 => Err(EngineError::Parameter(
            "ef_search",
            ef_search.to_string(),
            "1 and more candidates",
        )),
        _ => Ok(()),
    }
}

fn empty(
    dimensions: usize,
    metric: Metric,
    parameters: &BuildParameters,
) -> Result<usearch::Index, EngineError> {
    let options = IndexOptions {
        dimensions,
        metric: metric_kind(metric),
        quantization: scalar_kind(parameters.quantization),
        connectivity: parameters.m,
        expansion_add: parameters.ef_construction,
        expansion_search: parameters.ef_search,
        multi: false,
    };
    usearch::Index::new(&options).map_err(in_its_words)
}

const fn metric_kind(metric: Metric) -> MetricKind {
    match metric {
        Metric::L2 => MetricKind::L2sq,
        Metric::Cosine => MetricKind::Cos,
        Metric::InnerProduct => MetricKind::IP,
    }
}

const fn scalar_kind(quantization: Quantization) -> ScalarKind {
    match quantization {
        Quantization::F32 => ScalarKind::F32,
        Quantization::F16 => ScalarKind::F16,
        Quantization::I8 => ScalarKind::I8,
    }
}

/// A function and not a `From`, so that the library stays out of our public types.
fn in_its_words(exception: impl std::fmt::Display) -> EngineError {
    EngineError::Engine(format!("usearch: {exception}"))
}
