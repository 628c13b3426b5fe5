//! What watching a search costs: the same searches, bare and monitored, in turn.
//!
//! ```text
//! cargo bench -p vecperf-engines --bench monitored [--features usearch] [-- PAIRS]
//! ```
//!
//! The bundled 25,000 GloVe vectors, `ef_search` 64, one thread, the collector running at its default beat. A block of bare
//! searches and one of monitored ones follow each other, in changing order; the ratio is taken pair by pair, so that a
//! slow moment of the machine hits both.

#![expect(
    clippy::print_stdout,
    clippy::panic,
    reason = "a benchmark talks, and gives up aloud"
)]

mod bundled;

use std::hint::black_box;
use std::time::Duration;

use bundled::PARAMETERS;
use vecperf::{Moment, Monitor, Settings};
use vecperf_engines::{Index, Monitored, Searcher, Vectors};

/// Searches in a block: some milliseconds.
const BLOCK: usize = 100;

fn main() {
    let pairs = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .next()
        .unwrap_or(2_000);
    let queries = bundled::vectors("queries.fbin");
    for kind in bundled::engines() {
        let index = bundled::index(kind);
        let (ratios, bare) = compare(index.as_ref(), &queries, pairs);
        let quartile = |at: usize| ratios[ratios.len() * at / 4];
        println!(
            "{kind}: queries per second monitored / bare {:.4} (quartiles {:.4} to {:.4}) of {pairs} pairs; a bare search {bare:.2?}",
            quartile(2),
            quartile(1),
            quartile(3),
        );
    }
}

/// Without the CPU profile: what it costs has measurements of its own.
fn unprofiled() -> Settings {
    let mut settings = Settings::default();
    settings.monitoring.cpu_profiling = false;
    settings
}

/// The ratios of queries per second, ascending, and the median time of a bare search.
fn compare(index: &dyn Index, queries: &Vectors, pairs: usize) -> (Vec<f64>, Duration) {
    let monitor = Monitor::in_memory(unprofiled()).unwrap_or_else(|error| panic!("{error}"));
    let mut bare = index.searcher();
    let mut monitored = Monitored::new(index.searcher(), &monitor.operation("search"));
    let (mut ratios, mut times) = (Vec::new(), Vec::new());
    for pair in 0..pairs {
        let from = pair * BLOCK % queries.len();
        let (without, with) = if pair % 2 == 0 {
            let without = block(&mut bare, queries, from);
            (without, block(&mut monitored, queries, from))
        } else {
            let with = block(&mut monitored, queries, from);
            (block(&mut bare, queries, from), with)
        };
        ratios.push(without.as_secs_f64() / with.as_secs_f64());
        times.push(without / BLOCK as u32);
    }
    ratios.sort_by(f64::total_cmp);
    times.sort();
    (ratios, times[times.len() / 2])
}

fn block(searcher: &mut impl Searcher, queries: &Vectors, from: usize) -> Duration {
    let started = Moment::now();
    for at in 0..BLOCK {
        let found = searcher.search(queries.row((from + at) % queries.len()), PARAMETERS);
        black_box(found.unwrap_or_else(|error| panic!("{error}")));
    }
    started.elapsed()
}
