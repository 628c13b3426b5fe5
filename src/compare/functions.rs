//! Which functions explain a change: CPU time of their own an operation, from the profiles of both sides.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::student;
use crate::profile::{Profile, names};

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
    /// The lower end of its 99 % interval, by the number of samples.
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

#[derive(Clone, Copy, Default)]
struct Cost {
    nanos: f64,
    samples: f64,
}

/// The functions whose CPU time an `operation` changed most, those first that changed for certain. Empty unless both sides
/// have CPU profiles that tell how many operations they cover.
pub fn functions(base: &[&Profile], new: &[&Profile], operation: &str) -> Vec<FunctionChange> {
    let (Some((base, base_count)), Some((new, new_count))) =
        (costs(base, operation), costs(new, operation))
    else {
        return Vec::new();
    };
    let z = student::quantile(0.005, f64::INFINITY);
    let names: std::collections::BTreeSet<_> = base.keys().chain(new.keys()).collect();
    let changes = names.into_iter().map(|name| {
        let of = |side: &BTreeMap<String, Cost>, count: f64| {
            let cost = side.get(name).copied().unwrap_or_default();
            let seconds = cost.nanos / 1e9 / count;
            // Of so many samples, a count is off by its root; of none, by one.
            (
                seconds,
                cost.nanos / 1e9 / count / cost.samples.max(1.0).sqrt(),
            )
        };
        let ((before, one), (after, another)) = (of(&base, base_count), of(&new, new_count));
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
fn costs(profiles: &[&Profile], operation: &str) -> Option<(BTreeMap<String, Cost>, f64)> {
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
            let location = sample
                .locations
                .first()
                .and_then(|&at| profile.locations.get(at as usize));
            let function = location
                .and_then(|it| it.lines.first())
                .and_then(|line| profile.functions.get(line.function as usize));
            let name = function.map_or("[unknown]", |it| it.name.as_str());
            let cost = costs.entry(name.to_owned()).or_default();
            cost.nanos += sample.value(cpu) as f64;
            cost.samples += sample.value(samples) as f64;
        }
    }
    (count > 0).then_some((costs, count as f64))
}
