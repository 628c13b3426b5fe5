//! What a large profile costs to write and to read: 100 MB unpacked, as an hour of a busy service would make.
//!
//! `cargo bench --bench pprof -- [ROUNDS] [FILE.prof] [shared]` shows the medians, and leaves the profile in the file.
//! All its stacks differ; `shared`: they are 20,000, which branch from one root, as a service's do.

#![expect(clippy::print_stdout, reason = "a benchmark shows its result")]

use std::time::{Duration, Instant};

use vecperf::export::pprof;
use vecperf::profile::{Builder, Function, Line, Location, Mapping, Profile, names};
use vecperf::{Error, ErrorKind};

const SAMPLES: u64 = 1_150_000;
const FUNCTIONS: u64 = 20_000;
const DEPTH: u64 = 20;
const SHARED: u64 = 20_000;

fn main() -> vecperf::Result<()> {
    let rounds = std::env::args().find_map(|argument| argument.parse().ok());
    let rounds: usize = rounds.unwrap_or(7);
    let shared = std::env::args().any(|argument| argument == "shared");
    let profile = large(shared);
    let (mut writing, mut reading) = (Vec::new(), Vec::new());
    let mut packed = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        packed = pprof::write(&profile);
        writing.push(start.elapsed());
        let start = Instant::now();
        let read = pprof::read(&packed, 1 << 30)?;
        reading.push(start.elapsed());
        assert_eq!(read.samples.len(), profile.samples.len());
    }
    println!("{SAMPLES} samples, {} MB packed", packed.len() / 1_000_000);
    println!("write  {:>6.2?}", median(writing));
    println!("read   {:>6.2?}", median(reading));
    if let Some(path) = std::env::args().find(|argument| argument.ends_with(".prof")) {
        std::fs::write(&path, &packed).map_err(|error| {
            let what = format!("{path}: cannot be written");
            Error::new(ErrorKind::Io, what).because(error)
        })?;
    }
    Ok(())
}

/// A number that looks random, the same for the same one (splitmix64).
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Stacks of 20 frames among 20,000 functions, four labels a sample.
fn large(shared: bool) -> Profile {
    let mut builder = Builder::cpu(1_000_000);
    let mapping = builder.mapping(Mapping {
        start: 0x40_0000,
        end: 0x80_0000,
        file: "/opt/service/bin/search".into(),
        has_functions: true,
        ..Mapping::default()
    });
    let locations: Vec<u32> = (0..FUNCTIONS)
        .map(|number| {
            let function = builder.function(Function {
                name: format!("service::index::layer_{}::visit_{number}", number % 40),
                file: format!("src/index/layer_{}.rs", number % 40),
                ..Function::default()
            });
            builder.location(Location {
                mapping: Some(mapping),
                address: 0x40_0000 + number * 64,
                lines: vec![Line { function, line: 7 }],
            })
        })
        .collect();
    for number in 0..SAMPLES {
        let frame = |depth| {
            let path = match shared {
                true => (mixed(number) % SHARED) >> 15_u64.saturating_sub(depth), // twice as many a frame further in
                false => number,
            };
            locations[(mixed(path * DEPTH + depth) % FUNCTIONS) as usize]
        };
        let stack = (0..DEPTH).rev().map(frame).collect();
        let labels = vec![
            builder.label(names::OPERATION, "search"),
            builder.label(names::PHASE, "load"),
            builder.label(names::COHORT, names::ABOVE_P50),
            builder.number(names::THREAD, (number % 64) as i64, ""),
        ];
        builder.sample(stack, vec![1, 1_000_000], labels);
    }
    builder.finish()
}
