//! The engines that are compared, each behind the same three questions.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use vecperf::{Moment, Monitor};
use vecperf_engines::{Hnsw, HnswParameters, Metric, SearchParameters, Searcher, Vectors};

/// Neighbours wanted.
pub(crate) const K: usize = 10;
/// Threads that build.
const BUILDERS: usize = 2;
/// Queries in a slice of [`counting_cost`].
const SLICE: usize = 25;

/// An engine.
pub(crate) trait Contender {
    fn name(&self) -> &'static str;
    /// Builds the index, dropping the one there was.
    fn build(&mut self) -> Duration;
    /// Searches all queries with this `ef_search`: the ids found, `K` each, and how long it took.
    fn search(&mut self, ef_search: usize) -> (Vec<u32>, Duration);
}

/// Our engine.
pub(crate) struct Ours<'a> {
    pub(crate) base: &'a Vectors,
    pub(crate) queries: &'a Vectors,
    pub(crate) index: Option<Hnsw>,
}

impl Contender for Ours<'_> {
    fn name(&self) -> &'static str {
        "hnsw"
    }
    fn build(&mut self) -> Duration {
        self.index = None;
        let parameters = HnswParameters {
            threads: BUILDERS,
            ..HnswParameters::default()
        };
        let metric = Metric::InnerProduct;
        let (index, time) =
            timed(|| Hnsw::build(self.base, metric, &parameters, &Monitor::off(), &|_| ()));
        self.index = Some(index.expect("comparable vectors"));
        time
    }
    fn search(&mut self, ef_search: usize) -> (Vec<u32>, Duration) {
        let index = self.index.as_ref().expect("built before");
        search(
            &mut index.searcher_counting::<true>(),
            self.queries.rows(),
            ef_search,
        )
    }
}

/// The time of searches that count their work, in times of searches that do not: slices of some milliseconds, short enough
/// that most are not interrupted, in turn, each pair in the other order than the one before.
pub(crate) fn counting_cost(
    index: &Hnsw,
    queries: &Vectors,
    ef_search: usize,
    rounds: usize,
) -> Vec<f64> {
    let mut counting = index.searcher_counting::<true>();
    let mut silent = index.searcher_counting::<false>();
    let mut ratios = Vec::new();
    for round in 0..rounds {
        for (at, slice) in queries
            .values()
            .chunks(SLICE * queries.dimensions())
            .enumerate()
        {
            let rows = || slice.chunks(queries.dimensions());
            let mut with = || search(&mut counting, rows(), ef_search).1.as_secs_f64();
            let mut without = || search(&mut silent, rows(), ef_search).1.as_secs_f64();
            without(); // brings the slice's part of the graph into the cache
            ratios.push(if (round + at) % 2 == 0 {
                with() / without()
            } else {
                without().recip() * with()
            });
        }
    }
    ratios
}

/// The usearch library.
#[cfg(feature = "usearch")]
pub(crate) struct Usearch<'a> {
    pub(crate) base: &'a Vectors,
    pub(crate) queries: &'a Vectors,
    pub(crate) index: Option<vecperf_engines::Usearch>,
}

#[cfg(feature = "usearch")]
impl Contender for Usearch<'_> {
    fn name(&self) -> &'static str {
        "usearch"
    }
    fn build(&mut self) -> Duration {
        use vecperf_engines::{BuildParameters, Usearch};
        self.index = None;
        let parameters = BuildParameters {
            threads: BUILDERS,
            ..BuildParameters::default()
        };
        let metric = Metric::InnerProduct;
        let (index, time) =
            timed(|| Usearch::build(self.base, metric, &parameters, &Monitor::off(), &|_| ()));
        self.index = Some(index.expect("comparable vectors"));
        time
    }
    fn search(&mut self, ef_search: usize) -> (Vec<u32>, Duration) {
        use vecperf_engines::{Index, SearchParameters};
        let index = self.index.as_ref().expect("built before");
        index
            .prepare(SearchParameters { k: K, ef_search })
            .expect("no other searchers");
        let mut searcher = index.searcher();
        search(&mut searcher, self.queries.rows(), ef_search)
    }
}

/// The faiss library in a Python child, which searches all queries in one call: no Python between them.
pub(crate) struct Faiss {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Faiss {
    pub(crate) fn start(python: &str, base: &str, queries: &str) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/faiss_reference.py");
        let mut child = Command::new(python)
            .args([script, base, queries, "--serve"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{python}: {error}"));
        let orders = child.stdin.take().expect("it was piped");
        let answers = BufReader::new(child.stdout.take().expect("it was piped"));
        Self {
            child,
            orders,
            answers,
        }
    }

    /// Sends an order; the answer is a line of words: seconds, then ids.
    fn order(&mut self, order: &str) -> (Vec<u32>, Duration) {
        writeln!(self.orders, "{order}").expect("faiss listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("faiss answers");
        let mut words = answer.split_whitespace();
        let seconds = words
            .next()
            .and_then(|word| word.parse().ok())
            .expect("seconds from faiss");
        let ids = words.map(|word| word.parse().expect("an id from faiss"));
        (ids.collect(), Duration::from_secs_f64(seconds))
    }
}

impl Contender for Faiss {
    fn name(&self) -> &'static str {
        "faiss-cpu"
    }
    fn build(&mut self) -> Duration {
        self.order(&format!("build {BUILDERS}")).1
    }
    fn search(&mut self, ef_search: usize) -> (Vec<u32>, Duration) {
        self.order(&format!("search {ef_search} {K}"))
    }
}

impl Drop for Faiss {
    fn drop(&mut self) {
        // Both fail only when it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn search<'q>(
    searcher: &mut impl Searcher,
    queries: impl ExactSizeIterator<Item = &'q [f32]>,
    ef_search: usize,
) -> (Vec<u32>, Duration) {
    let mut ids = Vec::with_capacity(K * queries.len());
    let ((), time) = timed(|| {
        for query in queries {
            let parameters = SearchParameters { k: K, ef_search };
            let found = searcher.search(query, parameters).expect("a good query");
            ids.extend(found.iter().map(|neighbor| neighbor.id));
        }
    });
    (ids, time)
}

/// The result of `work`, and how long it took.
fn timed<R>(work: impl FnOnce() -> R) -> (R, Duration) {
    let start = Moment::now();
    let result = work();
    (result, start.elapsed())
}
