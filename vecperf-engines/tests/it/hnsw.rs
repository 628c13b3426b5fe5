//! The HNSW graph: how well it finds, what it tells, what it refuses.

use std::sync::atomic::{AtomicUsize, Ordering};

use vecperf::Monitor;
use vecperf_engines::{
    EngineError, Hnsw, HnswParameters, Index, Metric, Neighbor, SearchParameters, Searcher, Vectors,
};

use crate::points::{clustered, recall, split, truth, vectors};

fn on_threads(threads: usize) -> HnswParameters {
    HnswParameters {
        threads,
        ..HnswParameters::default()
    }
}

fn build(base: &Vectors, metric: Metric, parameters: &HnswParameters) -> Result<Hnsw, EngineError> {
    Hnsw::build(base, metric, parameters, &Monitor::off(), &|_| ())
}

fn search(index: &Hnsw, query: &[f32], k: usize, ef_search: usize) -> Vec<Neighbor> {
    index
        .searcher()
        .search(query, SearchParameters { k, ef_search })
        .expect("a good query")
        .to_vec()
}

#[test]
fn it_finds_nearly_all_true_neighbours_by_every_metric() {
    for metric in [Metric::L2, Metric::Cosine, Metric::InnerProduct] {
        let (base, queries) = split(&clustered(5200, 32, 40, 7), 200);
        let truth = truth(&base, &queries, metric, 10);
        for threads in [1, 4] {
            let index = build(&base, metric, &on_threads(threads)).unwrap();
            let found = recall(&index, &queries, &truth, 100);
            assert!(found >= 0.97, "{metric:?} on {threads} threads: {found}");
        }
    }
}

#[test]
fn a_wider_search_finds_more_and_says_what_it_cost() {
    let (base, queries) = split(&clustered(4200, 32, 1, 8), 200);
    let truth = truth(&base, &queries, Metric::L2, 10);
    let index = build(
        &base,
        Metric::L2,
        &HnswParameters {
            m: 6,
            ..on_threads(1)
        },
    )
    .unwrap();
    let narrow = recall(&index, &queries, &truth, 10);
    let wide = recall(&index, &queries, &truth, 200);
    assert!(wide > narrow, "{narrow} to {wide}");

    let mut searcher = index.searcher();
    let mut distances = |ef_search| {
        searcher
            .search(queries.row(0), SearchParameters { k: 10, ef_search })
            .unwrap();
        let work = searcher.work();
        let (visited, hops) = (work.visited.unwrap(), work.hops.unwrap());
        assert!(
            hops >= ef_search as u64,
            "each of the ef nearest is expanded"
        );
        assert!(visited <= 4000 && hops <= work.distance_computations.unwrap());
        assert!(work.layers.unwrap() >= 2);
        work.distance_computations.unwrap()
    };
    assert!(distances(10) < distances(200));
}

#[test]
fn results_are_sorted_distinct_and_true_distances() {
    let (base, queries) = split(&clustered(3000, 20, 10, 5), 50);
    let index = build(&base, Metric::L2, &on_threads(2)).unwrap();
    for query in queries.rows() {
        let found = search(&index, query, 20, 50);
        assert!(
            found
                .windows(2)
                .all(|pair| pair[0].distance <= pair[1].distance)
        );
        for (at, neighbor) in found.iter().enumerate() {
            assert!(found[..at].iter().all(|other| other.id != neighbor.id));
            let row = base.row(neighbor.id as usize);
            let distance: f32 = query.iter().zip(row).map(|(a, b)| (a - b) * (a - b)).sum();
            assert!((distance - neighbor.distance).abs() <= 1e-4 * distance);
        }
    }
}

#[test]
fn one_thread_and_one_seed_give_one_graph() {
    let (base, queries) = split(&clustered(2050, 16, 4, 6), 50);
    let answers = |seed| {
        let index = build(
            &base,
            Metric::L2,
            &HnswParameters {
                seed,
                m: 4,
                ef_construction: 20,
                threads: 1,
            },
        )
        .unwrap();
        let mut searcher = index.searcher();
        let mut answer = |query| {
            let found = searcher
                .search(query, SearchParameters { k: 5, ef_search: 5 })
                .unwrap()
                .to_vec();
            (found, searcher.work())
        };
        queries.rows().map(&mut answer).collect::<Vec<_>>()
    };
    assert_eq!(answers(1), answers(1));
    assert_ne!(answers(1), answers(2));
}

#[test]
fn counting_changes_no_answer() {
    let (base, queries) = split(&clustered(1050, 16, 4, 6), 50);
    let index = build(&base, Metric::L2, &on_threads(1)).unwrap();
    let parameters = SearchParameters {
        k: 5,
        ef_search: 20,
    };
    let (mut counted, mut silent) = (
        index.searcher_counting::<true>(),
        index.searcher_counting::<false>(),
    );
    for query in queries.rows() {
        assert_eq!(
            counted.search(query, parameters).unwrap(),
            silent.search(query, parameters).unwrap()
        );
        assert_eq!(silent.work(), vecperf_engines::Work::default());
    }
}

#[test]
fn an_empty_graph_finds_nothing_and_one_vector_is_found() {
    let empty = build(&vectors(3, vec![]), Metric::L2, &on_threads(4)).unwrap();
    assert!(empty.is_empty());
    assert_eq!(search(&empty, &[0.0; 3], 5, 10), []);
    let one = build(&vectors(3, vec![1.0, 0.0, 0.0]), Metric::L2, &on_threads(4)).unwrap();
    assert_eq!(
        search(&one, &[0.0; 3], 5, 10),
        [Neighbor {
            id: 0,
            distance: 1.0
        }]
    );
    assert_eq!(search(&one, &[0.0; 3], 0, 0), []);
}

#[test]
fn any_k_and_any_ef_give_what_there_is() {
    let base = clustered(40, 5, 2, 3);
    let index = build(&base, Metric::L2, &on_threads(1)).unwrap();
    for (k, ef) in [(40, 1), (usize::MAX, usize::MAX), (100, 10)] {
        let mut ids: Vec<u32> = search(&index, base.row(0), k, ef)
            .iter()
            .map(|found| found.id)
            .collect();
        ids.sort_unstable();
        assert_eq!(ids, (0..40).collect::<Vec<_>>());
    }
    assert_eq!(
        search(&index, base.row(7), 1, 0)[0].id,
        7,
        "ef_search is at least k"
    );
}

#[test]
fn equal_vectors_stay_reachable() {
    let base = vectors(4, [1.0, 2.0, 3.0, 4.0].repeat(3000));
    for threads in [1, 3] {
        let index = build(
            &base,
            Metric::L2,
            &HnswParameters {
                m: 4,
                ..on_threads(threads)
            },
        )
        .unwrap();
        let found = search(&index, &[1.0, 2.0, 3.0, 4.0], 3000, 3000);
        assert_eq!(found.len(), 3000);
        assert!(found.iter().all(|neighbor| neighbor.distance == 0.0));
    }
}

/// Many copies of one point must not hide what lies beyond them.
#[test]
fn a_crowd_of_duplicates_hides_nobody() {
    let others = clustered(1000, 8, 10, 2);
    let crowd = others.row(0).repeat(500);
    let base = vectors(8, [others.values(), &crowd].concat());
    let index = build(&base, Metric::L2, &on_threads(2)).unwrap();
    let missed = others
        .rows()
        .enumerate()
        .skip(1)
        .filter(|(row, query)| search(&index, query, 1, 64)[0].id != *row as u32);
    assert_eq!(missed.count(), 0);
}

#[test]
fn memory_is_told_by_component_and_stays_within_its_bound() {
    let base = clustered(20_000, 100, 10, 2);
    let index = build(
        &base,
        Metric::L2,
        &HnswParameters {
            ef_construction: 10,
            ..on_threads(2)
        },
    )
    .unwrap();
    let memory = index.memory();
    let names: Vec<_> = memory.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "vectors",
            "links_layer_0",
            "links_upper_layers",
            "row_numbers"
        ]
    );
    let mut searcher = index.searcher_counting::<true>();
    searcher
        .search(
            base.row(0),
            SearchParameters {
                k: 10,
                ef_search: 256,
            },
        )
        .unwrap();
    let bytes = memory.iter().map(|(_, bytes)| bytes).sum::<u64>() + searcher.scratch_bytes();
    assert!(bytes / 20_000 <= 620, "{bytes} bytes");
}

#[test]
fn progress_sums_up_to_the_vectors() {
    let told = AtomicUsize::new(0);
    let progress = |count| {
        told.fetch_add(count, Ordering::Relaxed);
    };
    Hnsw::build(
        &clustered(777, 4, 2, 1),
        Metric::L2,
        &on_threads(2),
        &Monitor::off(),
        &progress,
    )
    .unwrap();
    assert_eq!(told.into_inner(), 777);
}

#[test]
fn bad_input_is_refused_with_its_row_or_name() {
    let check = |values: Vec<f32>, metric, parameters: &HnswParameters, expected: &str| {
        let error = build(&vectors(2, values), metric, parameters)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expected), "{error}");
    };
    let good = || on_threads(1);
    check(
        vec![1.0, 0.0, 0.0, f32::NAN],
        Metric::L2,
        &good(),
        "vector 1: a value is not finite",
    );
    check(
        vec![0.0, 0.0],
        Metric::Cosine,
        &good(),
        "vector 0: a zero vector",
    );
    check(
        vec![],
        Metric::L2,
        &HnswParameters { m: 1, ..good() },
        "m = 1: allowed is 2 to 128",
    );
    check(
        vec![],
        Metric::L2,
        &HnswParameters { m: 129, ..good() },
        "m = 129",
    );
    check(
        vec![],
        Metric::L2,
        &HnswParameters {
            ef_construction: 0,
            ..good()
        },
        "ef_construction = 0",
    );
    check(
        vec![],
        Metric::L2,
        &HnswParameters {
            threads: 0,
            ..good()
        },
        "threads = 0",
    );
    check(
        vec![],
        Metric::L2,
        &HnswParameters {
            threads: 2000,
            ..good()
        },
        "threads = 2000",
    );
}

#[test]
fn a_wrong_query_is_refused_and_the_next_one_answered() {
    let index = build(
        &vectors(2, vec![1.0, 0.0, 0.0, 1.0]),
        Metric::Cosine,
        &on_threads(1),
    )
    .unwrap();
    let mut searcher = index.searcher();
    let parameters = SearchParameters { k: 1, ef_search: 4 };
    let mut error = |query: &[f32]| searcher.search(query, parameters).unwrap_err().to_string();
    assert!(error(&[1.0]).contains("2 dimensions, this one has 1"));
    assert!(error(&[f32::NAN, 1.0]).starts_with("the query: a value is not finite"));
    assert!(error(&[0.0, 0.0]).starts_with("the query: a zero vector"));
    assert_eq!(searcher.search(&[0.1, 2.0], parameters).unwrap()[0].id, 1);
}
