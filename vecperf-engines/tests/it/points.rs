//! Data to search in.

use vecperf_engines::{GroundTruth, Index, Metric, SearchParameters, Vectors, ground_truth};

/// `count` points around `clusters` centres, the same for the same `seed`.
pub(crate) fn clustered(count: usize, dimensions: usize, clusters: usize, seed: u64) -> Vectors {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut normal = move || (0..12).map(|_| random.f32()).sum::<f32>() - 6.0;
    let centres: Vec<f32> = (0..clusters * dimensions).map(|_| normal()).collect();
    let values = (0..count * dimensions).map(|at| {
        let cluster = (at / dimensions) % clusters;
        centres[cluster * dimensions + at % dimensions] + 0.7 * normal()
    });
    vectors(dimensions, values.collect())
}

pub(crate) fn vectors(dimensions: usize, values: Vec<f32>) -> Vectors {
    Vectors::new(dimensions, values).expect("whole rows")
}

/// Points and queries of the same clusters.
pub(crate) fn split(all: &Vectors, queries: usize) -> (Vectors, Vectors) {
    let cut = (all.len() - queries) * all.dimensions();
    let (base, rest) = all.values().split_at(cut);
    (
        vectors(all.dimensions(), base.to_vec()),
        vectors(all.dimensions(), rest.to_vec()),
    )
}

pub(crate) fn truth(base: &Vectors, queries: &Vectors, metric: Metric, k: usize) -> GroundTruth {
    ground_truth(base, queries, metric, k, 2, &|_| ()).expect("comparable rows")
}

/// The share of the true neighbours that `index` finds.
pub(crate) fn recall(
    index: &dyn Index,
    queries: &Vectors,
    truth: &GroundTruth,
    ef_search: usize,
) -> f64 {
    let mut searcher = index.searcher();
    let mut hits = 0;
    for (query, ids) in queries.rows().zip(truth.ids.chunks(truth.k)) {
        let found = searcher
            .search(
                query,
                SearchParameters {
                    k: truth.k,
                    ef_search,
                },
            )
            .expect("a good query");
        hits += found
            .iter()
            .filter(|neighbor| ids.contains(&neighbor.id))
            .count();
    }
    hits as f64 / truth.ids.len() as f64
}
