//! What counts as right: ties, duplicates, near misses, wrong and missing ids.

use std::sync::Arc;

use vecperf_engines::{
    BuildParameters, EngineKind, GroundTruth, Metric, SearchParameters, Vectors, ground_truth,
};

use super::super::{Dataset, Quiet, Source, load};
use super::*;

/// A judge of `base` against one query, whose true neighbours are computed.
fn judge(metric: Metric, base: &[&[f32]], query: &[f32], k: usize) -> RecallJudge {
    let base = Arc::new(Vectors::new(query.len(), base.concat()).unwrap());
    let queries = Arc::new(Vectors::new(query.len(), query.to_vec()).unwrap());
    let truth = ground_truth(&base, &queries, metric, k, 1, &|_| {}).unwrap();
    RecallJudge::new(base, queries, metric, &truth, k)
}

fn judged(by_distance: u32, by_id: u32, ann_benchmarks: u32) -> Judged {
    Judged {
        by_distance,
        by_id,
        ann_benchmarks,
    }
}

#[test]
fn an_equally_near_row_counts_by_distance_and_not_by_id() {
    // Rows 1 to 3 are equally near, and row 3 equals row 2.
    let base: [&[f32]; 5] = [
        &[0.0, 0.0],
        &[1.0, 0.0],
        &[0.0, 1.0],
        &[0.0, 1.0],
        &[3.0, 0.0],
    ];
    let judge = judge(Metric::L2, &base, &[0.0, 0.0], 2);
    let cases: [(&[u32], Judged); 4] = [
        (&[0, 1], judged(2, 2, 2)), // as listed: ties go by row
        (&[0, 2], judged(2, 1, 2)),
        (&[0, 3], judged(2, 1, 2)),
        (&[0, 4], judged(1, 1, 1)),
    ];
    for (ids, expected) in cases {
        assert_eq!(judge.judge(0, ids), expected, "{ids:?}");
    }
}

#[test]
fn a_near_miss_counts_only_where_ann_benchmarks_forgives_it() {
    // Euclidean distances 1, 1.0009 and 1.0011: the second is within 1e-3 of the first.
    let base: [&[f32]; 3] = [&[1.0], &[1.0009], &[1.0011]];
    let judge = judge(Metric::L2, &base, &[0.0], 1);
    assert_eq!(judge.judge(0, &[0]), judged(1, 1, 1));
    assert_eq!(judge.judge(0, &[1]), judged(0, 0, 1));
    assert_eq!(judge.judge(0, &[2]), judged(0, 0, 0));
}

#[test]
fn rounding_of_32_bit_floats_is_a_tie_and_a_part_in_ten_thousand_is_not() {
    let next = f32::from_bits(1.0f32.to_bits() + 1);
    for metric in [Metric::L2, Metric::InnerProduct] {
        let (nearest, query): (&[f32], &[f32]) = match metric {
            Metric::L2 => (&[1.0, 1.0], &[0.0, 0.0]),
            _ => (&[next, 1.0], &[0.5, 0.5]),
        };
        let tie: &[f32] = if metric == Metric::L2 {
            &[next, 1.0]
        } else {
            &[1.0, 1.0]
        };
        let miss: &[f32] = if metric == Metric::L2 {
            &[1.0001, 1.0]
        } else {
            &[0.9999, 1.0]
        };
        let judge = judge(metric, &[nearest, tie, miss], query, 1);
        assert_eq!(judge.judge(0, &[1]).by_distance, 1, "{metric:?}");
        assert_eq!(judge.judge(0, &[2]).by_distance, 0, "{metric:?}");
    }
}

#[test]
fn repeated_missing_and_impossible_ids_are_wrong() {
    let base: [&[f32]; 4] = [&[1.0], &[2.0], &[3.0], &[4.0]];
    let judge = judge(Metric::L2, &base, &[0.0], 3);
    let cases: [(&[u32], Judged); 6] = [
        (&[0, 1, 2], judged(3, 3, 3)),
        (&[2, 1, 0], judged(3, 3, 3)), // the order is the engine's affair
        (&[0, 0, 0], judged(1, 1, 3)), // ann-benchmarks counts a row as often as it comes
        (&[0, 4, u32::MAX], judged(1, 1, 1)), // there are 4 rows
        (&[0], judged(1, 1, 1)),       // fewer than k
        (&[3, 0, 1, 2], judged(2, 2, 2)), // the fourth is beyond k
    ];
    for (ids, expected) in cases {
        assert_eq!(judge.judge(0, ids), expected, "{ids:?}");
    }
    assert_eq!(judge.judge(0, &[]), Judged::default());
    assert_eq!(
        judge.judge(1, &[0]),
        Judged::default(),
        "there is no query 1"
    );
}

#[test]
fn with_fewer_vectors_than_k_all_of_them_are_perfect() {
    let judge = judge(Metric::L2, &[&[1.0], &[2.0]], &[0.0], 10);
    assert_eq!(judge.k(), 2);
    assert_eq!(judge.judge(0, &[1, 0]), judged(2, 2, 2));
}

#[test]
fn cosine_and_inner_product_differ_where_lengths_do() {
    let base: [&[f32]; 2] = [&[1.0, 0.0], &[10.0, 10.0]];
    let query = [1.0, 0.0];
    assert_eq!(
        judge(Metric::Cosine, &base, &query, 1)
            .judge(0, &[0])
            .by_distance,
        1
    );
    assert_eq!(
        judge(Metric::InnerProduct, &base, &query, 1)
            .judge(0, &[0])
            .by_distance,
        0
    );
    assert_eq!(
        judge(Metric::InnerProduct, &base, &query, 1)
            .judge(0, &[1])
            .by_distance,
        1
    );
}

/// The promise behind [`rounding`]: whoever searches exactly, in 32-bit floats and in any order of summation, scores 1; and
/// on real data next to nothing else is forgiven.
#[test]
fn exact_search_in_32_bit_floats_is_perfect_and_little_else_is_forgiven() {
    let Dataset {
        base,
        queries,
        truth,
        ..
    } = load(
        &Source {
            dataset: "glove-50".to_owned(),
            ..Source::default()
        },
        &Quiet,
    )
    .unwrap();
    let ids = truth.unwrap().ids;
    let truth = GroundTruth {
        k: ids.k,
        ids: ids.ids,
        distances: Vec::new(),
    };
    let judges = [1, 10, 100].map(|k| {
        RecallJudge::new(
            Arc::clone(&base),
            Arc::clone(&queries),
            Metric::InnerProduct,
            &truth,
            k,
        )
    });
    let mut forgiven = [0; 3];
    let mut forgiven_by_ann_benchmarks = [0; 3];
    for query in (0..1000).step_by(25) {
        let vector = queries.row(query);
        let mut found: Vec<(f32, u32)> =
            base.rows().map(|row| naive(vector, row)).zip(0..).collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (which, judge) in judges.iter().enumerate() {
            let k = judge.k();
            let mut ids: Vec<u32> = found[..k].iter().map(|found| found.1).collect();
            assert_eq!(
                judge.judge(query, &ids).by_distance as usize,
                k,
                "query {query}, k {k}"
            );
            // A miss: in the place of the k-th, the one after it.
            ids[k - 1] = found[k].1;
            let judged = judge.judge(query, &ids);
            forgiven[which] += judged.by_distance as usize + 1 - k;
            forgiven_by_ann_benchmarks[which] += judged.ann_benchmarks as usize + 1 - k;
        }
    }
    assert_eq!(forgiven, [0; 3], "of 40 near misses each");
    assert!(
        forgiven_by_ann_benchmarks[2] > 20,
        "{forgiven_by_ann_benchmarks:?}: its slack matters on these data"
    );
}

/// Engines search in 32-bit floats; whatever the metric and the scale of the data, exact search must score 1.
#[test]
fn the_exact_engine_is_perfect_by_every_metric() {
    let monitor = vecperf::Monitor::in_memory(vecperf::Settings::default()).unwrap();
    let parameters = SearchParameters {
        k: 10,
        ef_search: 10,
    };
    for (scale, shift) in [(1.0, 0.0), (100.0, 0.0), (1.0, 50.0)] {
        let spec = Source {
            dataset: "synthetic:n=3000,dim=96,clusters=10,queries=50".to_owned(),
            ..Source::default()
        };
        let Dataset { base, queries, .. } = load(&spec, &Quiet).unwrap();
        let moved = |vectors: &Vectors| {
            let values = vectors
                .values()
                .iter()
                .map(|value| value * scale + shift)
                .collect();
            Arc::new(Vectors::new(vectors.dimensions(), values).unwrap())
        };
        let (base, queries) = (moved(&base), moved(&queries));
        for metric in [Metric::L2, Metric::Cosine, Metric::InnerProduct] {
            let truth = ground_truth(&base, &queries, metric, 10, 1, &|_| {}).unwrap();
            let judge =
                RecallJudge::new(Arc::clone(&base), Arc::clone(&queries), metric, &truth, 10);
            let build = BuildParameters {
                threads: 1,
                ..BuildParameters::default()
            };
            let index =
                vecperf_engines::build(EngineKind::Exact, &base, metric, &build, &monitor, &|_| {})
                    .unwrap();
            let mut searcher = index.searcher();
            for query in 0..queries.len() {
                let found = searcher.search(queries.row(query), parameters).unwrap();
                let ids: Vec<u32> = found.iter().map(|neighbor| neighbor.id).collect();
                assert_eq!(
                    judge.judge(query, &ids).by_distance,
                    10,
                    "{metric:?} × {scale} + {shift}, query {query}"
                );
            }
        }
    }
}

/// 1 − inner product, one rounded addition after the other.
fn naive(a: &[f32], b: &[f32]) -> f32 {
    1.0 - a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>()
}
