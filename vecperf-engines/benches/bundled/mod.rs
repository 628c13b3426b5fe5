//! The bundled 25,000 GloVe vectors, an index over them and how it is searched; shared by the benchmarks of searches.

#![allow(dead_code, reason = "no benchmark uses all of it")]

use std::path::Path;

use vecperf::Monitor;
use vecperf_engines::{
    BuildParameters, EngineKind, Index, Metric, SearchParameters, Vectors, build,
};

/// How each query is searched for.
pub(crate) const PARAMETERS: SearchParameters = SearchParameters {
    k: 10,
    ef_search: 64,
};

/// The engines that are built in.
pub(crate) fn engines() -> impl Iterator<Item = EngineKind> {
    let graphs = [EngineKind::Hnsw, EngineKind::Usearch].into_iter();
    graphs.filter(|kind| kind.is_built_in())
}

/// An index over all vectors, unwatched.
pub(crate) fn index(kind: EngineKind) -> Box<dyn Index> {
    let (base, parameters) = (vectors("base.fbin"), BuildParameters::default());
    let metric = Metric::InnerProduct;
    build(kind, &base, metric, &parameters, &Monitor::off(), &|_| ())
        .unwrap_or_else(|error| panic!("{kind}: {error}"))
}

/// The vectors of one of the files.
pub(crate) fn vectors(file: &str) -> Vectors {
    read_fbin(&path(file))
}

/// Where one of the files is, whichever package's benchmark asks.
pub(crate) fn path(file: &str) -> String {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = package
        .ancestors()
        .map(|above| above.join("vecperf-cli/data/glove-50").join(file));
    let found = paths.find(|path| path.exists());
    found.map_or_else(|| file.to_owned(), |path| path.display().to_string())
}

/// Reads vectors: count and dimensions as 32-bit integers, then the values, all little-endian.
pub(crate) fn read_fbin(path: &str) -> Vectors {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut words = bytes.as_chunks::<4>().0.iter().copied();
    let dimensions = words.nth(1).map_or(0, u32::from_le_bytes);
    Vectors::new(dimensions as usize, words.map(f32::from_le_bytes).collect())
        .unwrap_or_else(|| panic!("{path}: rows of {dimensions} values"))
}
