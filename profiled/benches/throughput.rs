//! What the profile costs a vector search in throughput: the same searches with and without it, in turn.
//!
//! ```text
//! cargo bench -p vecperf-profiled --bench throughput [--features usearch] [-- PAIRS]     # 40 pairs: 10 minutes an engine
//! ```
//!
//! Searches are timed operations in both halves of a pair: what is measured is the CPU profile, with its attribution, on top.
//! Each pair has a recording of its own, in which the stack that is copied has found its size before the clock starts; which half
//! comes first changes. The row `none` compares nothing with nothing. Each row is printed when it is done.

#![expect(
    clippy::print_stdout,
    clippy::panic,
    reason = "a benchmark talks, and gives up aloud"
)]

#[path = "../../vecperf-engines/benches/bundled/mod.rs"]
mod bundled;
mod measured;

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use bundled::PARAMETERS;
use measured::{Median, name, number};
use vecperf::Operation;
use vecperf::cpu::{BackEnd, Choice};
use vecperf_engines::{EngineKind, Index, Monitored, Searcher, Vectors};
use vecperf_profiled::profiling::{Account, Session};
use vecperf_profiled::{Arguments, Truth, clock};

/// Searches of a thread in half a pair: a sixth to a third of a second.
const BLOCK: usize = 5_000;
const WARM_UP: usize = 1_000;
/// Samples after which the stack that is copied has found its size.
const SETTLED: f64 = 600.0;
/// A quarter of the default rate; what thread timers get at most where the kernel ticks every 4 ms.
const GENTLE: u32 = 250;

fn main() {
    let pairs = number(40.0) as usize;
    let queries = bundled::vectors("queries.fbin");
    println!(
        "| engine | threads | profile | asked for, Hz | cost, % of throughput: median (95 %) of {pairs} pairs | drain thread, % of a core |"
    );
    println!("|---|---:|---|---:|---:|---:|");
    for kind in bundled::engines() {
        let index = bundled::index(kind);
        for threads in [1, 2] {
            let searches = Searches {
                index: index.as_ref(),
                queries: &queries,
                threads,
            };
            for asked in cases() {
                row(kind, &searches, &asked, pairs);
            }
        }
    }
}

/// Nothing; the best back end that runs here gently; each at the default rate.
fn cases() -> Vec<Arguments> {
    let back_ends = measured::back_ends();
    let gentle = back_ends.first().map(|best| Arguments {
        rate: GENTLE,
        ..best.clone()
    });
    let mut cases = vec![measured::asked("none")];
    cases.extend(gentle.into_iter().chain(back_ends));
    cases
}

fn row(kind: EngineKind, searches: &Searches<'_>, asked: &Arguments, pairs: usize) {
    let nothing = measured::asked("none");
    let (mut costs, mut drains) = (Vec::new(), Vec::new());
    for pair in 0..pairs {
        let (without, with) = if pair % 2 == 0 {
            let without = searches.block(&nothing);
            (without, searches.block(asked))
        } else {
            let with = searches.block(asked);
            (searches.block(&nothing), with)
        };
        costs.push(100.0 * (1.0 - without.seconds / with.seconds));
        drains.push(with.drain_percent);
    }
    println!(
        "| {kind} | {} | {} | {} | {} | {} |",
        searches.threads,
        name(asked),
        asked.back_end.map_or(0, |_| asked.rate),
        Median::of(costs).show(2),
        Median::of(drains).show(2),
    );
}

/// What is searched, by how many threads.
struct Searches<'a> {
    index: &'a dyn Index,
    queries: &'a Vectors,
    threads: usize,
}

/// What a block of searches took.
struct Block {
    /// By the slowest of the threads.
    seconds: f64,
    drain_percent: f64,
}

impl Searches<'_> {
    /// What a block takes under a monitor that profiles as `asked`.
    fn block(&self, asked: &Arguments) -> Block {
        let session = Session::start(asked).unwrap_or_else(|why| panic!("{why}"));
        let search = session.operation("search");
        let settled = clock::monotonic() + self.settling(asked);
        let together = Barrier::new(self.threads + 1);
        let mut truth = Truth::default();
        let seconds = thread::scope(|scope| {
            let thread = || self.thread(&search, settled, &together);
            let threads: Vec<_> = (0..self.threads).map(|_| scope.spawn(thread)).collect();
            together.wait();
            let account = Account::open();
            let seconds = threads.into_iter().map(thread::ScopedJoinHandle::join);
            let slowest = seconds
                .map(|joined| joined.unwrap_or(f64::NAN))
                .fold(0.0, f64::max);
            account.close(&mut truth);
            slowest
        });
        session
            .stop(&mut truth)
            .unwrap_or_else(|why| panic!("{why}"));
        Block {
            seconds,
            drain_percent: 100.0 * truth.profiler_cpu_seconds / seconds,
        }
    }

    fn settling(&self, asked: &Arguments) -> Duration {
        let rate = match asked.back_end {
            None => return Duration::ZERO,
            Some(Choice::Only(BackEnd::ThreadTimer)) => GENTLE,
            Some(_) => asked.rate,
        };
        Duration::from_secs_f64(SETTLED / f64::from(rate) / self.threads as f64)
    }

    /// One of the threads: warms up, then searches beside the others. Seconds of the searches.
    fn thread(&self, search: &Operation, settled: Duration, together: &Barrier) -> f64 {
        let mut searcher = Monitored::new(self.index.searcher(), search);
        self.run(&mut searcher, WARM_UP);
        while clock::monotonic() < settled {
            self.run(&mut searcher, WARM_UP);
        }
        together.wait();
        let started = clock::monotonic();
        self.run(&mut searcher, BLOCK);
        (clock::monotonic() - started).as_secs_f64()
    }

    fn run(&self, searcher: &mut impl Searcher, times: usize) {
        for at in 0..times {
            let found = searcher.search(self.queries.row(at % self.queries.len()), PARAMETERS);
            black_box(found.unwrap_or_else(|error| panic!("{error}")));
        }
    }
}
