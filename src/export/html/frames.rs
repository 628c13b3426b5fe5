//! The functions of a profile's stacks, as the page names them.

use std::collections::HashMap;

use crate::profile::Profile;

/// The longest function name that is kept whole, in bytes.
const LONGEST: usize = 300;

/// The names of a profile's frames, each kept once.
pub(super) struct Frames {
    names: Vec<String>,
    /// For each location, its frames, outermost first, as indices into `names`.
    of_location: Vec<Vec<u32>>,
}

impl Frames {
    /// Those of `profile`.
    pub(super) fn of(profile: &Profile) -> Self {
        let mut known = HashMap::new();
        let mut names: Vec<String> = Vec::new();
        let mut index = |place| {
            let name = bounded(&profile.place_name(place));
            *known.entry(name).or_insert_with_key(|name| {
                names.push(name.clone());
                u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
            })
        };
        let locations = profile.locations.iter();
        let of_location = locations
            .map(|location| location.places().rev().map(&mut index).collect())
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

/// A name whose start and end tell it apart.
fn bounded(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let start = &name[..name.floor_char_boundary(LONGEST * 2 / 3)];
    let end = &name[name.ceil_char_boundary(name.len() - LONGEST / 3)..];
    format!("{start}…{end}")
}
