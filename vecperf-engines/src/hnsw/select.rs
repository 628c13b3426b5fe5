//! Which of the nearest nodes become neighbours.

use crate::distance::{Kernel, Rows};

/// The selection heuristic of the HNSW paper (Malkov & Yashunin, algorithm 4): a candidate becomes a neighbour unless it is
/// nearer to a neighbour chosen before than to the node itself. So links spread in all directions instead of into one dense
/// spot, and a walk can get out again.
#[derive(Debug)]
pub(super) struct Selection {
    /// The chosen nodes, nearest first.
    pub(super) chosen: Vec<u32>,
    passed_over: Vec<u32>,
    between: Vec<f32>,
    /// Distances computed.
    pub(super) distances: u64,
}

impl Selection {
    pub(super) const fn new() -> Self {
        Self {
            chosen: Vec::new(),
            passed_over: Vec::new(),
            between: Vec::new(),
            distances: 0,
        }
    }

    /// Chooses at most `count` of `candidates`, given nearest first. With `refill`, room left is given to the nearest of
    /// those passed over.
    pub(super) fn choose(
        &mut self,
        candidates: impl Iterator<Item = (f32, u32)>,
        count: usize,
        refill: bool,
        rows: &Rows,
        kernel: Kernel,
    ) {
        self.chosen.clear();
        self.passed_over.clear();
        for (distance, candidate) in candidates {
            if self.chosen.len() == count {
                break;
            }
            if self.is_nearer_to_chosen(candidate, distance, rows, kernel) {
                self.passed_over.push(candidate);
            } else {
                self.chosen.push(candidate);
            }
        }
        if refill {
            let room = count - self.chosen.len();
            self.chosen.extend(self.passed_over.iter().take(room));
        }
    }

    fn is_nearer_to_chosen(
        &mut self,
        candidate: u32,
        distance: f32,
        rows: &Rows,
        kernel: Kernel,
    ) -> bool {
        let row = rows.row(candidate);
        for four in self.chosen.chunks(4) {
            kernel.distances(row, rows, four, &mut self.between);
            self.distances += four.len() as u64;
            if self.between.iter().any(|&between| between < distance) {
                return true;
            }
        }
        false
    }
}
