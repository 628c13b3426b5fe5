//! How long the report page takes to make, with a CPU profile of a million samples in it:
//! `cargo bench --bench page`. With a directory (`cargo bench --bench page -- target/million`), report and profile are left
//! there, for `vecperf report`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::path::Path;
use std::time::Instant;
use std::{fs, io};

use vecperf::export::{Exporter, Html, pprof};
use vecperf::profile::{Builder, Function, Line, Location, Profile, names};
use vecperf::report::CpuProfileReport;
use vecperf::{Report, Settings};

/// Samples of the profile, each kept by itself: more than any profile of vecperf holds, which adds up equal ones.
const SAMPLES: usize = 1_000_000;
/// Different functions.
const FUNCTIONS: usize = 5_000;
/// Different stacks, which branch from one root.
const STACKS: u64 = 50_000;
/// Frames of a stack.
const DEPTH: usize = 24;

fn main() {
    let profile = profile();
    let monitor = vecperf::Monitor::in_memory(Settings::default()).unwrap_or_default();
    monitor.operation("search").measure(|| {});
    let report = monitor.report();
    let html = Html {
        cpu_profile: Some(&profile),
        ..Html::default()
    };
    let without = timed("page without profiles", &Html::default(), &report);
    let with = timed("page with a million samples", &html, &report);
    println!("{:34} {:>9}", "bytes that the profile adds", with - without);
    let mut arguments = std::env::args().skip(1);
    if let Some(directory) = arguments.find(|it| !it.starts_with('-')) {
        leave(Path::new(&directory), report, &profile)
            .unwrap_or_else(|why| println!("{directory}: {why}"));
    }
}

/// Writes both files to this directory; the report names the profile beside it.
fn leave(directory: &Path, mut report: Report, profile: &Profile) -> io::Result<()> {
    report.cpu_profile = Some(CpuProfileReport {
        file: Some("profiling_data.prof".to_owned()),
        ..CpuProfileReport::default()
    });
    fs::create_dir_all(directory)?;
    fs::write(
        directory.join("performance_metrics.json"),
        serde_json::to_vec(&report)?,
    )?;
    fs::write(directory.join("profiling_data.prof"), pprof::write(profile))
}

/// Prints how long the page takes, best of three; its bytes.
fn timed(what: &str, html: &Html<'_>, report: &Report) -> usize {
    let mut best = f64::INFINITY;
    let mut bytes = 0;
    for _ in 0..3 {
        let start = Instant::now();
        bytes = html.to_bytes(report).map_or(0, |page| page.len());
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{what:34} {:>9.1} ms {bytes:>9} bytes", best * 1e3);
    bytes
}

/// Stacks that share their outer frames and differ within.
fn profile() -> Profile {
    let mut builder = Builder::cpu(1_000_000);
    let locations: Vec<u32> = (0..FUNCTIONS)
        .map(|at| {
            let function = builder.function(Function {
                name: format!("engine::module_{}::function_{at}", at % 70),
                ..Function::default()
            });
            builder.location(Location {
                address: 1 + at as u64,
                lines: vec![Line { function, line: 1 }],
                ..Location::default()
            })
        })
        .collect();
    let operations = ["search", "insert"].map(|name| builder.label(names::OPERATION, name));
    let slow = builder.label(names::COHORT, names::ABOVE_P99);
    for at in 0..SAMPLES {
        // A step of the generator that Knuth gives for MMIX.
        let random = (at as u64 % STACKS).wrapping_mul(6_364_136_223_846_793_005);
        let frame = |level: usize| {
            let spread = (random >> 33) as usize % (1 + level * level);
            locations[(level * 211 + spread) % FUNCTIONS]
        };
        let stack = (0..DEPTH).rev().map(frame).collect();
        let mut labels = vec![operations[at % 2].clone()];
        labels.extend((at % 100 == 0).then(|| slow.clone()));
        builder.sample(stack, vec![1, 1_000_000], labels);
    }
    builder.finish()
}
