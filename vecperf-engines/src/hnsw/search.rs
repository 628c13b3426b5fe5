//! Searching the graph.

use super::Hnsw;
use super::walk::{Target, Walker};
use crate::distance::Rows;
use crate::{EngineError, Neighbor, SearchParameters, Searcher, Work};

/// Searches an [`Hnsw`] from one thread. `COUNTED`: tells what a search did, at no measurable cost.
#[derive(Debug)]
pub struct HnswSearcher<'a, const COUNTED: bool = true> {
    index: &'a Hnsw,
    walker: Walker<COUNTED>,
    query: Rows,
    found: Vec<Neighbor>,
}

impl<'a, const COUNTED: bool> HnswSearcher<'a, COUNTED> {
    pub(super) fn new(index: &'a Hnsw) -> Self {
        Self {
            index,
            walker: Walker::new(index.order.len()),
            query: Rows::query(index.rows.dimensions()),
            found: Vec::new(),
        }
    }

    /// Bytes of scratch space held.
    pub fn scratch_bytes(&self) -> u64 {
        self.walker.bytes()
            + self.query.bytes()
            + (self.found.capacity() * size_of::<Neighbor>()) as u64
    }
}

impl<const COUNTED: bool> Searcher for HnswSearcher<'_, COUNTED> {
    fn search(
        &mut self,
        query: &[f32],
        parameters: SearchParameters,
    ) -> Result<&[Neighbor], EngineError> {
        let Self {
            index,
            walker,
            query: prepared,
            found,
        } = self;
        let Hnsw {
            rows,
            metric,
            kernel,
            graph,
            order,
            twins,
            ..
        } = index;
        found.clear();
        prepared.set_query(query, *metric)?;
        if let Some(lowest) = graph.layers.first().filter(|_| !order.is_empty()) {
            let target = Target {
                rows,
                kernel: *kernel,
                query: prepared.row(0),
            };
            walker.descend(graph, target, 0);
            walker.explore(
                lowest,
                target,
                parameters.ef_search.max(parameters.k).min(order.len()),
            );
            let nearest = walker.candidates.iter().flat_map(|(distance, node)| {
                twins
                    .of(order[node as usize])
                    .map(move |id| Neighbor { id, distance })
            });
            found.extend(nearest.take(parameters.k));
        }
        Ok(found)
    }

    fn work(&self) -> Work {
        if !COUNTED {
            return Work::default();
        }
        let steps = &self.walker.steps;
        Work {
            distance_computations: Some(steps.distances),
            hops: Some(steps.hops),
            visited: Some(steps.visited),
            layers: Some(steps.layers),
        }
    }
}
