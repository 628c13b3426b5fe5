//! A profile as data for the script: one tree of stacks, and at its nodes the values by operation, phase and cohorts.
//!
//! The script adds up what is chosen. So one tree serves every choice, and the slow operations can be held against the
//! rest.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use super::frames::Frames;
use super::markup::shown;
use super::tree::{OTHER, Sum, Tree, add, in_order, merged, small};
use crate::profile::{Profile, Sample, names};

/// Nodes of the tree at most: what would be less than a thousandth of a pixel is added to its caller.
const MOST_NODES: usize = 12_000;
/// Keys at most, and those that the others are added to.
const MOST_KEYS: usize = 200;
/// Values at most: where there are more, fewer nodes are kept.
const MOST_VALUES: usize = 40_000;
/// What operations and phases are called whose keys are not kept.
const OTHERS: &str = "[other]";
/// The cohorts that can be chosen.
const COHORTS: [&str; 4] = [
    names::ABOVE_P50,
    names::ABOVE_P90,
    names::ABOVE_P99,
    names::OVER_MAX_RESPONSE_TIME,
];
/// The values that the page shows, by kind, and what it calls them.
const KINDS: [(&str, &str); 4] = [
    (names::CPU, "CPU time"),
    (names::INUSE_SPACE, "bytes in use"),
    (names::ALLOC_SPACE, "bytes allocated"),
    (
        names::TEMPORARY_SPACE,
        "bytes freed before the operation ended",
    ),
];

/// A profile.
#[derive(Serialize)]
pub(super) struct Flame {
    kinds: Vec<Kind>,
    /// The functions' names.
    names: Vec<String>,
    /// Of each node: its name, and its caller's node, which comes before it; a root is its own caller.
    node_names: Vec<u32>,
    node_callers: Vec<u32>,
    keys: Vec<Key>,
    /// Of each value: its node, its key, and one number for each kind.
    nodes: Vec<u32>,
    keyed: Vec<u32>,
    values: Vec<Vec<i64>>,
}

/// What a sample's values count.
#[derive(Serialize)]
struct Kind {
    name: &'static str,
    /// `nanoseconds` or `bytes`.
    unit: String,
}

/// What a value is of.
#[derive(Clone, Hash, PartialEq, Eq, Serialize)]
struct Key {
    /// The operation; absent: outside of any.
    operation: Option<String>,
    phase: Option<String>,
    cohorts: Vec<&'static str>,
}

/// The tree of `profile`, whose frames these are; `None` when it has none of the values that the page shows.
pub(super) fn of(profile: &Profile, frames: &Frames) -> Option<Flame> {
    let kinds: Vec<_> = KINDS
        .iter()
        .filter_map(|kind| Some((kind, profile.value_index(kind.0)?)))
        .filter(|(_, at)| profile.total(*at) != 0)
        .collect();
    if kinds.is_empty() {
        return None;
    }
    let columns: Vec<usize> = kinds.iter().map(|(_, at)| *at).collect();
    let mut tree = Tree::new();
    let (keys, sums) = sums(profile, frames, &columns, &mut tree);
    let totals = columns.iter().map(|&at| profile.total(at) as f64);
    let totals: Vec<f64> = totals.map(|total| total.max(1.0)).collect();
    let weigh = |values: &[i64]| {
        let shares = values.iter().zip(&totals);
        shares.map(|(it, all)| *it as f64 / all).sum::<f64>()
    };
    let (keys, key) = few_keys(keys, &sums, weigh);
    let sums = merged(&sums, |node| node, |old| key[old as usize]);
    let weights = tree.weights(&sums, weigh);
    let mut most = MOST_NODES;
    let (kept, sums) = loop {
        let kept = tree.largest(&weights, most);
        let few = merged(&sums, |node| kept[node as usize], |key| key);
        if few.len() <= MOST_VALUES || most <= 1 {
            break (kept, few);
        }
        most /= 2;
    };
    let kinds = kinds.into_iter().map(|(kind, at)| Kind {
        name: kind.1,
        unit: shown(&profile.value_types[at].unit).into_owned(),
    });
    Some(pack(kinds.collect(), frames, keys, &tree, &kept, sums))
}

/// The values in these columns by stack and key, the stacks in `tree`; and the keys.
fn sums(
    profile: &Profile,
    frames: &Frames,
    columns: &[usize],
    tree: &mut Tree,
) -> (Vec<Key>, Vec<Sum>) {
    let mut keys: HashMap<Key, u32> = HashMap::new();
    let (mut nodes, mut labels) = (HashMap::new(), HashMap::new());
    let mut listed = Vec::new();
    let mut sums: HashMap<(u32, u32), Vec<i64>> = HashMap::new();
    for sample in &profile.samples {
        let values: Vec<i64> = columns.iter().map(|&at| sample.value(at).max(0)).collect();
        if values.iter().all(|&value| value == 0) {
            continue;
        }
        // Many samples share a stack, and many their labels: each is looked at once.
        let node = nodes
            .entry(sample.locations.as_slice())
            .or_insert_with(|| tree.add(frames.stack(&sample.locations)));
        let key = labels
            .entry(Arc::as_ptr(&sample.labels))
            .or_insert_with(|| {
                *keys.entry(key(sample)).or_insert_with_key(|key| {
                    listed.push(key.clone());
                    small(listed.len() - 1)
                })
            });
        add(sums.entry((*node, *key)).or_default(), &values);
    }
    (listed, in_order(sums))
}

/// What a sample is of.
fn key(sample: &Sample) -> Key {
    let text = |key| {
        let value = sample.label(key)?;
        Some(shown(&value.to_string()).into_owned())
    };
    let cohorts = COHORTS
        .into_iter()
        .filter(|cohort| sample.has_label(names::COHORT, cohort));
    Key {
        operation: text(names::OPERATION),
        phase: text(names::PHASE),
        cohorts: cohorts.collect(),
    }
}

/// The heaviest keys, and for each old key its new one: of those that are not kept only the cohorts stay, and whether
/// it is of an operation.
fn few_keys(keys: Vec<Key>, sums: &[Sum], weigh: impl Fn(&[i64]) -> f64) -> (Vec<Key>, Vec<u32>) {
    let mut weights = vec![0.0; keys.len()];
    for ((_, key), values) in sums {
        weights[*key as usize] += weigh(values);
    }
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]).then(a.cmp(&b)));
    let mut kept = vec![false; keys.len()];
    order.iter().take(MOST_KEYS).for_each(|&at| kept[at] = true);
    let (mut few, mut known) = (Vec::new(), HashMap::new());
    let new = keys.into_iter().zip(kept).map(|(mut key, kept)| {
        if !kept {
            key.operation = key.operation.map(|_| OTHERS.to_owned());
            key.phase = Some(OTHERS.to_owned());
        }
        *known.entry(key).or_insert_with_key(|key| {
            few.push(key.clone());
            small(few.len() - 1)
        })
    });
    let new = new.collect();
    (few, new)
}

/// Only what is kept, under new numbers.
fn pack(
    kinds: Vec<Kind>,
    frames: &Frames,
    keys: Vec<Key>,
    tree: &Tree,
    stands: &[u32],
    sums: Vec<Sum>,
) -> Flame {
    let mut flame = Flame {
        values: vec![Vec::new(); kinds.len()],
        kinds,
        keys,
        names: Vec::new(),
        node_names: Vec::new(),
        node_callers: Vec::new(),
        nodes: Vec::new(),
        keyed: Vec::new(),
    };
    let mut name_of: HashMap<u32, u32> = HashMap::new();
    let mut number = vec![0; stands.len()];
    let others = stands.iter().skip(1).any(|&stand| stand == 0);
    for (node, &stand) in stands.iter().enumerate() {
        if stand as usize != node || (node == 0 && !others) {
            continue;
        }
        let new = small(flame.node_names.len());
        number[node] = new;
        let old = tree.names[node];
        let name = *name_of.entry(old).or_insert_with(|| {
            let name = match old {
                OTHER => OTHERS,
                old => frames.name(old).unwrap_or("[no stack]"),
            };
            flame.names.push(shown(name).into_owned());
            small(flame.names.len() - 1)
        });
        flame.node_names.push(name);
        let caller = tree.callers[node] as usize;
        let caller = if caller == node { new } else { number[caller] };
        flame.node_callers.push(caller);
    }
    for ((node, key), values) in sums {
        flame.nodes.push(number[node as usize]);
        flame.keyed.push(key);
        let columns = flame.values.iter_mut().zip(values);
        columns.for_each(|(column, value)| column.push(value));
    }
    flame
}
