//! Phases of the run, by time.

use std::sync::Arc;

/// Phases that are kept; the monitor lists no more either.
const MOST_PHASES: usize = 256;

/// A phase: from its start to its end, CLOCK_MONOTONIC in nanoseconds.
#[derive(Clone, Debug)]
struct Phase {
    name: Arc<str>,
    start_ns: u64,
    /// `u64::MAX` while it is open.
    end_ns: u64,
}

/// The phases so far, in the order of their starts. Number 0 is none.
#[derive(Clone, Debug, Default)]
pub(super) struct Phases {
    all: Vec<Phase>,
}

impl Phases {
    /// A phase starts; its number, `None` when there are too many.
    pub(super) fn start(&mut self, name: &str, at_ns: u64) -> Option<u16> {
        if self.all.len() >= MOST_PHASES {
            return None;
        }
        self.all.push(Phase {
            name: name.into(),
            start_ns: at_ns,
            end_ns: u64::MAX,
        });
        u16::try_from(self.all.len()).ok()
    }

    pub(super) fn end(&mut self, number: u16, at_ns: u64) {
        let index = usize::from(number).checked_sub(1);
        if let Some(phase) = index.and_then(|index| self.all.get_mut(index)) {
            phase.end_ns = at_ns;
        }
    }

    /// The innermost phase at a moment: of those that hold it, the one that started last. 0: none does.
    pub(super) fn at(&self, at_ns: u64) -> u16 {
        let holds = |phase: &Phase| (phase.start_ns..phase.end_ns).contains(&at_ns);
        let found = self.all.iter().rposition(holds);
        found.map_or(0, |index| u16::try_from(index + 1).unwrap_or(0))
    }

    /// Starts and ends in `(after_ns, to_ns]`, in the order of time: the phase's number, whether it starts, when.
    pub(super) fn edges(&self, after_ns: u64, to_ns: u64) -> Vec<(u64, u16, bool)> {
        let numbered = (1_u16..).zip(&self.all);
        let both = numbered.flat_map(|(number, phase)| {
            [
                (phase.start_ns, number, true),
                (phase.end_ns, number, false),
            ]
        });
        let mut edges: Vec<_> = both
            .filter(|&(at, ..)| at > after_ns && at <= to_ns && at != u64::MAX)
            .collect();
        // A phase may end at the nanosecond that it starts.
        edges.sort_unstable_by_key(|&(at, number, starts)| (at, number, !starts));
        edges
    }

    /// The names by number.
    pub(super) fn names(&self) -> Vec<Arc<str>> {
        let none: Arc<str> = "".into();
        let names = self.all.iter().map(|phase| Arc::clone(&phase.name));
        std::iter::once(none).chain(names).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_belongs_to_the_innermost_phase() {
        let mut phases = Phases::default();
        let outer = phases.start("run", 10).unwrap_or(0);
        let inner = phases.start("search", 20).unwrap_or(0);
        phases.end(inner, 30);
        assert_eq!(
            [5, 10, 20, 29, 30, 99].map(|at| phases.at(at)),
            [0, outer, inner, inner, outer, outer]
        );
        assert_eq!(&*phases.names()[usize::from(inner)], "search");
        assert_eq!(
            phases.edges(10, 30),
            [(20, inner, true), (30, inner, false)]
        );
        let empty = phases.start("empty", 40).unwrap_or(0);
        phases.end(empty, 40);
        assert_eq!(
            phases.edges(30, 40),
            [(40, empty, true), (40, empty, false)]
        );
    }

    #[test]
    fn phases_are_bounded() {
        let mut phases = Phases::default();
        let started = (0..1000).filter(|&at| phases.start("batch", at).is_some());
        assert_eq!(started.count(), MOST_PHASES);
    }
}
