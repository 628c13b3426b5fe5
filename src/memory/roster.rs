//! What the program registered, and how far asking it has come. No thread, no lock, no time: those are `asking`'s.
//!
//! Asking goes in rounds. In each, a worker takes a subject out, asks or looks at it outside of any lock, and brings the
//! answer back. One that does not come back is *left*: the round ends without it, and it joins again when it returns.

use std::sync::Arc;
use std::time::Duration;

use super::account::{Answering, ComponentReading, Identity, RegionReading};
use super::region::{Look, Range};

/// Components and regions that are kept, together. What comes later is counted.
const MOST: usize = 200;

/// A callback of the program's that tells a size in bytes.
pub(super) type Ask = Box<dyn FnMut() -> u64 + Send>;

/// What a worker is to do.
pub(super) enum Task {
    /// Call this.
    Ask(u64, Ask),
    /// Look at this; `identify`: and at what the kernel says of the mapping.
    Look(u64, Range, bool),
}

#[derive(Default)]
pub(super) struct Roster {
    subjects: Vec<Subject>,
    next_id: u64,
    round: u64,
    /// Whether this round also reads what the kernel says of the mappings.
    identify: bool,
    /// Registered when there were too many.
    turned_away: u64,
}

struct Subject {
    id: u64,
    name: Arc<str>,
    kind: Kind,
    course: Course,
    /// The last round that it was taken out in.
    asked: u64,
    /// The last round that it came back in.
    answered: u64,
}

enum Kind {
    Component {
        ask: Option<Ask>,
        outside_heap: bool,
        last: Option<(u64, Duration)>,
        highest: Option<u64>,
    },
    Region {
        range: Range,
        first: Option<Look>,
        last: Option<Look>,
        identity: Option<Identity>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Course {
    Idle,
    /// With a worker.
    Out,
    /// With a worker that was given up.
    Left,
    /// Its callback panicked.
    Panicked,
}

impl Roster {
    /// Takes in a component; `Err` gives the callback back when there are too many.
    pub(super) fn add_component(&mut self, name: &str, ask: Ask) -> Result<u64, Ask> {
        if self.is_full() {
            return Err(ask);
        }
        Ok(self.add(
            name,
            Kind::Component {
                ask: Some(ask),
                outside_heap: false,
                last: None,
                highest: None,
            },
        ))
    }

    /// Takes in a region; `None` when there are too many.
    pub(super) fn add_region(&mut self, name: &str, range: Range) -> Option<u64> {
        if self.is_full() {
            return None;
        }
        Some(self.add(
            name,
            Kind::Region {
                range,
                first: None,
                last: None,
                identity: None,
            },
        ))
    }

    fn is_full(&mut self) -> bool {
        let full = self.subjects.len() >= MOST;
        self.turned_away += u64::from(full);
        full
    }

    /// Two of one name would be one line in a report: the later one is numbered.
    fn add(&mut self, name: &str, kind: Kind) -> u64 {
        let taken = |name: &str| self.subjects.iter().any(|other| &*other.name == name);
        let mut unique = name.to_owned();
        let mut number = 2;
        while taken(&unique) {
            unique = format!("{name} ({number})");
            number += 1;
        }
        self.next_id += 1;
        self.subjects.push(Subject {
            id: self.next_id,
            name: unique.into(),
            kind,
            course: Course::Idle,
            asked: 0,
            answered: 0,
        });
        self.next_id
    }

    pub(super) fn is_empty(&self) -> bool {
        self.subjects.is_empty()
    }

    /// Forgets one; its callback is for the caller to drop, outside of any lock.
    pub(super) fn remove(&mut self, id: u64) -> Option<Ask> {
        let at = self.subjects.iter().position(|subject| subject.id == id)?;
        self.subjects.remove(at).into_ask()
    }

    /// Gives all callbacks up, and keeps what was said.
    pub(super) fn take_callbacks(&mut self) -> Vec<Ask> {
        let all = self.subjects.iter_mut();
        all.filter_map(|subject| match &mut subject.kind {
            Kind::Component { ask, .. } => ask.take(),
            Kind::Region { .. } => None,
        })
        .collect()
    }

    /// Gives up the callback of one that came back after all of them were given up.
    pub(super) fn remove_callback(&mut self, id: u64) -> Option<Ask> {
        match &mut self.find(id)?.kind {
            Kind::Component { ask, .. } => ask.take(),
            Kind::Region { .. } => None,
        }
    }

    pub(super) fn place_outside_heap(&mut self, id: u64) {
        if let Some(Kind::Component { outside_heap, .. }) =
            self.find(id).map(|subject| &mut subject.kind)
        {
            *outside_heap = true;
        }
    }

    /// Everybody is to be asked anew.
    pub(super) fn begin_round(&mut self, identify: bool) {
        self.round += 1;
        self.identify = identify;
    }

    /// The next one to ask; `None` when all have been in this round.
    pub(super) fn next(&mut self) -> Option<Task> {
        let (round, identify) = (self.round, self.identify);
        let subject = self
            .subjects
            .iter_mut()
            .find(|subject| subject.is_due(round))?;
        subject.asked = round;
        match &mut subject.kind {
            Kind::Component { ask, .. } => {
                let ask = ask.take()?;
                subject.course = Course::Out;
                Some(Task::Ask(subject.id, ask))
            }
            Kind::Region { range, last, .. } => {
                let identify = identify || last.is_none();
                subject.course = Course::Out;
                Some(Task::Look(subject.id, *range, identify))
            }
        }
    }

    /// A component came back. What is returned is for the caller to drop, outside of any lock.
    pub(super) fn answer(
        &mut self,
        id: u64,
        back: Ask,
        bytes: Option<u64>,
        at: Duration,
    ) -> Option<Ask> {
        let Some(subject) = self.find(id) else {
            return Some(back);
        };
        subject.answered = subject.asked;
        let Kind::Component {
            ask, last, highest, ..
        } = &mut subject.kind
        else {
            return Some(back);
        };
        match bytes {
            Some(bytes) => {
                *last = Some((bytes, at));
                *highest = (*highest).max(Some(bytes));
                *ask = Some(back);
                subject.course = Course::Idle;
                None
            }
            None => {
                subject.course = Course::Panicked;
                Some(back)
            }
        }
    }

    /// A region was looked at.
    pub(super) fn looked(&mut self, id: u64, look: Look, seen: Option<Identity>) {
        let Some(subject) = self.find(id) else { return };
        subject.course = Course::Idle;
        subject.answered = subject.asked;
        if let Kind::Region {
            first,
            last,
            identity,
            ..
        } = &mut subject.kind
        {
            if first.is_none() {
                *first = Some(look.clone());
            }
            *last = Some(look);
            if let Some(seen) = seen {
                let same = identity.as_ref().is_none_or(|known| known.is(&seen));
                *identity = Some(if same { seen } else { Identity::Replaced });
            }
        }
    }

    /// Whether somebody has yet to be asked or to answer in this round. Those that were left do not count.
    pub(super) fn is_waiting(&self) -> bool {
        let waits = |subject: &Subject| match subject.course {
            Course::Idle => subject.is_due(self.round),
            Course::Out => true,
            Course::Left | Course::Panicked => false,
        };
        self.subjects.iter().any(waits)
    }

    /// Gives up waiting for those that are out. True when there were any.
    pub(super) fn leave(&mut self) -> bool {
        let mut left = false;
        for subject in &mut self.subjects {
            if subject.course == Course::Out {
                subject.course = Course::Left;
                left = true;
            }
        }
        left
    }

    pub(super) fn readings(&self) -> (Vec<ComponentReading>, Vec<RegionReading>) {
        let mut components = Vec::new();
        let mut regions = Vec::new();
        for subject in &self.subjects {
            match &subject.kind {
                Kind::Component {
                    outside_heap,
                    last,
                    highest,
                    ..
                } => components.push(ComponentReading {
                    name: subject.name.to_string(),
                    outside_heap: *outside_heap,
                    bytes: last.map(|last| last.0),
                    highest: *highest,
                    answered_at: last.map(|last| last.1),
                    answering: subject.answering(self.round),
                }),
                Kind::Region {
                    range,
                    first,
                    last,
                    identity,
                } => regions.push(RegionReading {
                    name: subject.name.to_string(),
                    bytes: range.bytes(),
                    first: first.clone(),
                    last: last.clone(),
                    identity: identity.clone(),
                }),
            }
        }
        (components, regions)
    }

    /// Bytes of the first `most`: what a component said last, and what of a region was in memory. Those that are not to
    /// be trusted are left out.
    pub(super) fn sizes(&self, most: usize) -> impl Iterator<Item = (Arc<str>, u64)> {
        let known = self.subjects.iter().filter_map(|subject| {
            let size = match &subject.kind {
                _ if subject.course == Course::Panicked => None,
                Kind::Component { last, .. } => last.map(|last| last.0),
                Kind::Region {
                    identity: Some(Identity::Replaced),
                    ..
                } => None,
                Kind::Region { last, .. } => match last {
                    Some(Look::Seen(pages)) => pages.resident,
                    _ => None,
                },
            };
            Some((Arc::clone(&subject.name), size?))
        });
        known.take(most)
    }

    pub(super) fn note(&self) -> Option<String> {
        (self.turned_away > 0).then(|| {
            format!(
                "components and regions beyond {MOST} are not kept: {}",
                self.turned_away
            )
        })
    }

    fn find(&mut self, id: u64) -> Option<&mut Subject> {
        self.subjects.iter_mut().find(|subject| subject.id == id)
    }
}

impl Subject {
    fn answering(&self, round: u64) -> Answering {
        match self.course {
            Course::Panicked => Answering::Panicked,
            _ if self.answered == round => Answering::Fresh,
            _ => Answering::Stale,
        }
    }

    fn is_due(&self, round: u64) -> bool {
        let can_be_asked = !matches!(self.kind, Kind::Component { ask: None, .. });
        self.course == Course::Idle && self.asked < round && can_be_asked
    }

    fn into_ask(self) -> Option<Ask> {
        match self.kind {
            Kind::Component { ask, .. } => ask,
            Kind::Region { .. } => None,
        }
    }
}

#[cfg(test)]
#[path = "roster_tests.rs"]
mod tests;
