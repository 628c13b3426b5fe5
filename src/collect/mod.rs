//! The collector: one thread that takes a resource sample and the operations' counts at every beat.
//!
//! ```text
//!  beat.rs       when the next beat is due, and how many were missed     (pure)
//!  ledger.rs     one reading a beat, into …
//!  timeline.rs     … windows between marks: phases, exact peaks          (pure)
//!  series.rs       … a bounded time series for charts                    (pure)
//!  thread.rs     the thread: waits, beats, calls the hook; never dies by a panic
//!  blocks.rs     the judged window cut into blocks of time     (pure)
//!  collector.rs  what a monitor holds
//! ```

mod beat;
mod blocks;
mod collector;
mod ledger;
mod series;
mod thread;
mod timeline;

pub(crate) use blocks::Blocks;
pub(crate) use collector::{Collector, Setup};
pub(crate) use ledger::BeatWindow;
pub(crate) use series::{COMPONENTS, OPERATIONS};
