//! **vecperf**, the flight recorder for vector search: performance monitoring and profiling that a
//! vector search system keeps on while it is developed, tested and run.
//!
//! ```
//! let monitor = vecperf::Monitor::in_memory(vecperf::Settings::default())?;
//! let search = monitor.operation("search");
//! let distances = search.counter("distance_computations");
//!
//! for _ in 0..3 {
//!     let mut timer = search.start();
//!     timer.add(distances, 120); // the work this query did
//! } // dropping the timer records
//!
//! let report = monitor.report();
//! assert_eq!(report.run.operations[0].count, 3);
//! # Ok::<(), vecperf::Error>(())
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(target_os = "linux")]
mod address_space;
pub mod allocation;
mod clock;
mod collect;
pub mod compare;
pub mod config;
#[cfg(feature = "cpu")]
pub mod cpu;
mod environment;
mod error;
pub mod export;
pub mod finding;
pub mod heap;
mod histogram;
pub mod live;
pub mod memory;
mod monitor;
pub mod perf_utils;
pub mod profile;
pub mod quantity;
pub mod recall;
pub mod record;
pub mod report;
pub mod resource;
#[cfg_attr(
    not(all(feature = "cpu", target_os = "linux")),
    allow(
        dead_code,
        reason = "what the CPU profiler reads; without it nobody does"
    )
)]
mod segment;
pub mod serve;
mod signals;
pub mod snapshot;
pub mod threshold;

pub use allocation::Allocator;
pub use clock::Moment;
pub use config::Settings;
pub use error::{Error, ErrorKind, Result};
pub use histogram::Histogram;
pub use monitor::{Monitor, Phase};
pub use perf_utils::PerfCounter;
pub use recall::RecallEstimate;
pub use record::{Counter, Gauge, Operation, Outcome, Timer};
pub use report::Report;
pub use snapshot::Snapshot;
pub use threshold::{Status, Verdict};
#[cfg(feature = "macros")]
#[doc = include_str!("record/measure.md")]
pub use vecperf_macros::measure;

/// What the macros expand to and the benchmarks measure; no part of the public contract.
#[doc(hidden)]
pub mod __private {
    pub use crate::record::{CallSite, Unprofiled};
    pub use crate::resource::Sampler;
}
