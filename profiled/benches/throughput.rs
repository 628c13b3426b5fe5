//! What the profile costs a vector search in throughput: the same searches with and without it, in turn.
//!
//! ```text
//! cargo bench -p vecperf-profiled --bench throughput [--features usearch] [-- PAIRS]
//! ```
//!
//! Searches are timed operations in both halves of a pair: what is measured is the CPU profile, with its attribution, on top.
//! A pair's profile is started and has warmed up before the clock starts. The row `none` compares nothing with nothing.

#![expect(
    clippy::print_stdout,
    clippy::panic,
    reason = "a benchmark talks, and gives up aloud"
)]

mod measured;

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;

use measured::{Median, asked, back_ends, number};
use vecperf::{Moment, Monitor};
use vecperf_engines::{
    BuildParameters, EngineKind, Index, Metric, Monitored, SearchParameters, Searcher, Vectors,
    build,
};
use vecperf_profiled::profiling::Session;
use vecperf_profiled::{Arguments, Truth};

const PARAMETERS: SearchParameters = SearchParameters {
    k: 10,
    ef_search: 64,
};
/// Searches of a thread in half a pair: about a third of a second, some hundred samples.
const BLOCK: usize = 10_000;
const WARM_UP: usize = 1_000;

fn main() {
    let pairs = number(40.0) as usize;
    let (base, queries) = (bundled("base.fbin"), bundled("queries.fbin"));
    println!(
        "| engine | threads | profile | samples/s | cost, % of throughput: median (95 %) of {pairs} pairs |"
    );
    println!("|---|---:|---|---:|---:|");
    for kind in [EngineKind::Hnsw, EngineKind::Usearch] {
        if kind.is_built_in() {
            let index = index(kind, &base);
            engine(kind, index.as_ref(), &queries, pairs);
        }
    }
}

fn engine(kind: EngineKind, index: &dyn Index, queries: &Vectors, pairs: usize) {
    let mut cases = Vec::new();
    for threads in [1, 2] {
        cases.push((threads, asked("none")));
        for back_end in back_ends() {
            for rate in [250, 1000] {
                let asked = Arguments {
                    rate,
                    ..back_end.clone()
                };
                cases.push((threads, asked));
            }
        }
    }
    let mut costs = vec![Vec::new(); cases.len()];
    for pair in 0..pairs {
        for ((threads, profile), costs) in cases.iter().zip(&mut costs) {
            let time = |asked: &Arguments| block(index, queries, *threads, asked);
            let (without, with) = if pair % 2 == 0 {
                let without = time(&asked("none"));
                (without, time(profile))
            } else {
                let with = time(profile);
                (time(&asked("none")), with)
            };
            costs.push(100.0 * (1.0 - without / with));
        }
    }
    for ((threads, asked), costs) in cases.iter().zip(costs) {
        let (name, rate) = match asked.back_end {
            Some(vecperf::cpu::Choice::Only(back_end)) => (back_end.name(), asked.rate),
            _ => ("none", 0),
        };
        println!(
            "| {kind} | {threads} | {name} | {rate} | {} |",
            Median::of(costs).show(2)
        );
    }
}

/// Seconds that the slowest of the threads took.
fn block(index: &dyn Index, queries: &Vectors, threads: usize, asked: &Arguments) -> f64 {
    let session = Session::start(asked).unwrap_or_else(|why| panic!("{why}"));
    let search = session.operation("search");
    let begin = Barrier::new(threads);
    let one = || {
        let mut searcher = Monitored::new(index.searcher(), &search);
        run(&mut searcher, queries, WARM_UP);
        begin.wait();
        let started = Moment::now();
        run(&mut searcher, queries, BLOCK);
        started.elapsed().as_secs_f64()
    };
    let slowest = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        let times = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or(f64::NAN));
        times.fold(0.0, f64::max)
    });
    session
        .stop(&mut Truth::default())
        .unwrap_or_else(|why| panic!("{why}"));
    slowest
}

fn run(searcher: &mut impl Searcher, queries: &Vectors, times: usize) {
    for at in 0..times {
        let found = searcher.search(queries.row(at % queries.len()), PARAMETERS);
        black_box(found.unwrap_or_else(|error| panic!("{error}")));
    }
}

fn index(kind: EngineKind, base: &Vectors) -> Box<dyn Index> {
    let parameters = BuildParameters::default();
    let metric = Metric::InnerProduct;
    build(kind, base, metric, &parameters, &Monitor::off(), &|_| ())
        .unwrap_or_else(|error| panic!("{kind}: {error}"))
}

fn bundled(file: &str) -> Vectors {
    let path = format!(
        "{}/../vecperf-cli/data/glove-50/{file}",
        env!("CARGO_MANIFEST_DIR")
    );
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let words = bytes.as_chunks::<4>().0;
    let dimensions = u32::from_le_bytes(words[1]) as usize;
    let values = words[2..].iter().copied().map(f32::from_le_bytes).collect();
    Vectors::new(dimensions, values)
        .unwrap_or_else(|| panic!("{path}: rows of {dimensions} values"))
}
