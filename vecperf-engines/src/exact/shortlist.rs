//! Everything that may still be among the nearest `k`, when distances are only known to lie in intervals.

use std::collections::BinaryHeap;

/// The candidates of one query.
pub(super) struct Shortlist {
    k: usize,
    /// The `k` smallest upper bounds, the largest on top: at least `k` true distances are no larger than it.
    upper: BinaryHeap<Bound>,
    /// Lower bound and id of everything that was not above that when it came.
    candidates: Vec<(f64, u32)>,
    /// Candidates at which those that have fallen behind are removed.
    crowded: usize,
}

/// A distance in the total order of floats, which a heap needs.
struct Bound(f64);

impl PartialEq for Bound {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Bound {}

impl PartialOrd for Bound {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Bound {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Shortlist {
    pub(super) fn new(k: usize) -> Self {
        Self {
            k,
            upper: BinaryHeap::with_capacity(k),
            candidates: Vec::new(),
            crowded: 4 * k + 64,
        }
    }

    /// Adds a vector whose distance lies between `lower` and `upper`.
    #[inline(always)]
    pub(super) fn add(&mut self, lower: f64, upper: f64, id: u32) {
        if self.k == 0 || lower > self.limit() {
            return;
        }
        if self.upper.len() < self.k {
            self.upper.push(Bound(upper));
        } else if let Some(mut largest) = self.upper.peek_mut().filter(|largest| upper < largest.0)
        {
            largest.0 = upper;
        }
        self.candidates.push((lower, id));
        if self.candidates.len() == self.crowded {
            self.prune();
            self.crowded = 2 * self.candidates.len().max(self.crowded / 2);
        }
    }

    /// The nearest `k` by `distance`, nearest first, ties in the order of ids.
    pub(super) fn rank(mut self, distance: impl Fn(u32) -> f64) -> Vec<(f64, u32)> {
        self.prune();
        let mut ranked: Vec<_> = self
            .candidates
            .iter()
            .map(|&(_, id)| (distance(id), id))
            .collect();
        ranked.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        ranked.truncate(self.k);
        ranked
    }

    /// No candidate above it can be among the nearest `k`.
    #[inline(always)]
    fn limit(&self) -> f64 {
        match self.upper.peek() {
            Some(largest) if self.upper.len() == self.k => largest.0,
            _ => f64::INFINITY,
        }
    }

    fn prune(&mut self) {
        let limit = self.limit();
        self.candidates.retain(|&(lower, _)| lower <= limit);
    }
}
