//! Recording: operation handles, timers, shards. The hot path takes no lock, allocates nothing after a thread's first
//! touch, makes no system call (but around one operation in 256 µs, see `faults.rs`) and shares no cache line with
//! another thread.
//!
//! ```text
//!  operation.rs   the handle          timer.rs    the guard        instrument.rs  futures
//!  call_site.rs   #[measure]          gauge.rs    values
//!  recorder.rs    all of a monitor: names, the series limit, snapshots
//!  core.rs        one operation: its shards by thread slot
//!  slots.rs       thread slots        shard.rs    one thread's cells
//!  counts.rs      one distribution    published.rs  made at first use
//!  spending.rs    what operations allocated
//!  faults.rs      which operations waited for storage
//!  segments/      what operations leave while somebody profiles
//!  receipts/      what slow operations leave      ring.rs   one writer, one reader, no waiting
//!  label.rs       what the thread does    cost.rs   what recording costs here
//! ```

mod call_site;
mod core;
pub(crate) mod cost;
mod counts;
mod faults;
mod gauge;
mod instrument;
mod label;
mod operation;
mod published;
mod receipts;
mod recorder;
mod ring;
mod segments;
mod shard;
mod slots;
mod spending;
mod sync;
mod timer;

pub use call_site::CallSite;
pub use gauge::Gauge;
pub use instrument::Instrumented;
pub use label::LabelGuard;
pub use operation::{Counter, Operation};
pub use timer::Timer;

pub use crate::segment::Outcome;

#[doc(hidden)]
pub use recorder::Unprofiled;

pub(crate) use receipts::{Missing, Receipt};
pub(crate) use recorder::Recorder;

#[cfg(all(test, not(loom)))]
mod tests;
