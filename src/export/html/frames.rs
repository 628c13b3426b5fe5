//! The functions of a profile's stacks, as the page names them.

use super::markup::shown;
use crate::profile::{Location, Profile};

/// The longest function name that is kept whole, in bytes.
const LONGEST: usize = 300;

/// The names of a profile's frames, each kept once: functions as such, places without one by their file.
pub(super) struct Frames {
    names: Vec<String>,
    /// For each location, its frames, outermost first, as indices into `names`.
    of_location: Vec<Vec<u32>>,
}

impl Frames {
    /// Those of `profile`.
    pub(super) fn of(profile: &Profile) -> Self {
        let mut known = std::collections::HashMap::new();
        let mut names: Vec<String> = Vec::new();
        let mut index = |name: String| {
            *known.entry(name).or_insert_with_key(|name| {
                names.push(name.clone());
                u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
            })
        };
        let of_location = profile
            .locations
            .iter()
            .map(|location| {
                if location.lines.is_empty() {
                    return vec![index(unnamed(profile, location))];
                }
                let functions = location.lines.iter().rev();
                functions
                    .map(|line| {
                        let function = profile.functions.get(line.function as usize);
                        index(function.map_or_else(|| "[unknown]".to_owned(), |it| name(&it.name)))
                    })
                    .collect()
            })
            .collect();
        Self { names, of_location }
    }

    /// What the frame of this number is called.
    pub(super) fn name(&self, frame: u32) -> Option<&str> {
        self.names.get(frame as usize).map(String::as_str)
    }

    /// The frames of a stack whose locations are leaf first; the outermost one comes first.
    pub(super) fn stack<'a>(&'a self, locations: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
        let locations = locations.iter().rev();
        locations.flat_map(|&at| {
            self.of_location
                .get(at as usize)
                .into_iter()
                .flatten()
                .copied()
        })
    }
}

/// A function's name, bounded: its start and its end tell it apart.
fn name(name: &str) -> String {
    let name = name.trim();
    if name.is_empty() {
        return "[unnamed]".to_owned();
    }
    if name.len() <= LONGEST {
        return shown(name).into_owned();
    }
    let start = &name[..name.floor_char_boundary(LONGEST * 2 / 3)];
    let end = &name[name.ceil_char_boundary(name.len() - LONGEST / 3)..];
    shown(&format!("{start}…{end}")).into_owned()
}

/// What code is called that no function is known for: its file.
fn unnamed(profile: &Profile, location: &Location) -> String {
    let mapping = location.mapping;
    let mapping = mapping.and_then(|at| profile.mappings.get(at as usize));
    let file = mapping.and_then(|it| it.file.rsplit(['/', '\\']).next());
    match file {
        Some(file) if !file.is_empty() => name(&format!("[{}]", file.trim_matches(['[', ']']))),
        _ => "[unknown]".to_owned(),
    }
}
