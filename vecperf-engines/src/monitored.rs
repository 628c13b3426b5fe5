//! How a vector search program uses vecperf: a searcher whose every search is an operation.

use vecperf::{Counter, Moment, Operation, Outcome, Timer};

use crate::{EngineError, Neighbor, SearchParameters, Searcher, Work};

/// Any [`Searcher`], watched: each search is timed, an error counts as one, and what the engine tells of its work is added
/// up next to the latency.
///
/// ```
/// use vecperf::{Monitor, Settings};
/// use vecperf_engines::{Exact, Index, Metric, Monitored, SearchParameters, Searcher, Vectors};
///
/// let vectors = Vectors::new(2, vec![0.0, 1.0, 1.0, 0.0]).unwrap();
/// let index = Exact::new(&vectors, Metric::L2)?;
///
/// let monitor = Monitor::off(); // or `Monitor::new(Settings::default())?`
/// let mut searcher = Monitored::new(index.searcher(), &monitor.operation("search"));
/// let found = searcher.search(&[0.9, 0.1], SearchParameters { k: 1, ef_search: 10 })?;
/// assert_eq!(found[0].id, 1);
/// # Ok::<(), vecperf_engines::EngineError>(())
/// ```
#[derive(Debug)]
pub struct Monitored<S> {
    searcher: S,
    search: Operation,
    distance_computations: Counter,
    hops: Counter,
    visited: Counter,
    layers: Counter,
    found: Vec<Neighbor>,
}

impl<S: Searcher> Monitored<S> {
    /// Watches `searcher`; its searches are recorded as `search`.
    pub fn new(searcher: S, search: &Operation) -> Self {
        Self {
            searcher,
            distance_computations: search.counter("distance_computations"),
            hops: search.counter("hops"),
            visited: search.counter("visited"),
            layers: search.counter("layers"),
            search: search.clone(),
            found: Vec::new(),
        }
    }

    /// A search that was due at `intended`: its latency counts from there.
    ///
    /// # Errors
    /// As [`Searcher::search`].
    pub fn search_since(
        &mut self,
        intended: Moment,
        query: &[f32],
        parameters: SearchParameters,
    ) -> Result<&[Neighbor], EngineError> {
        self.watch(|search| search.start_since(intended), query, parameters)
    }

    fn watch(
        &mut self,
        start: impl FnOnce(&Operation) -> Timer<'_>,
        query: &[f32],
        parameters: SearchParameters,
    ) -> Result<&[Neighbor], EngineError> {
        let mut timer = start(&self.search).drop_as(Outcome::Error); // what `?` and a panic leave behind
        let found = self.searcher.search(query, parameters)?;
        self.found.clear();
        self.found.extend_from_slice(found);
        let work = self.searcher.work();
        timer.add(
            self.distance_computations,
            work.distance_computations.unwrap_or(0),
        );
        timer.add(self.hops, work.hops.unwrap_or(0));
        timer.add(self.visited, work.visited.unwrap_or(0));
        timer.add(self.layers, work.layers.unwrap_or(0));
        timer.end(Outcome::Ok);
        Ok(&self.found)
    }
}

impl<S: Searcher> Searcher for Monitored<S> {
    fn search(
        &mut self,
        query: &[f32],
        parameters: SearchParameters,
    ) -> Result<&[Neighbor], EngineError> {
        self.watch(Operation::start, query, parameters)
    }
    fn work(&self) -> Work {
        self.searcher.work()
    }
}
