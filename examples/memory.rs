//! Memory: whose it is, what a search allocates, and what grew between two moments.
//!
//! `cargo run --example memory`; the report's table ends with who holds most, `growth.prof` is for `vecperf flame`.

#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use std::sync::Arc;

use vecperf::{Monitor, Settings};

/// Counts what the program allocates, and samples where. Around another allocator: `Allocator::new(MiMalloc)`.
#[global_allocator]
static ALLOCATOR: vecperf::Allocator = vecperf::Allocator::system();

type Vector = [f32; 8];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut settings = Settings::default();
    settings.output.directory = std::env::temp_dir().join("vecperf-memory");
    let directory = settings.output.directory.clone();
    let monitor = Monitor::new(settings)?;

    let vectors: Arc<[Vector]> = (0..20_000)
        .map(|i| std::array::from_fn(|d| ((i * 31 + d * 7) % 97) as f32))
        .collect();
    // What an engine knows of its memory, the report takes from it.
    let held = Arc::clone(&vectors);
    monitor.component("vectors", move || size_of_val(&*held) as u64);

    let search = monitor.operation("search");
    let mut answered = Vec::new(); // a cache that nobody empties
    let before = monitor.heap_mark();
    let steady = monitor.steady_phase("search");
    for query in vectors.iter().step_by(100) {
        let _timer = search.start();
        answered.push(distances(&vectors, query)); // 80 kB that nobody frees
    }
    steady.end();
    let after = monitor.heap_mark();

    // Absent where the heap is not sampled: `vecperf doctor` says why.
    if let Some(growth) = monitor.heap_growth(&before, &after) {
        let file = directory.join("growth.prof");
        std::fs::write(&file, vecperf::export::pprof::write(&growth))?;
        println!(
            "what grew: vecperf functions {} --sort total\n",
            file.display()
        );
    }

    // As a check in a test: no search allocates more often than it did here, and one with room of its own never.
    vecperf::assert_allocations!(&search, <= 2);
    let mut room = Vec::with_capacity(vectors.len());
    vecperf::assert_allocations!(|| fill(&mut room, &vectors, &vectors[7]), == 0);
    assert_eq!(room[7], 0.0);

    let report = monitor.finish()?;
    println!("{}", vecperf::export::console(&report));
    drop(answered);
    Ok(())
}

fn distances(vectors: &[Vector], query: &Vector) -> Vec<f32> {
    let mut distances = Vec::with_capacity(vectors.len());
    fill(&mut distances, vectors, query);
    distances
}

fn fill(room: &mut Vec<f32>, vectors: &[Vector], query: &Vector) {
    let distance = |other: &Vector| -> f32 {
        let terms = query.iter().zip(other).map(|(a, b)| (a - b) * (a - b));
        terms.sum()
    };
    room.clear();
    room.extend(vectors.iter().map(distance));
}
