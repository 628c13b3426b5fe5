//! What the engine answered to each distinct query, kept for judging after the clock has stopped.

use std::sync::atomic::{AtomicU32, Ordering};

use vecperf_engines::Neighbor;

/// The first answer to each query. All space is taken before the run; to keep an answer is `k` plain stores,
/// outside the timed section.
#[derive(Debug)]
pub(crate) struct Answers {
    k: usize,
    /// `k` ids a query.
    ids: Vec<AtomicU32>,
    /// Ids kept for the query, plus one; 0: not answered yet.
    kept: Vec<AtomicU32>,
}

impl Answers {
    /// Space for the answers to `queries` queries of `k` neighbours each.
    pub(crate) fn new(queries: usize, k: usize) -> Self {
        let zeros = |n: usize| std::iter::repeat_with(AtomicU32::default).take(n).collect();
        Self {
            k,
            ids: zeros(queries * k),
            kept: zeros(queries),
        }
    }

    /// Keeps an answer. Each query's first answer comes from one thread only (its ticket says so); threads are
    /// joined before [`Answers::of`] reads.
    #[inline]
    pub(crate) fn keep(&self, query: usize, found: &[Neighbor]) {
        let found = &found[..found.len().min(self.k)];
        for (slot, neighbor) in self.ids[query * self.k..].iter().zip(found) {
            slot.store(neighbor.id, Ordering::Relaxed);
        }
        self.kept[query].store(found.len() as u32 + 1, Ordering::Relaxed);
    }

    /// The ids found for `query`, nearest first; `None`: it was not asked, or the search failed.
    pub(crate) fn of(&self, query: usize) -> Option<Vec<u32>> {
        let kept = (self.kept[query].load(Ordering::Relaxed) as usize).checked_sub(1)?;
        let ids = &self.ids[query * self.k..][..kept];
        Some(ids.iter().map(|id| id.load(Ordering::Relaxed)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_back_as_it_was_given() {
        let answers = Answers::new(3, 2);
        let found = |ids: &[u32]| {
            ids.iter()
                .map(|&id| Neighbor { id, distance: 0.0 })
                .collect::<Vec<_>>()
        };
        answers.keep(0, &found(&[7, 8, 9])); // one more than asked for
        answers.keep(2, &found(&[])); // answered, with nothing
        assert_eq!(answers.of(0), Some(vec![7, 8]));
        assert_eq!(answers.of(1), None);
        assert_eq!(answers.of(2), Some(vec![]));
    }
}
