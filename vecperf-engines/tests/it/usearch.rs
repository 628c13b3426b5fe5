//! The adapter of the usearch library.

use vecperf::Monitor;
use vecperf_engines::{
    BuildParameters, Index, Metric, Quantization, SearchParameters, Searcher, Usearch, Vectors,
};

use crate::points::{clustered, recall, split, truth, vectors};

const EF: usize = 100;

fn build(base: &Vectors, metric: Metric, quantization: Quantization) -> Usearch {
    let parameters = BuildParameters {
        ef_search: EF,
        threads: 2,
        quantization,
        ..BuildParameters::default()
    };
    Usearch::build(base, metric, &parameters, &Monitor::off(), &|_| ()).expect("good input")
}

#[test]
fn it_finds_nearly_all_true_neighbours_by_every_metric() {
    for metric in [Metric::L2, Metric::Cosine, Metric::InnerProduct] {
        let (base, queries) = split(&clustered(2100, 32, 10, 7), 100);
        let truth = truth(&base, &queries, metric, 10);
        let index = build(&base, metric, Quantization::F32);
        let found = recall(&index, &queries, &truth, EF);
        assert!(found >= 0.95, "{metric:?}: {found}");
        let mut searcher = index.searcher();
        let nearest = searcher
            .search(
                queries.row(0),
                SearchParameters {
                    k: 1,
                    ef_search: EF,
                },
            )
            .unwrap()[0];
        assert!(
            (nearest.distance - truth.distances[0]).abs() < 1e-3,
            "{metric:?} means the same to both"
        );
    }
}

#[test]
fn smaller_types_take_less_memory() {
    let (base, queries) = split(&clustered(2100, 128, 10, 7), 100);
    let truth = truth(&base, &queries, Metric::Cosine, 10);
    let bytes = [Quantization::F32, Quantization::F16, Quantization::I8].map(|quantization| {
        let index = build(&base, Metric::Cosine, quantization);
        assert!(recall(&index, &queries, &truth, EF) > 0.7, "{quantization}");
        index.memory()[0].1
    });
    assert!(bytes[0] > bytes[1] && bytes[1] > bytes[2], "{bytes:?}");
}

#[test]
fn bad_input_is_refused_in_words() {
    let parameters = BuildParameters::default();
    let refused = |values: Vec<f32>, metric, parameters: &BuildParameters| {
        let built = Usearch::build(
            &vectors(2, values),
            metric,
            parameters,
            &Monitor::off(),
            &|_| (),
        );
        built.err().unwrap().to_string()
    };
    assert!(
        refused(vec![0.0, f32::NAN], Metric::L2, &parameters)
            .starts_with("vector 0: a value is not finite")
    );
    assert!(
        refused(vec![0.0, 0.0], Metric::Cosine, &parameters).starts_with("vector 0: a zero vector")
    );
    let narrow = BuildParameters {
        ef_search: 0,
        ..parameters
    };
    assert!(refused(vec![1.0, 0.0], Metric::L2, &narrow).starts_with("ef_search = 0"));
}

#[test]
fn a_search_is_refused_when_it_asks_for_what_the_index_is_not() {
    let index = build(&vectors(2, vec![1.0, 0.0]), Metric::L2, Quantization::F32);
    let mut searcher = index.searcher();
    let mut error = |query: &[f32], ef_search| {
        searcher
            .search(query, SearchParameters { k: 1, ef_search })
            .unwrap_err()
            .to_string()
    };
    assert!(error(&[1.0, 0.0], EF + 1).starts_with("ef_search = 101: allowed is the value"));
    assert!(error(&[1.0], EF).contains("this one has 1"));
    assert!(error(&[f32::NAN, 0.0], EF).starts_with("the query: a value is not finite"));
}

#[test]
fn an_empty_index_finds_nothing_and_a_small_one_all() {
    let parameters = SearchParameters {
        k: 5,
        ef_search: EF,
    };
    let empty = build(&vectors(2, vec![]), Metric::L2, Quantization::F32);
    assert!(
        empty
            .searcher()
            .search(&[1.0, 0.0], parameters)
            .unwrap()
            .is_empty()
    );
    let two = build(
        &vectors(2, vec![1.0, 0.0, 0.0, 1.0]),
        Metric::L2,
        Quantization::F32,
    );
    assert_eq!(
        two.searcher()
            .search(&[1.0, 0.0], parameters)
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn searchers_beyond_the_room_there_is_are_refused_until_others_leave() {
    let index = build(&vectors(2, vec![1.0, 0.0]), Metric::L2, Quantization::F32);
    let parameters = SearchParameters {
        k: 1,
        ef_search: EF,
    };
    let mut searchers: Vec<_> = (0..65).map(|_| index.searcher()).collect();
    assert!(searchers[63].search(&[1.0, 0.0], parameters).is_ok());
    let error = searchers[64]
        .search(&[1.0, 0.0], parameters)
        .unwrap_err()
        .to_string();
    assert!(error.contains("64 searchers"), "{error}");
    drop(searchers);
    assert!(index.searcher().search(&[1.0, 0.0], parameters).is_ok());
}

#[test]
fn it_is_prepared_for_other_candidates_while_nobody_searches() {
    let (base, queries) = split(&clustered(2100, 32, 10, 7), 100);
    let truth = truth(&base, &queries, Metric::L2, 10);
    let index = build(&base, Metric::L2, Quantization::F32);
    let parameters = |ef_search| SearchParameters { k: 10, ef_search };
    let many = recall(&index, &queries, &truth, EF);
    index.prepare(parameters(10)).unwrap();
    assert!(recall(&index, &queries, &truth, 10) < many);
    let searcher = index.searcher();
    let refused = index.prepare(parameters(EF)).unwrap_err().to_string();
    assert!(refused.contains("1 searchers"), "{refused}");
    drop(searcher);
    assert!(index.prepare(parameters(0)).is_err());
    index.prepare(parameters(EF)).unwrap();
    assert!(recall(&index, &queries, &truth, EF) > 0.95);
}
