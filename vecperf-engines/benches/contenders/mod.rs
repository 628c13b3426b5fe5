//! The engines that are compared, each behind the same three questions.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use vecperf::{Moment, Monitor};
use vecperf_engines::{Hnsw, HnswParameters, Metric, SearchParameters, Searcher, Vectors};

/// Neighbours wanted.
pub(crate) const K: usize = 10;
/// Threads that build.
const BUILDERS: usize = 2;

/// An engine.
pub(crate) trait Contender {
    fn name(&self) -> &'static str;
    /// Builds the index, dropping the one there was. `None`: it searches another one's.
    fn build(&mut self) -> Option<Duration>;
    /// Searches all queries with this `ef_search`: the ids found, `K` each, and how long it took.
    fn search(&mut self, ef_search: usize) -> (Vec<u32>, Duration);
}

/// Our engine; `COUNTED`: its searches count their work. Both kinds share an index: what differs is the counting.
pub(crate) struct Ours<'a, const COUNTED: bool> {
    pub(crate) base: &'a Vectors,
    pub(crate) queries: &'a Vectors,
    pub(crate) index: Rc<RefCell<Option<Hnsw>>>,
}

impl<const COUNTED: bool> Contender for Ours<'_, COUNTED> {
    fn name(&self) -> &'static str {
        if COUNTED {
            "hnsw"
        } else {
            "hnsw, not counting"
        }
    }
    fn build(&mut self) -> Option<Duration> {
        if !COUNTED {
            return None;
        }
        *self.index.borrow_mut() = None;
        let parameters = HnswParameters {
            threads: BUILDERS,
            ..HnswParameters::default()
        };
        let (index, time) = timed(|| {
            Hnsw::build(
                self.base,
                Metric::InnerProduct,
                &parameters,
                &Monitor::off(),
                &|_| (),
            )
        });
        *self.index.borrow_mut() = Some(index.expect("comparable vectors"));
        Some(time)
    }
    fn search(&mut self, ef_search: usize) -> (Vec<u32>, Duration) {
        let index = self.index.borrow();
        let index = index.as_ref().expect("built before");
        search(
            &mut index.searcher_counting::<COUNTED>(),
            self.queries,
            ef_search,
        )
    }
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
    fn build(&mut self) -> Option<Duration> {
        use vecperf_engines::{BuildParameters, Usearch};
        self.index = None;
        let parameters = BuildParameters {
            threads: BUILDERS,
            ..BuildParameters::default()
        };
        let (index, time) = timed(|| {
            Usearch::build(
                self.base,
                Metric::InnerProduct,
                &parameters,
                &Monitor::off(),
                &|_| (),
            )
        });
        self.index = Some(index.expect("comparable vectors"));
        Some(time)
    }
    fn search(&mut self, ef_search: usize) -> (Vec<u32>, Duration) {
        let index = self.index.as_mut().expect("built before");
        index.set_ef_search(ef_search);
        search(
            &mut vecperf_engines::Index::searcher(index),
            self.queries,
            ef_search,
        )
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

    /// Sends an order; the answer is a line of words, the first one seconds.
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
    fn build(&mut self) -> Option<Duration> {
        Some(self.order(&format!("build {BUILDERS}")).1)
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

fn search(
    searcher: &mut impl Searcher,
    queries: &Vectors,
    ef_search: usize,
) -> (Vec<u32>, Duration) {
    let mut ids = Vec::with_capacity(K * queries.len());
    let ((), time) = timed(|| {
        for query in queries.rows() {
            let found = searcher
                .search(query, SearchParameters { k: K, ef_search })
                .expect("a good query");
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
