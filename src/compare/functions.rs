//! Which functions explain a change: CPU time of their own an operation, from the profiles of both sides.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Comparison, student};
use crate::profile::{Place, Profile, names};

/// A function on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunctionChange {
    /// Its name.
    pub function: String,
    /// CPU seconds in it, an operation, of the base.
    pub base_seconds: f64,
    /// The same of the new runs.
    pub new_seconds: f64,
    /// `new_seconds` − `base_seconds`.
    pub change_seconds: f64,
    /// The lower end of its interval by the number of samples; all functions' intervals hold together with 99 %.
    pub low_seconds: f64,
    /// The upper end.
    pub high_seconds: f64,
}

impl FunctionChange {
    /// Whether the interval leaves no doubt that it changed.
    pub fn is_certain(&self) -> bool {
        self.low_seconds > 0.0 || self.high_seconds < 0.0
    }
}

/// Functions told at most.
const MOST: usize = 20;
/// Of all functions together, either end of an interval is wrong with this probability.
const TAIL: f64 = 0.005;

#[derive(Clone, Copy, Default)]
struct Cost {
    nanos: f64,
    samples: f64,
}

/// A side's own CPU time by function, and the operations that it covers.
struct Side {
    costs: BTreeMap<String, Cost>,
    operations: f64,
}

impl Side {
    fn nanos_a_sample(&self) -> f64 {
        let sum = |of: fn(&Cost) -> f64| self.costs.values().map(of).sum::<f64>();
        sum(|it| it.nanos) / sum(|it| it.samples).max(1.0)
    }
}

impl Comparison {
    /// Explains it by the CPU profiles of both sides: [`functions`] of the operation that changed most gravely, of those
    /// that the profiles tell of.
    pub fn explain(&mut self, base: &[&Profile], new: &[&Profile]) {
        let mut names: Vec<&String> = Vec::new();
        for name in self.changes.iter().filter_map(|it| it.operation.as_ref()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let told = names.into_iter().find_map(|name| {
            let functions = functions(base, new, name);
            (!functions.is_empty()).then(|| (name.clone(), functions))
        });
        if let Some((operation, functions)) = told {
            self.functions = functions;
            self.functions_of = Some(operation);
        }
    }
}

/// The functions whose CPU time an `operation` changed most, those first that changed for certain. Empty unless both sides
/// have CPU profiles that tell how many operations they cover.
pub fn functions(base: &[&Profile], new: &[&Profile], operation: &str) -> Vec<FunctionChange> {
    let (Some(base), Some(new)) = (costs(base, operation), costs(new, operation)) else {
        return Vec::new();
    };
    let names: BTreeSet<_> = base.costs.keys().chain(new.costs.keys()).collect();
    let z = student::quantile(TAIL / names.len().max(1) as f64, f64::INFINITY);
    // A side without any samples would have seen one of about the other's size.
    let one_sample = |side: &Side| match side.nanos_a_sample() {
        nanos if nanos > 0.0 => nanos,
        _ => base.nanos_a_sample().max(new.nanos_a_sample()),
    };
    let (of_base, of_new) = (one_sample(&base), one_sample(&new));
    let changes = names.into_iter().map(|name| {
        let of = |side: &Side, one_sample: f64| {
            let cost = side.costs.get(name).copied().unwrap_or_default();
            // Of so many samples, a count is off by its root; of none, by one.
            let error = if cost.samples >= 1.0 {
                cost.nanos / cost.samples.sqrt()
            } else {
                one_sample
            };
            let seconds = |nanos: f64| nanos / 1e9 / side.operations;
            (seconds(cost.nanos), seconds(error))
        };
        let ((before, one), (after, another)) = (of(&base, of_base), of(&new, of_new));
        let half = z * one.hypot(another);
        FunctionChange {
            function: name.clone(),
            base_seconds: before,
            new_seconds: after,
            change_seconds: after - before,
            low_seconds: after - before - half,
            high_seconds: after - before + half,
        }
    });
    let mut changes: Vec<_> = changes.collect();
    changes.sort_by(|a, b| {
        let certain = b.is_certain().cmp(&a.is_certain());
        certain.then(b.change_seconds.abs().total_cmp(&a.change_seconds.abs()))
    });
    changes.truncate(MOST);
    changes
}

/// Own CPU time by function, and the operations covered.
fn costs(profiles: &[&Profile], operation: &str) -> Option<Side> {
    let mut costs: BTreeMap<String, Cost> = BTreeMap::new();
    let mut count = 0_u64;
    for profile in profiles {
        let (cpu, samples) = (
            profile.value_index(names::CPU)?,
            profile.value_index(names::SAMPLES)?,
        );
        count = count.saturating_add(profile.operations().of(Some(operation), names::ALL)?);
        let own = profile
            .samples
            .iter()
            .filter(|it| it.has_label(names::OPERATION, operation));
        for sample in own {
            let leaf = profile.places(&sample.locations).next();
            let name = profile.place_name(leaf.unwrap_or(Place::File(None)));
            let cost = costs.entry(name.into_owned()).or_default();
            cost.nanos += sample.value(cpu) as f64;
            cost.samples += sample.value(samples) as f64;
        }
    }
    (count > 0).then_some(Side {
        costs,
        operations: count as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Builder, Function, Line, Location, OperationCounts};

    /// A thousand operations with so many samples of 1 ms in each function.
    fn profile(samples: &[(&str, i64)]) -> Profile {
        let mut builder = Builder::cpu(1_000_000);
        let label = builder.label(names::OPERATION, "search");
        for (address, &(name, count)) in (1..).zip(samples) {
            let function = builder.function(Function {
                name: name.to_owned(),
                ..Function::default()
            });
            let location = builder.location(Location {
                address,
                lines: vec![Line { function, line: 1 }],
                ..Location::default()
            });
            let values = vec![count, count * 1_000_000];
            builder.sample(vec![location], values, vec![label.clone()]);
        }
        let mut counts = OperationCounts::default();
        counts.set("search", names::ALL, 1000);
        builder.operations(&counts);
        builder.finish()
    }

    fn certain(base: &[(&str, i64)], new: &[(&str, i64)]) -> Vec<String> {
        let changes = functions(&[&profile(base)], &[&profile(new)], "search");
        let certain = changes.into_iter().filter(FunctionChange::is_certain);
        certain.map(|it| it.function).collect()
    }

    #[test]
    fn one_sample_more_than_none_is_no_change() {
        let base = [("distance", 900)];
        assert!(certain(&base, &[("distance", 905), ("new", 1)]).is_empty());
        assert!(certain(&base, &[("distance", 905), ("new", 4)]).is_empty());
        assert_eq!(certain(&base, &[("distance", 905), ("new", 100)]), ["new"]);
    }

    #[test]
    fn of_many_functions_each_must_be_surer() {
        let names: Vec<String> = (0..2000).map(|at| format!("f{at}")).collect();
        let with = |first: i64| -> Vec<(&str, i64)> {
            let others = names.iter().map(|it| (it.as_str(), 100));
            std::iter::once(("g", first)).chain(others).collect()
        };
        // Three standard errors: certain of one function, not of one among two thousand.
        assert_eq!(certain(&[("g", 100)], &[("g", 148)]), ["g"]);
        assert!(certain(&with(100), &with(148)).is_empty());
        assert_eq!(certain(&with(100), &with(200)), ["g"]);
    }
}
