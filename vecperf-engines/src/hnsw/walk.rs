//! Walking the graph towards a vector: what searching and building have in common.

use super::candidates::Candidates;
use super::graph::{Graph, Layer, Link};
use super::visited::Visited;
use crate::distance::{Kernel, Rows, prefetch};

/// What a walk did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Steps {
    pub(super) distances: u64,
    pub(super) hops: u64,
    pub(super) visited: u64,
    pub(super) layers: u64,
}

/// One thread's scratch space, reused from walk to walk so that a walk allocates nothing. `COUNT`: keep [`Steps`].
#[derive(Debug)]
pub(super) struct Walker<const COUNT: bool> {
    pub(super) candidates: Candidates,
    pub(super) steps: Steps,
    visited: Visited,
    /// The unseen neighbours of the node being expanded, and their distances.
    fresh: Vec<u32>,
    distances: Vec<f32>,
}

/// Where to and by which measure: the vectors, how they compare, and the vector that is looked for.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) rows: &'a Rows,
    pub(super) kernel: Kernel,
    pub(super) query: &'a [f32],
}

impl<const COUNT: bool> Walker<COUNT> {
    pub(super) fn new(nodes: usize) -> Self {
        Self {
            candidates: Candidates::new(),
            steps: Steps::default(),
            visited: Visited::new(nodes),
            fresh: Vec::new(),
            distances: Vec::new(),
        }
    }

    /// Starts a walk at node 0 and descends, always to the nearest neighbour, to just above `layer`. The candidates then
    /// hold where it arrived.
    pub(super) fn descend<L: Link>(&mut self, graph: &Graph<L>, target: Target<'_>, layer: usize) {
        self.steps = Steps::default();
        let mut nearest = (target.kernel.distance(target.query, target.rows.row(0)), 0);
        self.count(|steps| steps.distances += 1);
        for layer in graph.layers.iter().skip(layer + 1).rev() {
            self.count(|steps| steps.layers += 1);
            while let Some(nearer) = self.nearer_neighbor(layer, target, nearest) {
                nearest = nearer;
            }
        }
        self.candidates.reset(1);
        self.candidates.insert(nearest.0, nearest.1);
    }

    fn nearer_neighbor<L: Link>(
        &mut self,
        layer: &Layer<L>,
        target: Target<'_>,
        (distance, node): (f32, u32),
    ) -> Option<(f32, u32)> {
        self.fresh.clear();
        self.fresh.extend(layer.neighbors(node));
        self.measure(target);
        let found = self
            .distances
            .iter()
            .copied()
            .zip(self.fresh.iter().copied());
        found
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|nearest| nearest.0 < distance)
    }

    /// Explores `layer` from the present candidates on, keeping the `ef` nearest nodes seen.
    #[inline]
    pub(super) fn explore<L: Link>(&mut self, layer: &Layer<L>, target: Target<'_>, ef: usize) {
        self.visited.clear();
        self.candidates.restart(ef);
        for node in self.candidates.nodes() {
            self.visited.insert(node);
        }
        while let Some(node) = self.candidates.expand_next() {
            self.fresh.clear();
            for neighbor in layer.neighbors(node) {
                if self.visited.insert(neighbor) {
                    prefetch(target.rows.row(neighbor));
                    self.fresh.push(neighbor);
                }
            }
            if let Some(next) = self.candidates.peek() {
                prefetch(layer.cells(next));
            }
            self.measure(target);
            for (&distance, &neighbor) in self.distances.iter().zip(&self.fresh) {
                self.candidates.insert(distance, neighbor);
            }
        }
        let visited = self.visited.len() as u64;
        self.count(|steps| {
            steps.layers += 1;
            steps.visited += visited;
        });
    }

    /// Computes the distances of the fresh nodes.
    #[inline(always)]
    fn measure(&mut self, target: Target<'_>) {
        target
            .kernel
            .distances(target.query, target.rows, &self.fresh, &mut self.distances);
        let computed = self.fresh.len() as u64;
        self.count(|steps| {
            steps.hops += 1;
            steps.distances += computed;
        });
    }

    #[inline(always)]
    fn count(&mut self, count: impl FnOnce(&mut Steps)) {
        if COUNT {
            count(&mut self.steps);
        }
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> u64 {
        let lists =
            self.fresh.capacity() * size_of::<u32>() + self.distances.capacity() * size_of::<f32>();
        self.candidates.bytes() + self.visited.bytes() + lists as u64
    }
}
