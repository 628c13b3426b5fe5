//! Hysteresis for live use: a threshold that hovers around its limit does not flap.

use std::collections::BTreeMap;

use super::{Status, Verdict};

/// Turns verdicts, one set at each beat, into the few changes that a program wants to hear of.
///
/// A breach is told once, after `breach_after` failed verdicts in a row, and its end once, after `clear_after` passed
/// ones in a row. No data and inconclusive say nothing either way: they leave everything as it is, so that an alarm does not
/// clear because the traffic stopped.
///
/// ```
/// use vecperf::threshold::{Alarm, Change};
/// # use vecperf::{Status, Verdict};
/// # let verdict = |status| Verdict { threshold: "max_cpu_percent".to_owned(), operation: None, status, limit: 80.0,
/// #     observed: None, unit: "%".to_owned(), evidence: String::new() };
/// let mut alarm = Alarm::new(2, 3);
/// let (fail, pass) = ([verdict(Status::Fail)], [verdict(Status::Pass)]);
///
/// assert!(alarm.hear(&fail).is_empty());
/// assert_eq!(alarm.hear(&fail), [(Change::Breached, &fail[0])]); // the second in a row
/// assert!(alarm.hear(&fail).is_empty()); // told once
/// assert!(alarm.hear(&pass).is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct Alarm {
    breach_after: u32,
    clear_after: u32,
    /// By threshold and operation.
    states: BTreeMap<(String, Option<String>), State>,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The threshold is broken.
    Breached,
    /// It holds again.
    Cleared,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    breached: bool,
    /// Verdicts in a row that speak against the present state.
    against: u32,
}

impl Default for Alarm {
    /// At one beat a second: three seconds to tell a breach, five to believe that it is over.
    fn default() -> Self {
        Self::new(3, 5)
    }
}

impl Alarm {
    /// An alarm that tells a breach after `breach_after` fails in a row, and its end after `clear_after` passes; 0 counts
    /// as 1.
    pub const fn new(breach_after: u32, clear_after: u32) -> Self {
        Self {
            breach_after,
            clear_after,
            states: BTreeMap::new(),
        }
    }

    /// Takes the verdicts of one beat; gives back what changed, with the verdict that tipped it.
    pub fn hear<'v>(&mut self, verdicts: &'v [Verdict]) -> Vec<(Change, &'v Verdict)> {
        let changes = verdicts
            .iter()
            .filter_map(|verdict| Some((self.hear_one(verdict)?, verdict)));
        changes.collect()
    }

    /// The thresholds that are broken now, with the operation each is about.
    pub fn breached(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let broken = self.states.iter().filter(|(_, state)| state.breached);
        broken.map(|((threshold, operation), _)| (threshold.as_str(), operation.as_deref()))
    }

    fn hear_one(&mut self, verdict: &Verdict) -> Option<Change> {
        let fails = match verdict.status {
            Status::Fail => true,
            Status::Pass => false,
            Status::NoData | Status::Inconclusive => return None,
        };
        let name = (verdict.threshold.clone(), verdict.operation.clone());
        let state = self.states.entry(name).or_default();
        if fails == state.breached {
            state.against = 0;
            return None;
        }
        state.against += 1;
        let needed = if fails {
            self.breach_after
        } else {
            self.clear_after
        };
        if state.against < needed {
            return None;
        }
        *state = State {
            breached: fails,
            against: 0,
        };
        Some(if fails {
            Change::Breached
        } else {
            Change::Cleared
        })
    }
}
