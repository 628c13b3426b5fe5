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
    work: WorkCounters,
    found: Vec<Neighbor>,
}

/// What a search did, beside its latency.
#[derive(Clone, Copy, Debug)]
struct WorkCounters {
    distance_computations: Counter,
    hops: Counter,
    visited: Counter,
    layers: Counter,
}

impl<S: Searcher> Monitored<S> {
    /// Watches `searcher`; its searches are recorded as `search`.
    pub fn new(searcher: S, search: &Operation) -> Self {
        let work = WorkCounters {
            distance_computations: search.counter("distance_computations"),
            hops: search.counter("hops"),
            visited: search.counter("visited"),
            layers: search.counter("layers"),
        };
        Self {
            searcher,
            search: search.clone(),
            work,
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
        let timer = self.search.start_since(intended);
        watch(
            timer,
            &mut self.searcher,
            self.work,
            &mut self.found,
            query,
            parameters,
        )?;
        Ok(&self.found)
    }
}

impl<S: Searcher> Searcher for Monitored<S> {
    fn search(
        &mut self,
        query: &[f32],
        parameters: SearchParameters,
    ) -> Result<&[Neighbor], EngineError> {
        let timer = self.search.start();
        watch(
            timer,
            &mut self.searcher,
            self.work,
            &mut self.found,
            query,
            parameters,
        )?;
        Ok(&self.found)
    }
    fn work(&self) -> Work {
        self.searcher.work()
    }
}

/// One watched search: the operation lasts as long as `timer`.
fn watch(
    timer: Timer<'_>,
    searcher: &mut impl Searcher,
    counters: WorkCounters,
    found: &mut Vec<Neighbor>,
    query: &[f32],
    parameters: SearchParameters,
) -> Result<(), EngineError> {
    let mut timer = timer.drop_as(Outcome::Error); // what `?` and a panic leave behind
    found.clear();
    found.extend_from_slice(searcher.search(query, parameters)?);
    let work = searcher.work();
    timer.add(
        counters.distance_computations,
        work.distance_computations.unwrap_or(0),
    );
    timer.add(counters.hops, work.hops.unwrap_or(0));
    timer.add(counters.visited, work.visited.unwrap_or(0));
    timer.add(counters.layers, work.layers.unwrap_or(0));
    timer.end(Outcome::Ok);
    Ok(())
}
