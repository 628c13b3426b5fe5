//! What the program told the monitor in the course of the run. Bounded, however long it runs: a service may start a
//! phase for each batch and write a note for each error.

use crate::report::Workload;
use crate::snapshot::{Block, Snapshot};

/// Phases and notes that are kept of each; what comes later is counted.
const MOST: usize = 200;

#[derive(Default)]
pub(super) struct Told {
    pub(super) phases: Vec<Recorded>,
    further_phases: u64,
    notes: Vec<String>,
    further_notes: u64,
    pub(super) workload: Option<Workload>,
    pub(super) interrupted: bool,
    pub(super) finished: bool,
    /// The steady phase that is being cut into blocks.
    pub(super) in_blocks: Option<usize>,
}

/// A phase in the monitor's list.
pub(super) struct Recorded {
    pub(super) name: String,
    pub(super) steady: bool,
    /// Cut into blocks of time; empty until it has ended.
    pub(super) blocks: Vec<Block>,
    /// Its number in the CPU profile.
    pub(super) profiled: Option<u16>,
    /// And in the heap profile.
    pub(super) heap: Option<u32>,
    pub(super) course: Course,
}

/// How far a phase has come.
pub(super) enum Course {
    /// Everything from the monitor's start to the phase's.
    Open { start: Box<Snapshot> },
    /// What was observed in the phase: less than the snapshots at its two edges, so those are not kept.
    Ended { window: Box<Snapshot> },
}

impl Told {
    pub(super) fn starting(notes: Vec<String>) -> Self {
        Self {
            notes,
            ..Self::default()
        }
    }

    /// False, and the phase is counted, when there were too many before it. The first steady one is always wanted: it
    /// is the one that is judged.
    pub(super) fn wants_phase(&mut self, steady: bool) -> bool {
        let wanted =
            self.phases.len() < MOST || (steady && !self.phases.iter().any(|phase| phase.steady));
        self.further_phases += u64::from(!wanted);
        wanted
    }

    pub(super) fn note(&mut self, note: String) {
        if self.notes.len() < MOST {
            self.notes.push(note);
        } else {
            self.further_notes += 1;
        }
    }

    pub(super) fn interrupt(&mut self, why: String) {
        if std::mem::replace(&mut self.interrupted, true) {
            self.note(why);
        } else {
            self.notes.push(why); // the first reason is always kept
        }
    }

    /// The notes, and what was not kept.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        if self.further_notes > 0 {
            let further = self.further_notes;
            notes.push(format!("further notes, not kept: {further}"));
        }
        if self.further_phases > 0 {
            let further = self.further_phases;
            notes.push(format!(
                "further phases, not listed: {further}; what happened in them is counted in the run"
            ));
        }
        notes
    }
}
