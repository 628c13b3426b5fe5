//! The events of all threads: one for each thread and CPU, inherited by the threads to come.

use std::collections::{HashMap, HashSet};
use std::os::fd::{AsFd, OwnedFd};

use super::attr::{Attr, Wish};
use super::call;
use super::descriptors::Descriptors;
use super::fault::{Call, Fault};
use super::owners::Owners;
use super::record::{Record, What};
use super::ring::Ring;
use super::threads;
use crate::cpu::options::Target;

/// Times that the list of threads is read anew at most: a program that makes threads faster than they can be listed
/// would keep us for ever. Its newest threads inherit from those already covered.
const ROUNDS: usize = 32;

/// What is to be covered, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) target: Target,
    /// The thread that reads the rings.
    pub(super) except: u32,
    pub(super) wish: Wish,
    pub(super) faults: bool,
}

/// The events of all threads that were opened together.
#[derive(Debug)]
pub(super) struct Events {
    files: Vec<OwnedFd>,
    /// Each event's rank by its id: see [`Owners`].
    ranks: HashMap<u64, u32>,
    /// Which events count for a thread; `None`: each thread has those of one rank.
    owners: Option<Owners>,
    /// Page faults are among the events.
    pub(super) faults: bool,
    /// Records from before or after belong to other events.
    from_ns: u64,
    until_ns: u64,
}

impl Events {
    /// Opens events, not yet enabled, for all threads on the rings' CPUs. Page faults are left out when there are too
    /// few descriptors for them.
    pub(super) fn open(plan: &Plan, rings: &[Ring], allowed: Descriptors) -> Result<Self, Fault> {
        let mut events = Self {
            files: Vec::new(),
            ranks: HashMap::new(),
            owners: None,
            faults: plan.faults,
            from_ns: 0,
            until_ns: u64::MAX,
        };
        let mut known = HashSet::from([plan.except]);
        for round in 0..ROUNDS {
            let mut found = threads::list(plan.target)?;
            found.retain(|thread| known.insert(*thread));
            if found.is_empty() {
                break;
            }
            events.reserve(found.len() * rings.len(), allowed)?;
            for thread in found {
                let rank = if round == 0 { 0 } else { events.late(thread) };
                events.cover(thread, rank, &plan.wish, rings)?;
            }
        }
        if events.files.is_empty() && plan.target != Target::ThisProcess {
            return Err(Fault::NoProcess);
        }
        Ok(events)
    }

    /// Looks whether so many more events of each kind may be opened.
    fn reserve(&mut self, more: usize, descriptors: Descriptors) -> Result<(), Fault> {
        let needed = |kinds: usize| self.files.len() + more * kinds;
        if self.files.is_empty() && needed(2) > descriptors.allowed {
            self.faults = false;
        }
        let needed = needed(1 + usize::from(self.faults));
        if needed > descriptors.allowed {
            return Err(Fault::Descriptors {
                needed,
                allowed: descriptors.allowed,
                limit: descriptors.limit,
            });
        }
        Ok(())
    }

    /// A thread that came while events were being opened.
    fn late(&mut self, thread: u32) -> u32 {
        self.owners.get_or_insert_default().late(thread)
    }

    fn cover(&mut self, thread: u32, rank: u32, wish: &Wish, rings: &[Ring]) -> Result<(), Fault> {
        let kinds = [
            Some(Attr::clock(wish)),
            self.faults.then(|| Attr::faults(wish)),
        ];
        for ring in rings {
            for attr in kinds.iter().flatten() {
                let opened = self.open_one(attr, thread, rank, ring);
                match opened.map_err(|fault| (fault, fault.to(Call::Open))) {
                    Ok(()) => {}
                    // The thread has ended.
                    Err((_, Some(libc::ESRCH))) => return Ok(()),
                    // The CPU was taken away: nothing runs there.
                    Err((_, Some(libc::ENODEV))) => break,
                    Err((fault, _)) => return Err(fault),
                }
            }
        }
        Ok(())
    }

    fn open_one(&mut self, attr: &Attr, thread: u32, rank: u32, ring: &Ring) -> Result<(), Fault> {
        let file = call::open(attr, thread, ring.cpu())?;
        call::set_output(file.as_fd(), ring.as_fd())?;
        self.ranks.insert(call::id(file.as_fd())?, rank);
        self.files.push(file);
        Ok(())
    }

    pub(super) fn enable(&self) -> Result<(), Fault> {
        self.files
            .iter()
            .try_for_each(|file| call::enable(file.as_fd()))
    }

    /// These events count up to the moment, and `next` from it on. No more records of these are made; those that were
    /// made are still to be read.
    pub(super) fn hand_over(&mut self, next: &mut Self, at_ns: u64) {
        self.until_ns = at_ns;
        next.from_ns = at_ns;
        self.files.clear();
    }

    /// Whether records of these events can still come, when all up to the moment were read.
    pub(super) fn over_by(&self, read_up_to_ns: u64) -> bool {
        self.until_ns <= read_up_to_ns
    }

    /// The record was made by these events, in their time, and tells nothing that others tell, too.
    pub(super) fn accept(&mut self, record: &Record<'_>) -> bool {
        let Some(rank) = self.ranks.get(&record.id).copied() else {
            return false;
        };
        if !(self.from_ns..self.until_ns).contains(&record.at_ns) {
            return false;
        }
        let Some(owners) = &mut self.owners else {
            return true;
        };
        match record.what {
            What::Forked { child } => {
                owners.forked(record.thread, child);
                true
            }
            What::Ended => owners.ended(record.thread, rank),
            _ => owners.owns(record.thread, rank),
        }
    }

    /// Records were lost: what they would have told about threads is not known.
    pub(super) fn lost(&mut self) {
        if let Some(owners) = &mut self.owners {
            owners.forget();
        }
    }
}
