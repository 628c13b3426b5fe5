//! Phases: named windows of the run.

use std::time::Duration;

use super::Monitor;
use crate::snapshot::Snapshot;

/// A phase of the run; ends when dropped.
#[derive(Debug)]
#[must_use = "the phase ends when this is dropped"]
pub struct Phase {
    monitor: Monitor,
    /// Where this phase stands in the monitor's list; nothing when the monitor is off.
    index: Option<usize>,
}

/// A phase in the monitor's list. Open phases have no end yet.
pub(super) struct Recorded {
    pub(super) name: String,
    pub(super) steady: bool,
    pub(super) start: Snapshot,
    pub(super) end: Option<Snapshot>,
}

impl Phase {
    pub(super) fn start(monitor: &Monitor, name: &str, steady: bool) -> Self {
        let index = monitor.watch.as_ref().map(|watch| {
            let start = watch.edge();
            let mut told = watch.told();
            told.phases.push(Recorded {
                name: name.to_owned(),
                steady,
                start,
                end: None,
            });
            told.phases.len() - 1
        });
        Self {
            monitor: monitor.clone(),
            index,
        }
    }

    /// Ends the phase; the same as dropping it, in words.
    pub fn end(self) {}

    /// How long the phase has lasted.
    pub fn elapsed(&self) -> Duration {
        match (&self.monitor.watch, self.index) {
            (Some(watch), Some(index)) => {
                let started = watch.told().phases.get(index).map(|phase| phase.start.to);
                watch.now().saturating_sub(started.unwrap_or_default())
            }
            _ => Duration::ZERO,
        }
    }
}

impl Drop for Phase {
    fn drop(&mut self) {
        let (Some(watch), Some(index)) = (&self.monitor.watch, self.index) else {
            return;
        };
        let end = watch.edge();
        if let Some(phase) = watch.told().phases.get_mut(index) {
            phase.end = Some(end);
        }
    }
}
