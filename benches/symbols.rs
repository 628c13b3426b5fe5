//! What naming costs: 500 places of this program, as many as a search's profile has, and what memory it leaves behind.
//!
//! `cargo bench --bench symbols [ROUNDS]` shows the median, and the resident memory before and after.

#![expect(clippy::print_stdout, reason = "a benchmark shows its result")]

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::time::Instant;

    let rounds = std::env::args().find_map(|argument| argument.parse().ok());
    let program = std::env::current_exe()?;
    let mut unnamed = linux::profile(&program)?;
    let build_id = build_id_of(&unnamed, &program);
    unnamed.mappings[0].build_id = build_id;
    let before = linux::resident_kb()?;
    let mut times = Vec::new();
    for _ in 0..rounds.unwrap_or(15) {
        let mut profile = unnamed.clone();
        let start = Instant::now();
        let named = vecperf::cpu::symbolize(&mut profile, &program)?;
        times.push((start.elapsed(), named));
    }
    times.sort();
    let (median, named) = times[times.len() / 2];
    println!("{named} of 500 places named in {median:.1?}");
    println!(
        "resident: {before} kB before, {} kB after {} times",
        linux::resident_kb()?,
        times.len()
    );
    Ok(())
}

/// The program's build id, as the refusal of a wrong one tells it.
#[cfg(target_os = "linux")]
fn build_id_of(profile: &vecperf::profile::Profile, program: &std::path::Path) -> String {
    let refused =
        vecperf::cpu::symbolize(&mut profile.clone(), program).map_err(|error| error.to_string());
    let text = refused.err().unwrap_or_default();
    let id = text
        .split("build id ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    id.unwrap_or_default().to_owned()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::path::Path;

    use vecperf::profile::{Builder, Location, Mapping, Profile};

    /// Places spread over the program's code, without names.
    pub(super) fn profile(program: &Path) -> io::Result<Profile> {
        let maps = std::fs::read_to_string("/proc/self/maps")?;
        let path = program.display().to_string();
        let code = maps
            .lines()
            .find(|line| line.contains(" r-xp ") && line.ends_with(&path));
        let mut words = code.unwrap_or_default().split_ascii_whitespace();
        let (start, end) = words
            .next()
            .and_then(|range| range.split_once('-'))
            .unwrap_or_default();
        let offset = words.nth(1).unwrap_or_default();
        let hex = |digits| u64::from_str_radix(digits, 16).unwrap_or(0);
        let (start, end) = (hex(start), hex(end));
        let mut builder = Builder::cpu(1);
        let mapping = builder.mapping(Mapping {
            start,
            end,
            file_offset: hex(offset),
            file: path,
            build_id: "none".to_owned(),
            has_functions: false,
        });
        for number in 0..500 {
            builder.location(Location {
                mapping: Some(mapping),
                address: start + (end - start) / 500 * number,
                lines: Vec::new(),
            });
        }
        Ok(builder.finish())
    }

    pub(super) fn resident_kb() -> io::Result<u64> {
        let status = std::fs::read_to_string("/proc/self/status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.trim().split(' ').next());
        Ok(number.and_then(|number| number.parse().ok()).unwrap_or(0))
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("functions are named on Linux only");
}
