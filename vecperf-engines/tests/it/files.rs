//! Indexes served from a file: the answers are those of memory, and what is no such file is refused.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use vecperf::Monitor;
use vecperf_engines::{
    BuildParameters, EngineKind, Index, Metric, Neighbor, SearchParameters, Vectors, build, open,
};

use crate::points::{clustered, split};

fn parameters() -> BuildParameters {
    BuildParameters {
        threads: 2,
        ..BuildParameters::default()
    }
}

fn built(kind: EngineKind, base: &Vectors, metric: Metric) -> Box<dyn Index> {
    build(kind, base, metric, &parameters(), &Monitor::off(), &|_| ()).expect("good input")
}

fn saved(index: &dyn Index) -> (TempDir, PathBuf) {
    let directory = TempDir::new().expect("a sound file");
    let file = directory.path().join("index");
    index.save(&file).expect("a sound file");
    (directory, file)
}

fn answers(index: &dyn Index, queries: &Vectors) -> Vec<Vec<Neighbor>> {
    let parameters = SearchParameters {
        k: 7,
        ef_search: parameters().ef_search,
    };
    let mut searcher = index.searcher();
    let answer = |query| {
        searcher
            .search(query, parameters)
            .expect("a sound file")
            .to_vec()
    };
    queries.rows().map(answer).collect()
}

fn served(kind: EngineKind) {
    for (metric, dimensions) in [
        (Metric::L2, 16),
        (Metric::Cosine, 23),
        (Metric::InnerProduct, 3),
    ] {
        let (base, queries) = split(&clustered(1200, dimensions, 5, 3), 40);
        let memory = built(kind, &base, metric);
        assert!(memory.mapped().is_none());
        let (directory, file) = saved(memory.as_ref());
        let expected = answers(memory.as_ref(), &queries);
        drop(memory);

        let index = open(kind, &file, dimensions, metric, &parameters()).expect("a sound file");
        let size = fs::metadata(&file).expect("a sound file").len();
        assert_eq!(index.mapped().map(<[u8]>::len), Some(size as usize));
        assert_eq!((index.len(), index.dimensions()), (base.len(), dimensions));
        drop(directory); // a file that is deleted stays as long as it is mapped
        assert_eq!(answers(index.as_ref(), &queries), expected, "{metric:?}");

        // From many threads, each with a searcher of its own.
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(answers(index.as_ref(), &queries), expected));
            }
        });
    }
}

#[test]
fn exact_answers_from_a_file_as_from_memory() {
    served(EngineKind::Exact);
}

#[cfg(feature = "usearch")]
#[test]
fn usearch_answers_from_a_file_as_from_memory() {
    served(EngineKind::Usearch);
}

#[test]
fn what_is_no_index_is_refused() {
    let (base, _) = split(&clustered(100, 8, 5, 3), 1);
    let (directory, file) = saved(built(EngineKind::Exact, &base, Metric::L2).as_ref());
    let good = fs::read(&file).unwrap();
    let refusal = |dimensions, metric| {
        let opened = open(EngineKind::Exact, &file, dimensions, metric, &parameters());
        opened.map(|_| ()).unwrap_err().to_string()
    };
    assert!(refusal(9, Metric::L2).contains("9"));
    assert!(refusal(8, Metric::Cosine).ends_with("an index of another metric"));
    let spoil = |at: usize, to: u8| {
        let mut bytes = good.clone();
        bytes[at] = to;
        bytes
    };
    let bad = [
        Vec::new(),
        b"vecperf exact 1\n".to_vec(),
        good[..good.len() - 1].to_vec(),
        good[..good.len() - 64].to_vec(), // a row less
        good[..4096].to_vec(),
        spoil(0, b'V'),
        spoil(16, 0),    // no dimensions
        spoil(23, 0xff), // more dimensions than there are addresses
        spoil(24, 98),   // a vector less
        spoil(32, 3),    // no such metric
        spoil(40, 1),    // another order of bytes
    ];
    for bytes in bad {
        fs::write(&file, &bytes).unwrap();
        let error = refusal(8, Metric::L2);
        assert!(
            error.contains("cannot be read: no index of the engine exact"),
            "{error}"
        );
    }
    drop(directory);
    assert!(refusal(8, Metric::L2).contains("index: cannot be read: No such file"));
}

#[test]
fn an_engine_without_files_says_so() {
    let (base, _) = split(&clustered(100, 8, 5, 3), 1);
    let directory = TempDir::new().unwrap();
    let index = built(EngineKind::Hnsw, &base, Metric::L2);
    let error = index
        .save(&directory.path().join("index"))
        .unwrap_err()
        .to_string();
    assert_eq!(error, "hnsw keeps its index in memory only");
    assert!(!EngineKind::Hnsw.serves_from_file() && EngineKind::Exact.serves_from_file());
    let file = directory.path().join("none");
    let opened = open(EngineKind::Hnsw, &file, 8, Metric::L2, &parameters());
    assert!(opened.is_err_and(|error| error.to_string().contains("exact or usearch")));
}
