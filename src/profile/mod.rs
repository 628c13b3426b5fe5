//! A profile as plain data: where a quantity (CPU time, bytes) was spent, by call stack and label. The model of the
//! pprof format, with indices instead of ids: what profilers build, exporters write, and commands draw.
//!
//! ```text
//!  mod.rs      the model
//!  names.rs    the value kinds, label keys and cohorts that vecperf writes
//!  builder.rs  a profile put together from parts that repeat
//!  select.rs   what is in it: totals, labels, a cut to one cohort
//!  places.rs   the functions of a stack, as people know them
//!  counts.rs   how many operations it covers, kept in a comment
//!  check.rs    whether it holds together
//! ```

mod builder;
mod check;
mod counts;
pub mod names;
mod places;
mod select;

use std::sync::Arc;

pub use builder::Builder;
pub use check::Flaw;
pub use counts::OperationCounts;
pub(crate) use places::Place;
#[cfg(all(feature = "cpu", target_os = "linux"))]
pub(crate) use places::{UNKNOWN, file_name, function_name};

/// A profile. Indices into `mappings`, `functions` and `locations` are positions in those lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// When it began, nanoseconds since 1970; 0: unknown.
    pub time_nanos: i64,
    /// How long it took, nanoseconds; 0: unknown.
    pub duration_nanos: i64,
    /// What each of a sample's values counts: `samples` in `count`, `cpu` in `nanoseconds`.
    pub value_types: Vec<ValueType>,
    /// What the period counts: `cpu` in `nanoseconds`.
    pub period_type: ValueType,
    /// The period *achieved* between two samples.
    pub period: i64,
    /// Remarks for the reader, and what vecperf's commands read back: see [`Profile::operations`].
    pub comments: Vec<String>,
    /// The files that code came from.
    pub mappings: Vec<Mapping>,
    /// Functions.
    pub functions: Vec<Function>,
    /// Addresses in code.
    pub locations: Vec<Location>,
    /// What was observed.
    pub samples: Vec<Sample>,
}

/// A quantity and its unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ValueType {
    /// `cpu`
    pub kind: String,
    /// `nanoseconds`
    pub unit: String,
}

/// A file mapped as code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mapping {
    /// First address.
    pub start: u64,
    /// Address after the last.
    pub end: u64,
    /// Where in the file it starts.
    pub file_offset: u64,
    /// The file's path, `[vdso]`, `[kernel]`, or `[anonymous]`.
    pub file: String,
    /// GNU build id in hexadecimal; empty: the file has none.
    pub build_id: String,
    /// Whether its locations have function names: `false` lets a reader find them elsewhere by build id.
    pub has_functions: bool,
}

/// A function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Function {
    /// For people: demangled, long template arguments left out.
    pub name: String,
    /// In full, as the linker knows it; empty when it equals `name`.
    pub system_name: String,
    /// Source file; empty when unknown.
    pub file: String,
    /// Line where it starts; 0 when unknown.
    pub start_line: i64,
}

/// An address in code, and the functions it lies in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Location {
    /// The mapping; `None` for what is not code in a file (`[kernel (not sampled)]`).
    pub mapping: Option<u32>,
    /// The address; 0 where there is none.
    pub address: u64,
    /// Innermost inlined function first, the physical one last; empty: not known.
    pub lines: Vec<Line>,
}

/// A function and a line in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Line {
    /// The function.
    pub function: u32,
    /// The line; 0 when unknown.
    pub line: i64,
}

/// A stack and what was observed at it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Leaf first.
    pub locations: Vec<u32>,
    /// One for each of `value_types`.
    pub values: Vec<i64>,
    /// Labels; many samples share them. One key may occur several times: a slow query is in the cohorts `above_p50`,
    /// `above_p90`, ….
    pub labels: Arc<[Label]>,
}

/// A label of a sample.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    /// What it tells: see [`names`].
    pub key: Arc<str>,
    /// Its value.
    pub value: LabelValue,
}

/// A label's value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LabelValue {
    /// A text.
    Text(Arc<str>),
    /// A number with a unit.
    Number(i64, Arc<str>),
}
