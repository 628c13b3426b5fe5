//! Phases: named windows of the run.

use std::time::Duration;

use super::told::{Course, Recorded};
use super::{Monitor, Watch};

/// Steady phases that are cut into blocks of time, one at a time.
const MOST_IN_BLOCKS: usize = 32;

/// A phase of the run; ends when dropped.
#[derive(Debug)]
#[must_use = "the phase ends when this is dropped"]
pub struct Phase {
    monitor: Monitor,
    /// From the monitor's start to the phase's.
    started: Duration,
    /// Where this phase stands in the monitor's list; nothing when it is not listed.
    index: Option<usize>,
}

impl Phase {
    pub(super) fn start(monitor: &Monitor, name: &str, steady: bool) -> Self {
        let (started, index) = match &monitor.watch {
            Some(watch) => watch.start_phase(name, steady),
            None => (Duration::ZERO, None),
        };
        Self {
            monitor: monitor.clone(),
            started,
            index,
        }
    }

    /// Ends the phase; the same as dropping it, in words.
    pub fn end(self) {}

    /// How long the phase has lasted; zero when the monitor is off.
    pub fn elapsed(&self) -> Duration {
        let now = self.monitor.watch.as_ref().map(|watch| watch.now());
        now.unwrap_or_default().saturating_sub(self.started)
    }
}

impl Drop for Phase {
    fn drop(&mut self) {
        if let (Some(watch), Some(index)) = (&self.monitor.watch, self.index) {
            watch.end_phase(index);
        }
    }
}

impl Watch {
    /// When the phase starts, and its place in the list, if it has one.
    fn start_phase(&self, name: &str, steady: bool) -> (Duration, Option<usize>) {
        if !self.told().wants_phase(steady) {
            return (self.now(), None);
        }
        let start = Box::new(self.edge());
        let profiled = self.profiling.phase_starts(name);
        let heap = self.heap.phase_starts(name);
        let started = start.to;
        let mut told = self.told();
        let cut = told.phases.iter().filter(|phase| phase.steady).count();
        if steady && cut < MOST_IN_BLOCKS && told.in_blocks.is_none() {
            self.blocks().begin();
            told.in_blocks = Some(told.phases.len());
        }
        told.phases.push(Recorded {
            name: name.to_owned(),
            steady,
            blocks: Vec::new(),
            profiled,
            heap,
            course: Course::Open { start },
        });
        (started, Some(told.phases.len() - 1))
    }

    /// The name of the phase at `index`, when it is the one that is judged.
    fn judged_phase(&self, index: usize) -> Option<String> {
        let told = self.told();
        let judged = told.phases.iter().position(|phase| phase.steady)?;
        (judged == index).then(|| told.phases[judged].name.clone())
    }

    fn end_phase(&self, index: usize) {
        let end = self.edge();
        if let Some(name) = self.judged_phase(index) {
            self.take_account(&end, Some(&name));
        }
        let mut told = self.told();
        let cut = told.in_blocks.take_if(|cut| *cut == index);
        let Some(phase) = told.phases.get_mut(index) else {
            return;
        };
        if cut.is_some() {
            phase.blocks = self.blocks().end();
        }
        self.profiling.phase_ends(phase.profiled);
        self.heap.phase_ends(phase.heap);
        if let Course::Open { start } = &phase.course {
            let window = Box::new(self.window(start, &end));
            phase.course = Course::Ended { window };
        }
    }
}
