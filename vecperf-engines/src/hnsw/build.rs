//! Building the graph, on one thread or many.
//!
//! Sound by construction: vectors never change after they are copied, links are atomic cells, and what is searched is a
//! different type that a [`Builder`] turns into once nobody builds any more. A search during an insert cannot be written.
//!
//! Threads take nodes in order. A node first finds and writes its own links on all its layers, and only then are links
//! *to* it published (release; readers acquire): whoever reaches a node can go on from it. The links of one node are
//! replaced under a lock, so none is lost; walks take no lock. One lock is held at a time, so none waits for another in a
//! circle.

#[cfg(all(test, loom))]
use loom::sync::atomic::AtomicU32;
#[cfg(not(all(test, loom)))]
use std::sync::atomic::AtomicU32;
use std::sync::{Mutex, PoisonError};

use vecperf::Monitor;

use super::candidates::MAX_NODES;
use super::graph::{Graph, Layer};
use super::select::Selection;
use super::twins::Twins;
use super::walk::{Target, Walker};
use super::{Hnsw, HnswParameters};
use crate::distance::{Kernel, Rows, check};
use crate::insert::insert_all;
use crate::{EngineError, Metric, Vectors};

/// Locks shared by all nodes: enough that threads seldom meet, few enough to cost nothing.
const LOCKS: usize = 1 << 12;

/// A graph that is being built.
pub(super) struct Builder<'a> {
    /// Vectors given, of which `rows` holds the distinct ones.
    vectors: usize,
    rows: Rows,
    metric: Metric,
    kernel: Kernel,
    parameters: &'a HnswParameters,
    graph: Graph<AtomicU32>,
    /// The row of each node in the vectors given.
    order: Vec<u32>,
    twins: Twins,
    locks: Vec<Mutex<()>>,
}

/// One building thread's scratch space.
struct Worker {
    walker: Walker<true>,
    selection: Selection,
    /// The neighbours chosen for the node being inserted, per layer from the lowest.
    own: Vec<Vec<u32>>,
    /// A neighbour's links while one is added.
    crowd: Vec<u32>,
    crowd_distances: Vec<f32>,
    ranked: Vec<(f32, u32)>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        vectors: &Vectors,
        metric: Metric,
        parameters: &'a HnswParameters,
    ) -> Result<Self, EngineError> {
        parameters.validate()?;
        if vectors.len() >= MAX_NODES {
            let found = vectors.len().to_string();
            return Err(EngineError::Parameter(
                "vectors",
                found,
                "fewer than 2147483648 in one index",
            ));
        }
        for (row, values) in vectors.rows().enumerate() {
            check(values, metric).map_err(|what| EngineError::Vector(row, what))?;
        }
        let mut twins = Twins::find(vectors);
        let (order, layers) = number(std::mem::take(&mut twins.distinct), parameters);
        let rows = Rows::copy(vectors, metric, order.iter().copied())?;
        let locks = (0..LOCKS).map(|_| Mutex::new(())).collect();
        let (vectors, kernel) = (vectors.len(), Kernel::new(metric));
        Ok(Self {
            vectors,
            rows,
            metric,
            kernel,
            parameters,
            graph: Graph { layers },
            order,
            twins,
            locks,
        })
    }

    /// Inserts all nodes.
    pub(super) fn run(
        &self,
        monitor: &Monitor,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<(), EngineError> {
        let nodes = self.rows.len();
        let worker = || Worker::new(nodes);
        insert_all(
            nodes,
            self.parameters.threads,
            monitor,
            progress,
            worker,
            |worker, node| Ok(Some(self.insert(node as u32, worker))),
        )
    }

    pub(super) fn finish(self) -> Hnsw {
        Hnsw {
            rows: self.rows,
            metric: self.metric,
            kernel: self.kernel,
            graph: self.graph.freeze(),
            order: self.order,
            twins: self.twins,
            vectors: self.vectors,
        }
    }

    /// Inserts `node` and returns the distances computed for it.
    fn insert(&self, node: u32, worker: &mut Worker) -> u64 {
        if node == 0 {
            return 0; // everybody's entry; it gets its links from those who come
        }
        let top = self.graph.top_layer_of(node);
        let target = Target {
            rows: &self.rows,
            kernel: self.kernel,
            query: self.rows.row(node),
        };
        worker.walker.descend(&self.graph, target, top);
        worker.selection.distances = 0;
        worker.own.resize_with(self.graph.layers.len(), Vec::new);
        for (number, layer) in self.graph.layers.iter().enumerate().take(top + 1).rev() {
            worker
                .walker
                .explore(layer, target, self.parameters.ef_construction);
            let candidates = worker.walker.candidates.iter();
            worker
                .selection
                .choose(candidates, self.parameters.m, true, &self.rows, self.kernel);
            worker.own[number].clone_from(&worker.selection.chosen);
        }
        for (layer, own) in self.graph.layers.iter().zip(&worker.own).take(top + 1) {
            let _guard = self.lock(node);
            layer.set(node, own);
        }
        for number in 0..=top {
            for at in 0..worker.own[number].len() {
                self.link_back(
                    &self.graph.layers[number],
                    worker.own[number][at],
                    node,
                    worker,
                );
            }
        }
        worker.walker.steps.distances + worker.selection.distances
    }

    /// Links `from` to `to`; when `from` has no room left, the heuristic chooses anew among its links and this one.
    fn link_back(&self, layer: &Layer<AtomicU32>, from: u32, to: u32, worker: &mut Worker) {
        let _guard = self.lock(from);
        worker.crowd.clear();
        worker.crowd.extend(layer.neighbors(from));
        if worker.crowd.contains(&to) {
            return;
        }
        worker.crowd.push(to);
        if worker.crowd.len() <= layer.capacity() {
            layer.set(from, &worker.crowd);
            return;
        }
        let row = self.rows.row(from);
        self.kernel
            .distances(row, &self.rows, &worker.crowd, &mut worker.crowd_distances);
        worker.selection.distances += worker.crowd.len() as u64;
        worker.ranked.clear();
        worker.ranked.extend(
            worker
                .crowd_distances
                .iter()
                .copied()
                .zip(worker.crowd.iter().copied()),
        );
        worker
            .ranked
            .sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let ranked = worker.ranked.iter().copied();
        worker
            .selection
            .choose(ranked, layer.capacity(), false, &self.rows, self.kernel);
        layer.set(from, &worker.selection.chosen);
    }

    fn lock(&self, node: u32) -> std::sync::MutexGuard<'_, ()> {
        // The lock guards nothing that a panic could leave half done: any links are good links.
        self.locks[node as usize % LOCKS]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Worker {
    fn new(nodes: usize) -> Self {
        Self {
            walker: Walker::new(nodes),
            selection: Selection::new(),
            own: Vec::new(),
            crowd: Vec::new(),
            crowd_distances: Vec::new(),
            ranked: Vec::new(),
        }
    }
}

/// Draws the highest layer of each of `rows`, numbers them from the highest layer down, and lays out the layers. A row
/// reaches layer `l` with probability `m^-l`, as in the paper.
fn number(mut rows: Vec<u32>, parameters: &HnswParameters) -> (Vec<u32>, Vec<Layer<AtomicU32>>) {
    let mut random = fastrand::Rng::with_seed(parameters.seed);
    // Data often comes sorted – by frequency, by time, by cluster; a graph grown in such an order is a worse one.
    random.shuffle(&mut rows);
    let scale = 1.0 / (parameters.m as f64).ln();
    // 1 − [0, 1) is never 0; 2^31 nodes with m = 2 stay far below 64 layers.
    let mut tops: Vec<u8> = rows
        .iter()
        .map(|_| (-(1.0 - random.f64()).ln() * scale).min(63.0) as u8)
        .collect();
    // Which row got which draw does not matter, only how many got each.
    tops.sort_unstable_by_key(|&top| std::cmp::Reverse(top));
    let highest = tops.first().copied().unwrap_or(0);
    let layers = (0..=highest).map(|layer| {
        let nodes = tops.partition_point(|&top| top >= layer);
        Layer::unlinked(
            nodes,
            if layer == 0 {
                2 * parameters.m
            } else {
                parameters.m
            },
        )
    });
    (rows, layers.collect())
}
