//! A stripped program: addresses, mappings and build ids remain, and the unstripped twin brings the names back.

use std::path::Path;
use std::process::Command;

use vecperf::cpu::symbolize;
use vecperf::profile::{Location, Mapping};

use crate::case::{Case, alone};
use crate::seen::Seen;

#[test]
fn a_stripped_program_keeps_what_its_twin_needs() {
    let _alone = alone();
    let room = tempfile::tempdir().unwrap();
    let stripped = room.path().join("stripped");
    if !strip(&stripped) {
        eprintln!("SKIPPED: no `strip` here");
        return;
    }
    let run = Case::new("cpp").binary(&stripped).run();
    let seen = run.seen.unwrap();
    let own: Vec<&Location> = of_program(&seen, "stripped").collect();
    assert!(!own.is_empty());
    assert!(own.iter().all(|location| location.address != 0));
    let mapping = mapping(&seen, own[0]).unwrap();
    assert!(!mapping.build_id.is_empty(), "{mapping:?}");
    // What remains of the names is what is exported.
    let named = own.iter().filter(|location| !location.lines.is_empty());
    assert!(named.count() * 2 < own.len());

    let places = own.len();
    let mut profile = seen.profile.clone();
    let twin = Path::new(env!("CARGO_BIN_EXE_vecperf-profiled"));
    let restored = symbolize(&mut profile, twin).unwrap_or_else(|why| panic!("{why}"));
    println!("stripped: {restored} of {places} places named by the twin");
    assert!(restored * 100 >= places * 99, "{restored} of {places}");
    let named = seen.with(profile);
    let search = named.seconds(|sample| named.function(sample, &["cpp_search"]).is_some());
    let share = search / named.cpu_seconds();
    let truth = run.truth.functions["cpp_search"] / run.truth.cpu_seconds;
    assert!((share - truth).abs() < 0.1, "{share}, in truth {truth}");
}

fn strip(to: &Path) -> bool {
    let stripped = Command::new("strip")
        .arg("-o")
        .arg(to)
        .arg(env!("CARGO_BIN_EXE_vecperf-profiled"))
        .status();
    stripped.is_ok_and(|status| status.success())
}

/// The places in the file called `name`.
fn of_program<'a>(seen: &'a Seen, name: &'a str) -> impl Iterator<Item = &'a Location> {
    let locations = seen.profile.locations.iter();
    locations.filter(move |location| {
        mapping(seen, location).is_some_and(|mapping| mapping.file.ends_with(name))
    })
}

fn mapping<'a>(seen: &'a Seen, location: &Location) -> Option<&'a Mapping> {
    Some(&seen.profile.mappings[location.mapping? as usize])
}
