//! The nearest nodes found so far, and which of them are still to be looked at.

use crate::ranking;

/// A bounded list of nodes, nearest first.
///
/// One sorted array does the work of the two heaps of the HNSW paper: an entry is one integer – distance, node, whether it
/// was expanded – so keeping order is a binary search and a `memmove` within the nearest cache, without a branch to
/// mispredict, and what is left at the end *is* the result.
#[derive(Debug)]
pub(super) struct Candidates {
    entries: Vec<u64>,
    capacity: usize,
    /// All entries before it are expanded.
    cursor: usize,
}

const EXPANDED: u64 = 1;

/// Most nodes that an entry can tell apart.
pub(super) const MAX_NODES: usize = 1 << 31;

impl Candidates {
    pub(super) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            capacity: 0,
            cursor: 0,
        }
    }

    /// Empties the list and keeps at most `capacity` from now on.
    pub(super) fn reset(&mut self, capacity: usize) {
        self.entries.clear();
        self.entries.reserve(capacity);
        self.capacity = capacity;
        self.cursor = 0;
    }

    /// Adds a node, unless the list is full of nearer ones.
    #[inline(always)]
    pub(super) fn insert(&mut self, distance: f32, node: u32) {
        let entry = entry(distance, node);
        if self.entries.len() == self.capacity {
            if self.entries.last().is_some_and(|&worst| entry >= worst) {
                return;
            }
            self.entries.pop();
        }
        let at = self.entries.partition_point(|&other| other < entry);
        self.entries.insert(at, entry);
        self.cursor = self.cursor.min(at);
    }

    /// The nearest node not yet expanded, which it is from now on.
    #[inline(always)]
    pub(super) fn expand_next(&mut self) -> Option<u32> {
        let next = self.entries[self.cursor..]
            .iter()
            .position(|entry| entry & EXPANDED == 0)?;
        self.cursor += next;
        let entry = &mut self.entries[self.cursor];
        *entry |= EXPANDED;
        self.cursor += 1;
        Some(node(*entry))
    }

    /// The node that [`Candidates::expand_next`] would give, as far as known now.
    #[inline(always)]
    pub(super) fn peek(&self) -> Option<u32> {
        self.entries.get(self.cursor).map(|&entry| node(entry))
    }

    /// Keeps what is there, to be expanded again, and at most `capacity` from now on.
    pub(super) fn restart(&mut self, capacity: usize) {
        self.entries.truncate(capacity);
        self.entries.reserve(capacity - self.entries.len());
        self.entries
            .iter_mut()
            .for_each(|entry| *entry &= !EXPANDED);
        self.capacity = capacity;
        self.cursor = 0;
    }

    /// Nodes and distances, nearest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (f32, u32)> {
        self.entries
            .iter()
            .map(|&entry| (distance(entry), node(entry)))
    }

    /// Nodes, nearest first.
    pub(super) fn nodes(&self) -> impl Iterator<Item = u32> {
        self.entries.iter().map(|&entry| node(entry))
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> u64 {
        (self.entries.capacity() * size_of::<u64>()) as u64
    }
}

/// Distance, node and a zero for "not expanded", in the order of comparison.
#[inline(always)]
fn entry(distance: f32, node: u32) -> u64 {
    u64::from(ranking::ordered(distance)) << 32 | u64::from(node) << 1
}

#[inline(always)]
fn node(entry: u64) -> u32 {
    entry as u32 >> 1
}

#[inline(always)]
fn distance(entry: u64) -> f32 {
    ranking::distance((entry >> 32) as u32)
}
