//! The one constructor for all engines.

use vecperf::Monitor;
use vecperf_engines::{BuildParameters, EngineKind, Metric, Quantization, SearchParameters, build};

use crate::points::vectors;

#[test]
fn every_built_in_engine_is_built_by_its_name() {
    let points = vectors(2, vec![0.0, 1.0, 1.0, 0.0, 5.0, 5.0]);
    for kind in EngineKind::ALL
        .into_iter()
        .filter(|kind| kind.is_built_in())
    {
        let parsed: EngineKind = kind.to_string().parse().unwrap();
        let index = build(
            parsed,
            &points,
            Metric::L2,
            &BuildParameters::default(),
            &Monitor::off(),
            &|_| (),
        )
        .unwrap();
        assert_eq!(
            (index.engine(), index.len(), index.dimensions()),
            (kind.name(), 3, 2)
        );
        assert!(
            index.memory().iter().any(|(_, bytes)| *bytes > 0),
            "{:?}",
            index.memory()
        );
        let ef_search = BuildParameters::default().ef_search;
        let mut searcher = index.searcher();
        let found = searcher
            .search(&[4.0, 4.0], SearchParameters { k: 1, ef_search })
            .unwrap();
        assert_eq!((found[0].id, found[0].distance), (2, 2.0));
    }
}

#[test]
fn a_quantization_that_an_engine_cannot_keep_is_refused() {
    let parameters = BuildParameters {
        quantization: Quantization::I8,
        ..BuildParameters::default()
    };
    let points = vectors(2, vec![0.0, 1.0]);
    for kind in [EngineKind::Hnsw, EngineKind::Exact] {
        let built = build(
            kind,
            &points,
            Metric::L2,
            &parameters,
            &Monitor::off(),
            &|_| (),
        );
        assert!(
            built
                .err()
                .unwrap()
                .to_string()
                .starts_with("quantization = i8: allowed is f32")
        );
    }
}

#[cfg(not(feature = "usearch"))]
#[test]
fn a_missing_engine_is_named_with_the_feature_that_brings_it() {
    let error = "usearch".parse::<EngineKind>().unwrap_err().to_string();
    assert!(error.contains("--features usearch"), "{error}");
}
