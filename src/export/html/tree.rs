//! The stacks of a profile as a tree, cut to its largest nodes.

use std::collections::HashMap;

/// Frames of a stack at most: what is deeper is added to the last one.
const DEEPEST: usize = 300;
/// The name of the first root, which stands for the roots that are not kept.
pub(super) const OTHER: u32 = u32::MAX - 1;
/// The name of a stack without frames, and the caller of a root.
const NONE: u32 = u32::MAX;

/// Values of each kind, by node and key.
pub(super) type Sum = ((u32, u32), Vec<i64>);

/// Stacks that begin alike share their nodes. Callers come before what they call; a root is its own caller.
pub(super) struct Tree {
    pub(super) names: Vec<u32>,
    pub(super) callers: Vec<u32>,
    known: HashMap<(u32, u32), u32>,
}

impl Tree {
    /// One with the root `[other]` only, at 0.
    pub(super) fn new() -> Self {
        Self {
            names: vec![OTHER],
            callers: vec![0],
            known: HashMap::new(),
        }
    }

    /// The node of a stack's last frame; a stack without frames has one of no name.
    pub(super) fn add(&mut self, stack: impl Iterator<Item = u32>) -> u32 {
        let mut node = NONE;
        for name in stack.take(DEEPEST) {
            node = self.child(node, name);
        }
        if node == NONE {
            node = self.child(node, NONE);
        }
        node
    }

    fn child(&mut self, caller: u32, name: u32) -> u32 {
        let new = small(self.names.len());
        let node = *self.known.entry((caller, name)).or_insert(new);
        if node == new {
            self.names.push(name);
            self.callers.push(if caller == NONE { new } else { caller });
        }
        node
    }

    /// Of each node, how much it holds with what it called.
    pub(super) fn weights(&self, sums: &[Sum], weigh: impl Fn(&[i64]) -> f64) -> Vec<f64> {
        let mut weights = vec![0.0; self.names.len()];
        for ((node, _), values) in sums {
            weights[*node as usize] += weigh(values);
        }
        for node in (0..weights.len()).rev() {
            let caller = self.callers[node] as usize;
            if caller != node {
                weights[caller] += weights[node];
            }
        }
        weights
    }

    /// For each node, the one that stands for it: itself where it is one of the `most` heaviest, else the nearest caller
    /// that is, else `[other]`.
    pub(super) fn largest(&self, weights: &[f64], most: usize) -> Vec<u32> {
        let all = self.names.len();
        let mut order: Vec<usize> = (0..all).collect();
        order.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]).then(a.cmp(&b)));
        let mut kept = vec![false; all];
        order.iter().take(most).for_each(|&at| kept[at] = true);
        let mut stands: Vec<u32> = Vec::with_capacity(all);
        for (node, &kept) in kept.iter().enumerate() {
            let caller = self.callers[node] as usize;
            stands.push(match kept {
                true => small(node),
                false if caller == node => 0,
                false => stands[caller],
            });
        }
        stands
    }
}

/// The sums under other nodes and keys, in order.
pub(super) fn merged(
    sums: &[Sum],
    node: impl Fn(u32) -> u32,
    key: impl Fn(u32) -> u32,
) -> Vec<Sum> {
    let mut merged: HashMap<(u32, u32), Vec<i64>> = HashMap::new();
    for ((of, keyed), values) in sums {
        let at = (node(*of), key(*keyed));
        add(merged.entry(at).or_default(), values);
    }
    in_order(merged)
}

/// Adds values of each kind to a sum of them.
pub(super) fn add(sum: &mut Vec<i64>, values: &[i64]) {
    sum.resize(values.len(), 0);
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum = sum.saturating_add(*value);
    }
}

/// By node and key: the same profile gives the same page.
pub(super) fn in_order(sums: HashMap<(u32, u32), Vec<i64>>) -> Vec<Sum> {
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_unstable_by_key(|(at, _)| *at);
    sums
}

/// An index that fits 32 bits: there are never as many stacks, by the profile's own indices.
pub(super) fn small(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
