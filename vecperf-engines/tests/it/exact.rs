//! Exact search and ground truth.

use std::sync::atomic::{AtomicUsize, Ordering};

use vecperf_engines::{Exact, Index, Metric, SearchParameters, Vectors, ground_truth};

use crate::points::{clustered, split, truth, vectors};

const METRICS: [Metric; 3] = [Metric::L2, Metric::Cosine, Metric::InnerProduct];

/// Nearest by definition: every distance in 64 bits, sorted, ties in the order of rows.
fn by_definition(base: &Vectors, query: &[f32], metric: Metric) -> Vec<(f64, u32)> {
    let sum = |row: &[f32], term: fn(f64, f64) -> f64| -> f64 {
        query
            .iter()
            .zip(row)
            .map(|(&a, &b)| term(a.into(), b.into()))
            .sum()
    };
    let distance = |row: &[f32]| match metric {
        Metric::L2 => sum(row, |a, b| (a - b) * (a - b)),
        Metric::InnerProduct => 1.0 - sum(row, |a, b| a * b),
        Metric::Cosine => {
            1.0 - sum(row, |a, b| a * b)
                / (sum(row, |a, _| a * a).sqrt() * sum(row, |_, b| b * b).sqrt())
        }
    };
    let mut all: Vec<_> = base.rows().map(distance).zip(0..).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all
}

#[test]
fn ground_truth_is_what_the_definition_says() {
    for metric in METRICS {
        for (count, dimensions, k) in [(1, 3, 1), (50, 1, 10), (1500, 17, 10), (2100, 40, 100)] {
            let (base, queries) = split(&clustered(count + 70, dimensions, 5, 9), 70);
            for threads in [1, 3] {
                let truth = ground_truth(&base, &queries, metric, k, threads, &|_| ()).unwrap();
                for (at, query) in queries.rows().enumerate() {
                    let expected = by_definition(&base, query, metric);
                    let ids: Vec<u32> = expected
                        .iter()
                        .take(truth.k)
                        .map(|nearest| nearest.1)
                        .collect();
                    assert_eq!(
                        truth.ids[at * truth.k..][..truth.k],
                        ids,
                        "{metric:?}, query {at}"
                    );
                    for (found, expected) in truth.distances[at * truth.k..][..truth.k]
                        .iter()
                        .zip(&expected)
                    {
                        assert!(
                            (f64::from(*found) - expected.0).abs()
                                <= 1e-6 * expected.0.abs().max(1.0)
                        );
                    }
                }
            }
        }
    }
}

/// Rows that differ by less than 32-bit sums can tell, far from the origin: the product's rounding alone is larger than the
/// distances.
#[test]
fn rounding_of_the_matrix_product_does_not_decide() {
    let dimensions = 64;
    let mut random = fastrand::Rng::with_seed(4);
    let mut near = || 1000.0 + random.i32(-8..8) as f32 * 1000.0_f32.next_up().rem_euclid(1000.0);
    let base = vectors(dimensions, (0..500 * dimensions).map(|_| near()).collect());
    let queries = vectors(dimensions, (0..20 * dimensions).map(|_| near()).collect());
    let truth = truth(&base, &queries, Metric::L2, 20);
    for (query, ids) in queries.rows().zip(truth.ids.chunks(20)) {
        let expected: Vec<u32> = by_definition(&base, query, Metric::L2)
            .iter()
            .take(20)
            .map(|near| near.1)
            .collect();
        assert_eq!(ids, expected);
    }
}

#[test]
fn ties_come_in_the_order_of_rows() {
    let base = vectors(2, [1.0, 1.0].repeat(3000));
    let truth = truth(&base, &vectors(2, vec![0.5, 0.5]), Metric::Cosine, 5);
    assert_eq!(truth.ids, [0, 1, 2, 3, 4]);
}

#[test]
fn fewer_vectors_than_asked_for_are_all_given() {
    let base = vectors(1, vec![3.0, 1.0, 2.0]);
    let found = truth(&base, &vectors(1, vec![0.0]), Metric::L2, 10);
    assert_eq!(
        (found.k, found.ids, found.distances),
        (3, vec![1, 2, 0], vec![1.0, 4.0, 9.0])
    );
    let empty = truth(&vectors(1, vec![]), &vectors(1, vec![0.0]), Metric::L2, 10);
    assert_eq!((empty.k, empty.ids.len()), (0, 0));
    assert_eq!(
        truth(&base, &vectors(1, vec![]), Metric::L2, 2).ids.len(),
        0
    );
}

#[test]
fn progress_sums_up_to_the_queries() {
    let (base, queries) = split(&clustered(400, 4, 3, 1), 150);
    let told = AtomicUsize::new(0);
    ground_truth(&base, &queries, Metric::L2, 3, 2, &|count| {
        told.fetch_add(count, Ordering::Relaxed);
    })
    .unwrap();
    assert_eq!(told.into_inner(), 150);
}

#[test]
fn what_cannot_be_compared_is_refused_with_its_row() {
    let good = vectors(2, vec![1.0, 0.0, 0.0, 1.0]);
    let check = |base: &Vectors, queries: &Vectors, metric, expected: &str| {
        let error = ground_truth(base, queries, metric, 1, 1, &|_| ())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expected), "{error}");
    };
    check(
        &good,
        &vectors(3, vec![1.0; 3]),
        Metric::L2,
        "the index holds vectors of 2 dimensions, this one has 3",
    );
    check(
        &vectors(2, vec![1.0, f32::NAN]),
        &good,
        Metric::L2,
        "vector 0: a value is not finite",
    );
    check(
        &good,
        &vectors(2, vec![1.0, 0.0, 0.0, 0.0]),
        Metric::Cosine,
        "query 1: a zero vector",
    );
}

#[test]
fn a_scan_finds_the_truth_and_counts_every_vector() {
    for metric in METRICS {
        let (base, queries) = split(&clustered(1000, 24, 5, 3), 20);
        let index = Exact::new(&base, metric).unwrap();
        let mut searcher = index.searcher();
        for query in queries.rows() {
            let expected = by_definition(&base, query, metric);
            let found = searcher
                .search(
                    query,
                    SearchParameters {
                        k: 15,
                        ef_search: 1,
                    },
                )
                .unwrap();
            assert_eq!(found.len(), 15);
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (f64::from(found.distance) - expected.0).abs() < 1e-3,
                    "{found:?} for {expected:?}"
                );
            }
            assert_eq!(searcher.work().distance_computations, Some(980));
        }
    }
}

#[test]
fn a_scan_takes_any_k_and_refuses_a_wrong_query() {
    let index = Exact::new(&vectors(1, vec![3.0, 1.0, 2.0]), Metric::L2).unwrap();
    let mut searcher = index.searcher();
    for (k, expected) in [(0, &[][..]), (2, &[1, 2]), (7, &[1, 2, 0])] {
        let found = searcher
            .search(&[0.0], SearchParameters { k, ef_search: 1 })
            .unwrap();
        assert_eq!(
            found.iter().map(|neighbor| neighbor.id).collect::<Vec<_>>(),
            expected
        );
    }
    let parameters = SearchParameters { k: 1, ef_search: 1 };
    let error = |query: &[f32]| {
        index
            .searcher()
            .search(query, parameters)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error(&[1.0, 2.0]),
        "the index holds vectors of 1 dimensions, this one has 2"
    );
    assert!(error(&[f32::NAN]).starts_with("the query: a value is not finite"));
}
