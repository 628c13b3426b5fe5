//! Recording as a program sees it: exact, bounded, nothing lost.

mod faults;
mod futures;
mod segments;
mod series;
mod threads;
mod timers;

use super::*;
use crate::snapshot::OperationSnapshot;

/// The first operation's counts.
fn only(recorder: &Recorder) -> OperationSnapshot {
    recorder.operations().remove(0)
}
