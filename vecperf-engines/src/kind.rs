//! One constructor for all engines: which one, with which parameters.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use vecperf::Monitor;

use crate::{EngineError, Exact, Hnsw, HnswParameters, Index, Metric, Vectors};

/// The engines that can be asked for by name. This build may lack some: see [`EngineKind::is_built_in`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineKind {
    /// Our white-box HNSW graph: tells what each query did.
    #[default]
    Hnsw,
    /// Every vector compared with the query: exact, slow, the yardstick.
    Exact,
    /// The `usearch` library (C++), behind the feature of the same name.
    Usearch,
}

impl EngineKind {
    /// All engines, in this build or not.
    pub const ALL: [Self; 3] = [Self::Hnsw, Self::Exact, Self::Usearch];

    /// The engine's name, as [`Index::engine`] gives it and as it is parsed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hnsw => "hnsw",
            Self::Exact => "exact",
            Self::Usearch => "usearch",
        }
    }

    /// True when the engine can [save](Index::save) an index to a file and [`open`] it there.
    pub const fn serves_from_file(self) -> bool {
        matches!(self, Self::Exact | Self::Usearch)
    }

    /// True when this build holds the engine.
    pub const fn is_built_in(self) -> bool {
        match self {
            Self::Hnsw | Self::Exact => true,
            Self::Usearch => cfg!(feature = "usearch"),
        }
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for EngineKind {
    type Err = EngineError;

    /// ```
    /// use vecperf_engines::EngineKind;
    /// assert_eq!("hnsw".parse::<EngineKind>().ok(), Some(EngineKind::Hnsw));
    /// let error = "hnws".parse::<EngineKind>().unwrap_err().to_string();
    /// assert!(error.starts_with("engine = hnws: allowed is hnsw, exact"));
    /// ```
    fn from_str(name: &str) -> Result<Self, EngineError> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == name);
        match known {
            Some(kind) if kind.is_built_in() => Ok(kind),
            _ => Err(EngineError::Parameter(
                "engine",
                name.to_owned(),
                available(),
            )),
        }
    }
}

/// What an engine's name may be, in this build.
const fn available() -> &'static str {
    if cfg!(feature = "usearch") {
        "hnsw, exact or usearch"
    } else {
        "hnsw, exact, or usearch in a build with `--features usearch`"
    }
}

/// The type in which an engine keeps the values of its vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quantization {
    /// 32-bit floating point: the values as they are.
    #[default]
    F32,
    /// 16-bit floating point.
    F16,
    /// 8-bit integers.
    I8,
}

impl Quantization {
    /// The name, as it is parsed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::I8 => "i8",
        }
    }
}

impl fmt::Display for Quantization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Quantization {
    type Err = EngineError;

    fn from_str(name: &str) -> Result<Self, EngineError> {
        [Self::F32, Self::F16, Self::I8]
            .into_iter()
            .find(|quantization| quantization.name() == name)
            .ok_or_else(|| {
                EngineError::Parameter("quantization", name.to_owned(), "f32, f16 or i8")
            })
    }
}

/// How an index is to be built. An engine without the notion ignores a parameter, except that `exact` and `hnsw`
/// refuse a `quantization` other than `f32`: they would otherwise claim results they did not produce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildParameters {
    /// Links per node and layer of an HNSW graph (twice as many on the lowest); 2 to 128.
    pub m: usize,
    /// Candidates kept while a node of an HNSW graph looks for its neighbours; 1 to 4096.
    pub ef_construction: usize,
    /// Candidates kept while searching, for the engines where that is a property of the whole index (`usearch`).
    pub ef_search: usize,
    /// Seeds the layers that nodes reach; with one thread the same seed gives the same graph.
    pub seed: u64,
    /// Threads that build; 1 to 1024.
    pub threads: usize,
    /// The type in which values are kept.
    pub quantization: Quantization,
}

impl Default for BuildParameters {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            m: 16,
            ef_construction: 200,
            ef_search: 64,
            seed: 42,
            threads,
            quantization: Quantization::F32,
        }
    }
}

/// Builds an index of `vectors` by `kind`, recorded in `monitor` as operation `insert`. `progress` is called from the
/// building threads with the number of vectors inserted since its last call; the calls sum up to all of them.
///
/// # Errors
/// A parameter out of range, a row that the metric cannot compare, or an engine that this build does not hold.
pub fn build(
    kind: EngineKind,
    vectors: &Vectors,
    metric: Metric,
    parameters: &BuildParameters,
    monitor: &Monitor,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Box<dyn Index>, EngineError> {
    if kind != EngineKind::Usearch && parameters.quantization != Quantization::F32 {
        let asked = parameters.quantization.to_string();
        return Err(EngineError::Parameter(
            "quantization",
            asked,
            "f32 with this engine; f16 and i8 are usearch's",
        ));
    }
    match kind {
        EngineKind::Hnsw => {
            let hnsw = HnswParameters {
                m: parameters.m,
                ef_construction: parameters.ef_construction,
                seed: parameters.seed,
                threads: parameters.threads,
            };
            Ok(Box::new(Hnsw::build(
                vectors, metric, &hnsw, monitor, progress,
            )?))
        }
        EngineKind::Exact => {
            let index = monitor
                .operation("insert")
                .measure_result(|| Exact::new(vectors, metric))?;
            progress(index.len());
            Ok(Box::new(index))
        }
        #[cfg(feature = "usearch")]
        EngineKind::Usearch => Ok(Box::new(crate::Usearch::build(
            vectors, metric, parameters, monitor, progress,
        )?)),
        #[cfg(not(feature = "usearch"))]
        EngineKind::Usearch => Err(EngineError::Parameter(
            "engine",
            kind.to_string(),
            available(),
        )),
    }
}

/// Opens an index that was [saved](Index::save), to be served from the file: what is not touched takes no memory. The file
/// must not be changed or cut off meanwhile. `dimensions`, `metric` and `parameters` are those it was built with.
///
/// # Errors
/// The file cannot be read or is not this engine's, or the engine serves from memory only.
#[cfg_attr(
    not(feature = "usearch"),
    expect(unused_variables, reason = "the only engine that asks for parameters")
)]
pub fn open(
    kind: EngineKind,
    file: &Path,
    dimensions: usize,
    metric: Metric,
    parameters: &BuildParameters,
) -> Result<Box<dyn Index>, EngineError> {
    let index: Box<dyn Index> = match kind {
        EngineKind::Exact => Box::new(Exact::open(file)?),
        #[cfg(feature = "usearch")]
        EngineKind::Usearch => {
            Box::new(crate::Usearch::open(file, dimensions, metric, parameters)?)
        }
        _ => {
            return Err(EngineError::Parameter(
                "engine",
                kind.to_string(),
                "exact or usearch: others keep their index in memory",
            ));
        }
    };
    match (index.dimensions() == dimensions, index.metric() == metric) {
        (true, true) => Ok(index),
        (false, _) => Err(EngineError::Dimensions {
            expected: dimensions,
            found: index.dimensions(),
        }),
        (true, false) => Err(EngineError::Engine(format!(
            "{}: an index of another metric",
            file.display()
        ))),
    }
}
