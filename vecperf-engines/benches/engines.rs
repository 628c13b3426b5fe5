//! Engines against each other: queries per second at equal recall, build time, memory, and what counting costs.
//!
//! ```text
//! cargo bench -p vecperf-engines --features usearch -- BASE.fbin QUERIES.fbin --faiss PYTHON
//! ```
//!
//! Without files: the bundled 25,000 GloVe vectors. `--rounds N` (30) and `--builds N` (3) say how often. `--faiss` names a
//! Python that can `import faiss`; it runs `scripts/faiss_reference.py` as a child that answers in turn. All engines search
//! on one thread, turn by turn in one run, so that a busy machine is busy for each of them; medians of rounds are compared.

#![expect(
    clippy::print_stdout,
    clippy::panic,
    reason = "a benchmark talks, and gives up aloud"
)]

use vecperf_engines::{Metric, ground_truth};

mod bundled;
mod contenders;
use bundled::read_fbin;
use contenders::{Contender, Faiss, K, Ours};

/// Recall at which engines are compared.
const RECALL: f64 = 0.95;
/// Widths tried until one is above it.
const WIDTHS: [usize; 12] = [16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024];

fn main() {
    let options = Options::parse();
    let base = read_fbin(&options.base);
    let queries = read_fbin(&options.queries);
    println!(
        "{} x {} base, {} queries, inner product, k = {K}",
        base.len(),
        base.dimensions(),
        queries.len()
    );

    let ours = || Ours {
        base: &base,
        queries: &queries,
        index: None,
    };
    let mut contenders: Vec<Box<dyn Contender + '_>> = vec![Box::new(ours())];
    #[cfg(feature = "usearch")]
    contenders.push(Box::new(contenders::Usearch {
        base: &base,
        queries: &queries,
        index: None,
    }));
    if let Some(python) = &options.faiss {
        contenders.push(Box::new(Faiss::start(
            python,
            &options.base,
            &options.queries,
        )));
    }
    compare_builds(&mut contenders, base.len(), options.builds);

    let truth = ground_truth(&base, &queries, Metric::InnerProduct, K, 2, &|_| ())
        .expect("comparable vectors")
        .ids;
    let brackets: Vec<_> = contenders
        .iter_mut()
        .map(|contender| bracket(contender.as_mut(), &truth))
        .collect();
    compare_searches(&mut contenders, &brackets, queries.len(), options.rounds);
    drop(contenders);

    let mut ours = ours();
    ours.build();
    let index = ours.index.as_ref().expect("just built");
    let ratios = contenders::counting_cost(index, &queries, brackets[0][1].0, options.rounds);
    println!(
        "\ncounting / not counting, median of {} pairs: {:.4} of the time",
        ratios.len(),
        median(ratios)
    );
}

fn compare_builds(contenders: &mut [Box<dyn Contender + '_>], vectors: usize, rounds: usize) {
    let mut times = vec![Vec::new(); contenders.len()];
    let mut grown = vec![0.0; contenders.len()];
    for round in 0..rounds {
        for ((contender, times), grown) in contenders.iter_mut().zip(&mut times).zip(&mut grown) {
            let before = anonymous_bytes();
            times.push(contender.build().as_secs_f64());
            if round == 0 {
                *grown = (anonymous_bytes() - before) / vectors as f64;
            }
        }
    }
    println!(
        "\nbuild on 2 threads, M 16, ef_construction 200, median of {rounds}; growth of this process"
    );
    for ((contender, times), grown) in contenders.iter().zip(times).zip(grown) {
        println!(
            "  {:10} {:6.2} s {grown:6.0} bytes/vector",
            contender.name(),
            median(times)
        );
    }
}

fn compare_searches(
    contenders: &mut [Box<dyn Contender + '_>],
    brackets: &[[(usize, f64); 2]],
    queries: usize,
    rounds: usize,
) {
    let mut times = vec![[Vec::new(), Vec::new()]; contenders.len()];
    for round in 0..rounds {
        // Each round starts with another one, since whoever comes after a relative finds its index in the cache.
        for turn in 0..contenders.len() {
            let at = (round + turn) % contenders.len();
            for (&(width, _), times) in brackets[at].iter().zip(&mut times[at]) {
                times.push(contenders[at].search(width).1.as_secs_f64() / queries as f64);
            }
        }
    }
    println!("\nsearch on 1 thread, at recall@{K} = {RECALL}, median of {rounds} rounds");
    let qps: Vec<_> = times
        .iter()
        .zip(brackets)
        .map(|(times, bracket)| at_recall(times, bracket))
        .collect();
    for ((contender, bracket), found) in contenders.iter().zip(brackets).zip(&qps) {
        let [(narrow, low), (wide, high)] = *bracket;
        println!(
            "  {:10} {found:6.0} QPS; hnsw is {:4.2} of it; between ef {narrow} ({low:.4}) and {wide} ({high:.4})",
            contender.name(),
            qps[0] / found,
        );
    }
}

/// Queries per second at [`RECALL`], on a straight line through logarithms of time between the two widths.
fn at_recall(times: &[Vec<f64>; 2], [(_, low), (_, high)]: &[(usize, f64); 2]) -> f64 {
    let [below, above] = times.clone().map(|times| median(times).ln());
    (-(below + (above - below) * (RECALL - low) / (high - low))).exp()
}

/// Anonymous memory of this process.
fn anonymous_bytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok())
        .map_or(f64::NAN, |kib| kib * 1024.0)
}

/// The two widths between which the recall passes [`RECALL`], each with its recall.
fn bracket(contender: &mut dyn Contender, truth: &[u32]) -> [(usize, f64); 2] {
    let mut below = (0, 0.0);
    for width in WIDTHS {
        let found = contender.search(width).0;
        let hits = found
            .chunks(K)
            .zip(truth.chunks(K))
            .flat_map(|(found, truth)| found.iter().filter(|id| truth.contains(id)));
        let recall = hits.count() as f64 / truth.len() as f64;
        if recall >= RECALL && below.0 > 0 {
            return [below, (width, recall)];
        }
        below = (width, recall);
    }
    panic!(
        "{} does not reach recall {RECALL}, or reaches it at once: {below:?}",
        contender.name()
    )
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What the command line asks for.
struct Options {
    base: String,
    queries: String,
    rounds: usize,
    builds: usize,
    faiss: Option<String>,
}

impl Options {
    fn parse() -> Self {
        let mut options = Self {
            base: bundled::path("base.fbin"),
            queries: bundled::path("queries.fbin"),
            rounds: 30,
            builds: 3,
            faiss: None,
        };
        let mut files = Vec::new();
        let mut arguments = std::env::args()
            .skip(1)
            .filter(|argument| argument != "--bench");
        while let Some(argument) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .unwrap_or_else(|| panic!("{argument} needs a value"))
            };
            match argument.as_str() {
                "--rounds" => options.rounds = value().parse().expect("--rounds needs a number"),
                "--builds" => options.builds = value().parse().expect("--builds needs a number"),
                "--faiss" => options.faiss = Some(value()),
                _ => files.push(argument),
            }
        }
        if let [base, queries] = files.as_slice() {
            options.base.clone_from(base);
            options.queries.clone_from(queries);
        } else {
            assert!(
                files.is_empty(),
                "two files are needed: BASE.fbin QUERIES.fbin"
            );
        }
        options
    }
}
