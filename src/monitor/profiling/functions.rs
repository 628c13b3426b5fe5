//! The functions with the most CPU time, for the report.

use std::collections::{HashMap, HashSet};

use crate::profile::{Place, Profile, names};
use crate::report::FunctionReport;

/// How many the report lists.
const MOST: usize = 20;

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
        for (depth, place) in profile.places(&sample.locations).enumerate() {
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
            name: profile.place_name(place).into_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Builder, Function, Line, Location};

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
    fn nothing_sampled_is_no_function() {
        assert!(top(&Profile::default()).is_empty());
        assert!(top(&Builder::cpu(1).finish()).is_empty());
    }
}
