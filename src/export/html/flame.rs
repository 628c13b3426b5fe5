//! A profile as data for the script: one tree of stacks, and at its nodes the values by operation, phase and cohorts.
//!
//! The script adds up what is chosen. So one tree serves every choice, and the slow operations can be held against the
//! rest.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use super::frames::Frames;
use super::markup::shown;
use crate::profile::{Profile, Sample, names};

/// Nodes of the tree at most: what would be less than a thousandth of a pixel is added to its caller.
const MOST_NODES: usize = 12_000;
/// Frames of a stack at most: what is deeper is added to the last one.
const DEEPEST: usize = 300;
/// The values that the page shows, by kind: what it calls them, and the flame graph they belong to.
const KINDS: [(&str, &str, &str); 4] = [
    (names::CPU, "CPU time", "CPU"),
    (names::INUSE_SPACE, "bytes in use", "heap"),
    (names::ALLOC_SPACE, "bytes allocated", "heap"),
    (
        names::TEMPORARY_SPACE,
        "bytes freed before the operation ended",
        "heap",
    ),
];

/// A profile.
#[derive(Serialize)]
pub(super) struct Flame {
    /// `CPU` or `heap`.
    of: &'static str,
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
    cohorts: Vec<String>,
}

/// The tree of `profile`; `None` when it has none of the values that the page shows.
pub(super) fn of(profile: &Profile) -> Option<Flame> {
    let kinds: Vec<_> = KINDS
        .iter()
        .filter_map(|kind| Some((kind, profile.value_index(kind.0)?)))
        .filter(|(_, at)| profile.total(*at) != 0)
        .collect();
    let (first, _) = kinds.first()?;
    let columns: Vec<usize> = kinds.iter().map(|(_, at)| *at).collect();
    let frames = Frames::of(profile);
    let mut tree = Tree::default();
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
        let (node, key) = (*node, *key);
        let sum = sums
            .entry((node, key))
            .or_insert_with(|| vec![0; values.len()]);
        sum.iter_mut()
            .zip(&values)
            .for_each(|(sum, value)| *sum = sum.saturating_add(*value));
    }
    let of = first.2;
    let kinds: Vec<_> = kinds
        .into_iter()
        .map(|(kind, at)| Kind {
            name: kind.1,
            unit: shown(&profile.value_types[at].unit).into_owned(),
        })
        .collect();
    let kept = tree.largest(&sums, kinds.len());
    Some(pack(of, kinds, frames.names, listed, &tree, &kept, sums))
}

/// What a sample is of.
fn key(sample: &Sample) -> Key {
    let text = |key| {
        let value = sample.label(key)?;
        Some(shown(&value.to_string()).into_owned())
    };
    let cohorts = sample.labels(names::COHORT);
    let mut cohorts: Vec<_> = cohorts
        .map(|it| shown(&it.to_string()).into_owned())
        .collect();
    cohorts.sort_unstable();
    Key {
        operation: text(names::OPERATION),
        phase: text(names::PHASE),
        cohorts,
    }
}

/// Stacks that begin alike share their nodes. Callers come before what they call.
#[derive(Default)]
struct Tree {
    names: Vec<u32>,
    callers: Vec<u32>,
    known: HashMap<(u32, u32), u32>,
}

impl Tree {
    /// The node of a stack's last frame; a stack without frames has one of no name.
    fn add(&mut self, stack: impl Iterator<Item = u32>) -> u32 {
        let mut node = u32::MAX;
        for name in stack.take(DEEPEST) {
            node = self.child(node, name);
        }
        if node == u32::MAX {
            node = self.child(node, u32::MAX);
        }
        node
    }

    fn child(&mut self, caller: u32, name: u32) -> u32 {
        let new = small(self.names.len());
        let node = *self.known.entry((caller, name)).or_insert(new);
        if node == new {
            self.names.push(name);
            self.callers
                .push(if caller == u32::MAX { new } else { caller });
        }
        node
    }

    /// For each node, the one that stands for it: itself, or the nearest caller that is large enough to be kept.
    fn largest(&self, sums: &HashMap<(u32, u32), Vec<i64>>, kinds: usize) -> Vec<u32> {
        let all = self.names.len();
        let mut weights = vec![0.0; all];
        let totals: Vec<f64> = (0..kinds)
            .map(|kind| {
                sums.values()
                    .map(|it| it[kind] as f64)
                    .sum::<f64>()
                    .max(1.0)
            })
            .collect();
        for ((node, _), values) in sums {
            let shares = values.iter().zip(&totals);
            weights[*node as usize] += shares.map(|(it, all)| *it as f64 / all).sum::<f64>();
        }
        for node in (0..all).rev() {
            let caller = self.callers[node] as usize;
            if caller != node {
                weights[caller] += weights[node];
            }
        }
        let mut order: Vec<usize> = (0..all).collect();
        order.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]).then(a.cmp(&b)));
        let mut kept = vec![false; all];
        order
            .iter()
            .take(MOST_NODES)
            .for_each(|&at| kept[at] = true);
        let mut stands: Vec<u32> = Vec::with_capacity(all);
        for (node, &kept) in kept.iter().enumerate() {
            let caller = self.callers[node] as usize;
            let root = caller == node;
            stands.push(if kept || root {
                small(node)
            } else {
                stands[caller]
            });
        }
        stands
    }
}

/// Only what is kept, under new numbers.
fn pack(
    of: &'static str,
    kinds: Vec<Kind>,
    all_names: Vec<String>,
    keys: Vec<Key>,
    tree: &Tree,
    stands: &[u32],
    sums: HashMap<(u32, u32), Vec<i64>>,
) -> Flame {
    let mut flame = Flame {
        of,
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
    for (node, &stand) in stands.iter().enumerate() {
        if stand as usize != node {
            number[node] = number[stand as usize];
            continue;
        }
        let new = small(flame.node_names.len());
        number[node] = new;
        let old = tree.names[node];
        let name = *name_of.entry(old).or_insert_with(|| {
            let name = all_names.get(old as usize);
            flame
                .names
                .push(name.map_or("[no stack]", String::as_str).to_owned());
            small(flame.names.len() - 1)
        });
        flame.node_names.push(name);
        let caller = tree.callers[node] as usize;
        flame
            .node_callers
            .push(if caller == node { new } else { number[caller] });
    }
    let mut merged: HashMap<(u32, u32), Vec<i64>> = HashMap::new();
    for ((node, key), values) in sums {
        let sum = merged
            .entry((number[node as usize], key))
            .or_insert_with(|| vec![0; values.len()]);
        sum.iter_mut()
            .zip(values)
            .for_each(|(sum, value)| *sum = sum.saturating_add(value));
    }
    let mut merged: Vec<_> = merged.into_iter().collect();
    merged.sort_unstable_by_key(|(at, _)| *at);
    for ((node, key), values) in merged {
        flame.nodes.push(node);
        flame.keyed.push(key);
        flame
            .values
            .iter_mut()
            .zip(values)
            .for_each(|(column, value)| column.push(value));
    }
    flame
}

/// An index that fits 32 bits: there are never as many stacks, by [`Profile`]'s own indices.
fn small(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
