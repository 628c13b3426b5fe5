//! Which nodes a walk has seen.

/// A set of nodes, one bit each, that remembers its members: clearing it costs no more than filling it did.
#[derive(Debug)]
pub(super) struct Visited {
    words: Vec<u64>,
    members: Vec<u32>,
}

impl Visited {
    pub(super) fn new(nodes: usize) -> Self {
        Self {
            words: vec![0; nodes.div_ceil(64)],
            members: Vec::new(),
        }
    }

    /// Adds `node`; true if it is new.
    #[inline(always)]
    pub(super) fn insert(&mut self, node: u32) -> bool {
        let word = &mut self.words[node as usize / 64];
        let bit = 1 << (node % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        if is_new {
            self.members.push(node);
        }
        is_new
    }

    /// Nodes in the set.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Empties the set.
    pub(super) fn clear(&mut self) {
        for node in self.members.drain(..) {
            self.words[node as usize / 64] = 0;
        }
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> u64 {
        (size_of_val(self.words.as_slice()) + self.members.capacity() * size_of::<u32>()) as u64
    }
}
