//! The graph: layers of links in flat tables.
//!
//! Nodes are numbered from the highest layer down, so layer `l` holds exactly the first `n_l` nodes, a table needs no
//! index, and node 0 is where every search enters.

#[cfg(all(test, loom))]
use loom::sync::atomic::{AtomicU32, Ordering};
#[cfg(not(all(test, loom)))]
use std::sync::atomic::{AtomicU32, Ordering};

/// The end of a node's links.
const END: u32 = u32::MAX;

/// A link's cell: plain once the graph is built, atomic while threads build it.
pub(super) trait Link {
    /// The node it leads to.
    fn target(&self) -> u32;
}

impl Link for u32 {
    #[inline(always)]
    fn target(&self) -> u32 {
        *self
    }
}

impl Link for AtomicU32 {
    /// Acquire: whoever sees a link to a node also sees the links that node set out with. Free on x86.
    #[inline(always)]
    fn target(&self) -> u32 {
        self.load(Ordering::Acquire)
    }
}

/// One layer: `stride` links for each of its nodes, cut short by [`END`].
#[derive(Debug)]
pub(super) struct Layer<L> {
    stride: usize,
    links: Vec<L>,
}

/// All layers, the lowest first.
#[derive(Debug)]
pub(super) struct Graph<L> {
    pub(super) layers: Vec<Layer<L>>,
}

impl<L: Link> Layer<L> {
    /// The cells of `node`, used or not.
    #[inline(always)]
    pub(super) fn cells(&self, node: u32) -> &[L] {
        &self.links[node as usize * self.stride..][..self.stride]
    }

    /// The nodes that `node` links to.
    #[inline(always)]
    pub(super) fn neighbors(&self, node: u32) -> impl Iterator<Item = u32> {
        self.cells(node)
            .iter()
            .map(L::target)
            .take_while(|&target| target != END)
    }

    /// Most links a node can have here.
    pub(super) fn capacity(&self) -> usize {
        self.stride
    }

    /// Nodes on this layer.
    pub(super) fn len(&self) -> usize {
        self.links.len() / self.stride
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> u64 {
        size_of_val(self.links.as_slice()) as u64
    }
}

impl Layer<AtomicU32> {
    /// A layer of `nodes` without links.
    pub(super) fn unlinked(nodes: usize, stride: usize) -> Self {
        Self {
            stride,
            links: (0..nodes * stride).map(|_| AtomicU32::new(END)).collect(),
        }
    }

    /// Replaces the links of `node`. Readers meanwhile see some of the old and some of the new ones, each a real node.
    pub(super) fn set(&self, node: u32, targets: &[u32]) {
        let cells = self.cells(node);
        let end = (targets.len() < cells.len()).then_some(END);
        for (cell, target) in cells.iter().zip(targets.iter().copied().chain(end)) {
            cell.store(target, Ordering::Release);
        }
    }

    fn freeze(self) -> Layer<u32> {
        // The standard library collects in place: same size, same alignment, no second table.
        Layer {
            stride: self.stride,
            links: self.links.into_iter().map(AtomicU32::into_inner).collect(),
        }
    }
}

impl Graph<AtomicU32> {
    /// The same graph without atomics; owning `self` shows that nobody builds any more.
    pub(super) fn freeze(self) -> Graph<u32> {
        Graph {
            layers: self.layers.into_iter().map(Layer::freeze).collect(),
        }
    }
}

impl<L: Link> Graph<L> {
    /// The highest layer that holds `node`.
    pub(super) fn top_layer_of(&self, node: u32) -> usize {
        self.layers
            .iter()
            .rposition(|layer| (node as usize) < layer.len())
            .unwrap_or(0)
    }
}

/// Every interleaving of two inserts and a walk: `RUSTFLAGS="--cfg loom" cargo test -p vecperf-engines --lib graph`.
#[cfg(all(test, loom))]
mod interleavings {
    use loom::sync::{Arc, Mutex};
    use loom::thread;

    use super::*;

    /// What an insert does, as in `Builder::insert`: own links first, then, under the lock, the link that leads to it.
    fn insert(layer: &Layer<AtomicU32>, lock: &Mutex<()>, node: u32) {
        let _guard = lock.lock().unwrap();
        let mut links: Vec<u32> = layer.neighbors(0).collect();
        links.insert(0, node); // the other one's link moves to another cell
        layer.set(node, &[0]);
        layer.set(0, &links);
    }

    #[test]
    fn whoever_reaches_a_node_can_go_on_and_no_link_is_lost() {
        loom::model(|| {
            let layer = Arc::new(Layer::unlinked(3, 2));
            let lock = Arc::new(Mutex::new(()));
            let inserts = [1, 2].map(|node| {
                let (layer, lock) = (Arc::clone(&layer), Arc::clone(&lock));
                thread::spawn(move || insert(&layer, &lock, node))
            });
            let walked = Arc::clone(&layer);
            let walk = thread::spawn(move || {
                for reached in walked.neighbors(0) {
                    assert_eq!(walked.neighbors(reached).collect::<Vec<_>>(), [0]);
                }
            });
            walk.join().unwrap();
            for insert in inserts {
                insert.join().unwrap();
            }
            let mut links: Vec<u32> = layer.neighbors(0).collect();
            links.sort_unstable();
            assert_eq!(links, [1, 2]);
        });
    }
}
