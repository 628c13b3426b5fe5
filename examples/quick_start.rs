//! The shortest useful program: watch a search, print the report, write the files.
//!
//! `cargo run --example quick_start`

#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use vecperf::{Monitor, Settings};

fn main() -> vecperf::Result<()> {
    let mut settings = Settings::default();
    settings.output.directory = std::env::temp_dir().join("vecperf-quick-start");
    let monitor = Monitor::new(settings)?;

    let search = monitor.operation("search");
    let distances = search.counter("distance_computations");

    let vectors: Vec<[f32; 8]> = (0..10_000)
        .map(|i| std::array::from_fn(|d| ((i * 31 + d * 7) % 97) as f32))
        .collect();
    let steady = monitor.steady_phase("search");
    for query in vectors.iter().step_by(20) {
        let mut timer = search.start();
        let nearest = vectors
            .iter()
            .min_by(|a, b| distance(a, query).total_cmp(&distance(b, query)));
        timer.add(distances, vectors.len() as u64);
        assert_eq!(nearest, Some(query));
    }
    steady.end();

    let report = monitor.finish()?;
    println!("{}", vecperf::export::console(&report));
    Ok(())
}

fn distance(a: &[f32; 8], b: &[f32; 8]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}
