//! The functions with the most CPU time, for the report.

use std::collections::{HashMap, HashSet};

use crate::profile::{Profile, names};
use crate::report::FunctionReport;

/// How many the report lists.
const MOST: usize = 20;

/// What time is counted of: a function, or, where none is known, a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Function(u32),
    File(Option<u32>),
}

/// The first functions by CPU time of their own. A function that calls itself counts once a sample.
pub(super) fn top(profile: &Profile) -> Vec<FunctionReport> {
    let Some(value) = profile.value_index(names::CPU) else {
        return Vec::new();
    };
    let mut times: HashMap<Place, (i64, i64)> = HashMap::new();
    let mut seen = HashSet::new();
    for sample in &profile.samples {
        let cpu = sample.value(value);
        seen.clear();
        for (depth, place) in places(profile, &sample.locations).enumerate() {
            let times = times.entry(place).or_default();
            if depth == 0 {
                times.0 += cpu;
            }
            if seen.insert(place) {
                times.1 += cpu;
            }
        }
    }
    let total = profile.total(value);
    let share = |part: i64| {
        if total > 0 {
            part as f64 / total as f64
        } else {
            0.0
        }
    };
    let mut functions: Vec<_> = times
        .into_iter()
        .map(|(place, (own, all))| FunctionReport {
            name: name(profile, place),
            self_share: share(own),
            total_share: share(all),
        })
        .collect();
    functions.sort_by(|a, b| {
        let by_time = b.self_share.total_cmp(&a.self_share);
        let by_all = || b.total_share.total_cmp(&a.total_share);
        by_time.then_with(by_all).then_with(|| a.name.cmp(&b.name))
    });
    functions.truncate(MOST);
    functions
}

/// The places of a stack, leaf first, inlined functions before the one they stand in.
fn places<'a>(profile: &'a Profile, stack: &'a [u32]) -> impl Iterator<Item = Place> + 'a {
    let locations = stack
        .iter()
        .filter_map(|&location| profile.locations.get(location as usize));
    locations.flat_map(|location| {
        let lines = location.lines.iter();
        let file = location.lines.is_empty().then_some(location.mapping);
        lines
            .map(|line| Place::Function(line.function))
            .chain(file.map(Place::File))
    })
}

/// As people know it: a function's name, else `[libc.so.6]`.
fn name(profile: &Profile, place: Place) -> String {
    let known = match place {
        Place::Function(function) => {
            let function = profile.functions.get(function as usize);
            function.map(|function| function.name.clone())
        }
        Place::File(mapping) => mapping
            .and_then(|mapping| profile.mappings.get(mapping as usize))
            .map(|mapping| {
                let file = mapping.file.rsplit('/').next().unwrap_or_default();
                format!("[{}]", file.trim_matches(['[', ']']))
            }),
    };
    known.unwrap_or_else(|| "[unknown]".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Builder, Function, Line, Location, Mapping};

    #[test]
    fn own_time_is_the_leafs_and_recursion_counts_once() {
        let mut builder = Builder::cpu(1);
        let [search, distance] = ["search", "distance"].map(|name| {
            let function = builder.function(Function {
                name: name.into(),
                ..Function::default()
            });
            let lines = vec![Line { function, line: 1 }];
            builder.location(Location {
                lines,
                ..Location::default()
            })
        });
        builder.sample(vec![distance, search, search], vec![3, 75], vec![]);
        builder.sample(vec![search], vec![1, 25], vec![]);
        let shares: Vec<_> = top(&builder.finish())
            .into_iter()
            .map(|function| (function.name, function.self_share, function.total_share))
            .collect();
        assert_eq!(
            shares,
            [
                ("distance".into(), 0.75, 0.75),
                ("search".into(), 0.25, 1.0)
            ]
        );
    }

    #[test]
    fn code_without_names_is_told_by_its_file() {
        let mut builder = Builder::cpu(1);
        let mapping = builder.mapping(Mapping {
            file: "/lib/libblas.so.3".into(),
            ..Mapping::default()
        });
        for address in [16, 32] {
            let location = builder.location(Location {
                mapping: Some(mapping),
                address,
                ..Location::default()
            });
            builder.sample(vec![location], vec![1, 10], vec![]);
        }
        let nowhere = builder.location(Location::default());
        builder.sample(vec![nowhere], vec![1, 10], vec![]);
        let names: Vec<_> = top(&builder.finish())
            .into_iter()
            .map(|function| function.name)
            .collect();
        assert_eq!(names, ["[libblas.so.3]", "[unknown]"]);
    }

    #[test]
    fn nothing_sampled_is_no_function() {
        assert!(top(&Profile::default()).is_empty());
        assert!(top(&Builder::cpu(1).finish()).is_empty());
    }
}
