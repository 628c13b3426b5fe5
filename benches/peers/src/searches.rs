//! What counting and sampling allocations costs a search: queries of one index, with and without, in turn.
//!
//! `cargo run --release -p vecperf-peers --bin searches [--features usearch] [-- ROUNDS]`. The bundled 25,000 GloVe
//! vectors, one thread, `ef_search` 64. `hnsw_rs` allocates for each candidate, some hundred times a query; `usearch` not at
//! all.
//!
//! Blocks of the same queries, with and without, follow each other in changing order, on the same index; a ratio is
//! taken of each pair. First the allocator itself is switched; then, for good behind the one that counts, sampling.

#![expect(
    clippy::print_stdout,
    clippy::panic,
    reason = "a benchmark shows its result, and gives up aloud"
)]

#[path = "../../../vecperf-engines/benches/bundled/mod.rs"]
mod bundled;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::RefCell;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use hnsw_rs::prelude::{DistDot, Hnsw};
use vecperf::{Allocator, Monitor, Settings};
use vecperf_engines::{EngineKind, Vectors};

/// Queries in a block: some milliseconds.
const BLOCK: usize = 20;

type Search<'a> = &'a dyn Fn(&[f32]);

/// The system's allocator, or the same, counted. They may free each other's blocks for as long as none is sampled.
struct Chosen {
    counts: AtomicBool,
    counted: Allocator,
}

#[global_allocator]
static ALLOCATOR: Chosen = Chosen {
    counts: AtomicBool::new(false),
    counted: Allocator::system(),
};

// SAFETY: every call goes on as it came, to the system's allocator or to one that wraps it and passes on what is not
// sampled. Before anything is sampled the choice is the wrapper, for good.
unsafe impl GlobalAlloc for Chosen {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.counts.load(Ordering::Relaxed) {
            // SAFETY: the caller keeps the contract of `alloc`.
            return unsafe { self.counted.alloc(layout) };
        }
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if self.counts.load(Ordering::Relaxed) {
            // SAFETY: the caller keeps the contract of `alloc_zeroed`.
            return unsafe { self.counted.alloc_zeroed(layout) };
        }
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        if self.counts.load(Ordering::Relaxed) {
            // SAFETY: the caller keeps the contract of `dealloc`.
            return unsafe { self.counted.dealloc(place, layout) };
        }
        // SAFETY: as above; nothing is sampled yet.
        unsafe { System.dealloc(place, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if self.counts.load(Ordering::Relaxed) {
            // SAFETY: the caller keeps the contract of `realloc`.
            return unsafe { self.counted.realloc(place, layout, size) };
        }
        // SAFETY: as above; nothing is sampled yet.
        unsafe { System.realloc(place, layout, size) }
    }
}

fn main() -> vecperf::Result<()> {
    let words = std::env::args().skip(1);
    let pairs = words
        .filter_map(|word| word.parse().ok())
        .next()
        .unwrap_or(2_000);
    let queries = bundled::vectors("queries.fbin");
    let index = hnsw_rs();
    let through_hnsw_rs = |query: &[f32]| {
        let parameters = bundled::PARAMETERS;
        black_box(index.search(query, parameters.k, parameters.ef_search));
    };
    let is_built_in = EngineKind::Usearch.is_built_in();
    let usearch = is_built_in.then(|| bundled::index(EngineKind::Usearch));
    let searcher = usearch.as_ref().map(|index| RefCell::new(index.searcher()));
    let through_usearch = |query: &[f32]| {
        if let Some(searcher) = &searcher {
            let _ = black_box(searcher.borrow_mut().search(query, bundled::PARAMETERS));
        }
    };
    let mut engines: Vec<(&str, Search<'_>)> = vec![("hnsw_rs", &through_hnsw_rs)];
    if searcher.is_some() {
        engines.push(("usearch", &through_usearch));
    }

    println!("| engine | what is added | time, with / without | quartiles | without, µs a query |");
    println!("|---|---|---:|---|---:|");
    for (engine, search) in &engines {
        compare(engine, "counting", pairs, &queries, search, |with| {
            ALLOCATOR.counts.store(with, Ordering::Relaxed);
        });
    }
    ALLOCATOR.counts.store(true, Ordering::Relaxed);
    let mut settings = Settings::default();
    settings.monitoring.cpu_profiling = false;
    let mut failed = None;
    for (engine, search) in &engines {
        let mut sampling = None;
        compare(engine, "sampling", pairs, &queries, search, |with| {
            sampling = None;
            if with {
                match Monitor::in_memory(settings.clone()) {
                    Ok(monitor) => sampling = Some(monitor),
                    Err(error) => failed = Some(error),
                }
            }
        });
    }
    failed.map_or(Ok(()), Err)
}

/// Blocks of queries without and with, as `switch` is told.
fn compare(
    engine: &str,
    what: &str,
    pairs: usize,
    queries: &Vectors,
    search: Search<'_>,
    mut switch: impl FnMut(bool),
) {
    let mut next = queries.rows().cycle();
    let (mut ratios, mut without) = (Vec::new(), Vec::new());
    for pair in 0..pairs {
        let block: Vec<&[f32]> = next.by_ref().take(BLOCK).collect();
        let mut times = [0.0; 2];
        for turn in [pair % 2, 1 - pair % 2] {
            switch(turn == 1);
            block[..BLOCK / 10].iter().for_each(|query| search(query));
            let start = Instant::now();
            block.iter().for_each(|query| search(query));
            times[turn] = start.elapsed().as_secs_f64() * 1e6 / BLOCK as f64;
        }
        ratios.push(times[1] / times[0]);
        without.push(times[0]);
    }
    ratios.sort_by(f64::total_cmp);
    without.sort_by(f64::total_cmp);
    let quartile = |n: usize| ratios[pairs * n / 4];
    println!(
        "| {engine} | {what} | {:.4} | {:.4} to {:.4} | {:.0} |",
        quartile(2),
        quartile(1),
        quartile(3),
        without[pairs / 2],
    );
}

fn hnsw_rs() -> Hnsw<'static, f32, DistDot> {
    let base = bundled::vectors("base.fbin");
    let index = Hnsw::new(16, base.len(), 16, 128, DistDot);
    for (at, row) in base.rows().enumerate() {
        index.insert((row, at));
    }
    index
}
