//! A profile and an earlier one in one: what `--base` compares.

use std::path::Path;

use vecperf::profile::{Location, OperationCounts, Profile, Sample};

use super::{names, sides};
use crate::exit::{Failure, Result};

/// The earlier profile, whose samples stand after those of the later one.
#[derive(Debug)]
pub(crate) struct Base {
    /// The first sample of it.
    pub(super) from: usize,
    pub(super) counts: OperationCounts,
    /// What the later profile and this one are called.
    pub(super) titles: [String; 2],
}

/// Puts `base`, read from the second of the files, behind `profile`. `kind`: which value is compared.
///
/// # Errors
/// `base` has no such value, or counts it in another unit.
pub(super) fn join(
    profile: &mut Profile,
    base: Profile,
    files: [&Path; 2],
    kind: Option<&str>,
) -> Result<Base> {
    let value = sides::value(profile, kind)?;
    let kinds = profile.value_types.iter();
    let places: Vec<_> = kinds.map(|it| base.value_index(&it.kind)).collect();
    check(profile, &base, value, places[value], files[1])?;

    let joined = Base {
        from: profile.samples.len(),
        counts: base.operations(),
        titles: titles(files),
    };
    let [mappings, functions, locations] = [
        profile.mappings.len() as u32,
        profile.functions.len() as u32,
        profile.locations.len() as u32,
    ];
    profile.mappings.extend(base.mappings);
    profile.functions.extend(base.functions);
    let moved = base.locations.into_iter().map(|mut location| {
        location.mapping = location.mapping.map(|at| at.saturating_add(mappings));
        for line in &mut location.lines {
            line.function = line.function.saturating_add(functions);
        }
        location
    });
    profile.locations.extend::<Vec<Location>>(moved.collect());
    let moved = base.samples.into_iter().map(|sample| Sample {
        values: places
            .iter()
            .map(|at| at.map_or(0, |at| sample.value(at)))
            .collect(),
        locations: sample
            .locations
            .iter()
            .map(|at| at.saturating_add(locations))
            .collect(),
        labels: sample.labels,
    });
    profile.samples.extend(moved);
    Ok(joined)
}

fn check(
    profile: &Profile,
    base: &Profile,
    value: usize,
    in_base: Option<usize>,
    file: &Path,
) -> Result<()> {
    let wanted = &profile.value_types[value];
    let refusal = |why: String| {
        Failure::usage(format!("--base {}: {why}", file.display()))
            .remedy("a profile of the same kind, or another --value")
    };
    let kind = names::short(&wanted.kind, 30);
    match in_base.map(|at| &base.value_types[at].unit) {
        None => Err(refusal(format!("no sample has a value {kind}"))),
        Some(unit) if *unit != wanted.unit => Err(refusal(format!(
            "{kind} is in {}, not in {}",
            names::short(unit, 30),
            names::short(&wanted.unit, 30)
        ))),
        Some(_) => Ok(()),
    }
}

/// The files' names; their paths where the names are one.
fn titles(files: [&Path; 2]) -> [String; 2] {
    let [name, other] = files.map(Path::file_name);
    files.map(|file| {
        let shown = match file.file_name() {
            Some(own) if name != other => Path::new(own),
            _ => file,
        };
        names::short(&shown.to_string_lossy(), 40)
    })
}
