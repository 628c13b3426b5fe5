//! A watched searcher tells the monitor what happened.

use vecperf::{Moment, Monitor, Settings};
use vecperf_engines::{
    EngineError, Exact, Hnsw, HnswParameters, Index, Metric, Monitored, Neighbor, SearchParameters,
    Searcher, Work,
};

use crate::points::clustered;

const PARAMETERS: SearchParameters = SearchParameters {
    k: 3,
    ef_search: 10,
};

#[test]
fn answers_are_those_of_the_searcher_within() {
    let points = clustered(200, 4, 2, 1);
    let index = Exact::new(&points, Metric::L2).unwrap();
    let mut plain = index.searcher();
    let mut watched = Monitored::new(index.searcher(), &Monitor::off().operation("search"));
    let expected = plain.search(points.row(5), PARAMETERS).unwrap().to_vec();
    assert_eq!(watched.search(points.row(5), PARAMETERS).unwrap(), expected);
    assert_eq!(
        watched
            .search_since(Moment::now(), points.row(5), PARAMETERS)
            .unwrap(),
        expected
    );
    assert_eq!(watched.work(), plain.work());
}

#[test]
fn searches_inserts_errors_and_work_are_recorded() {
    let points = clustered(300, 4, 2, 1);
    let monitor = Monitor::in_memory(Settings::default()).unwrap();
    let index = Hnsw::build(
        &points,
        Metric::L2,
        &HnswParameters::default(),
        &monitor,
        &|_| (),
    )
    .unwrap();
    let mut searcher = Monitored::new(index.searcher(), &monitor.operation("search"));
    let mut distances = 0;
    for row in 0..10 {
        searcher.search(points.row(row), PARAMETERS).unwrap();
        distances += searcher.work().distance_computations.unwrap();
    }
    searcher.search(&[1.0], PARAMETERS).unwrap_err();

    let snapshot = monitor.snapshot();
    let insert = snapshot.operation("insert").unwrap();
    assert_eq!(insert.ok.count(), 300);
    assert!(
        insert
            .counters
            .iter()
            .any(|counter| counter.name == "distance_computations" && counter.total > 300)
    );
    let search = snapshot.operation("search").unwrap();
    assert_eq!((search.ok.count(), search.error.count()), (10, 1));
    let total = |name| {
        search
            .counters
            .iter()
            .find(|counter| counter.name == name)
            .unwrap()
            .total
    };
    assert_eq!(total("distance_computations"), distances);
    for name in ["hops", "visited", "layers"] {
        assert!(total(name) >= 10, "{name}");
    }
}

/// An engine whose search panics.
struct Broken;

impl Searcher for Broken {
    fn search(&mut self, _: &[f32], _: SearchParameters) -> Result<&[Neighbor], EngineError> {
        unreachable!("the engine is broken")
    }
    fn work(&self) -> Work {
        Work::default()
    }
}

#[test]
fn a_panic_of_the_engine_passes_through_and_counts_as_an_error() {
    let monitor = Monitor::in_memory(Settings::default()).unwrap();
    let mut searcher = Monitored::new(Broken, &monitor.operation("search"));
    let search =
        std::panic::AssertUnwindSafe(|| searcher.search(&[1.0], PARAMETERS).map(<[_]>::len));
    assert!(std::panic::catch_unwind(search).is_err());
    assert_eq!(
        monitor
            .snapshot()
            .operation("search")
            .unwrap()
            .error
            .count(),
        1
    );
}
