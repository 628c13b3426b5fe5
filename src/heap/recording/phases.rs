//! The program's phases, by number: a block belongs to the phase that started last and had not ended.

use std::sync::Arc;

/// Phases that are told apart; blocks of those after have none.
const MOST: usize = 4096;

/// The phases so far. The number 0 is no phase.
#[derive(Debug, Default)]
pub(super) struct Phases {
    names: Vec<Arc<str>>,
    /// Those under way, the one that started last at the end.
    open: Vec<u32>,
}

impl Phases {
    /// A phase starts; its number.
    pub(super) fn start(&mut self, name: &str) -> Option<u32> {
        let known = self.names.iter().position(|known| **known == *name);
        let index = match known {
            Some(index) => index,
            None if self.names.len() < MOST => {
                self.names.push(name.into());
                self.names.len() - 1
            }
            None => return None,
        };
        let number = u32::try_from(index + 1).ok()?;
        self.open.push(number);
        Some(number)
    }

    /// One of this number ends.
    pub(super) fn end(&mut self, number: u32) {
        if let Some(at) = self.open.iter().rposition(|open| *open == number) {
            self.open.remove(at);
        }
    }

    /// The one that blocks belong to now.
    pub(super) fn now(&self) -> u32 {
        self.open.last().copied().unwrap_or(0)
    }

    /// The names, at their numbers less one.
    pub(super) fn names(&self) -> &[Arc<str>] {
        &self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_open_phase_is_now() {
        let mut phases = Phases::default();
        assert_eq!(phases.now(), 0);
        let load = phases.start("load").unwrap();
        let build = phases.start("build").unwrap();
        assert_eq!(phases.now(), build);
        phases.end(build);
        assert_eq!(phases.now(), load);
        let again = phases.start("build").unwrap();
        assert_eq!(again, build, "the same name is the same phase");
        phases.end(load); // in another order
        assert_eq!(phases.now(), build);
        phases.end(again);
        assert_eq!(phases.now(), 0);
    }
}
