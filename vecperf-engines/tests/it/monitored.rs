//! A watched searcher tells the monitor what happened.

use vecperf::{Moment, Monitor};
use vecperf_engines::{Exact, Index, Metric, Monitored, SearchParameters, Searcher};

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
