//! The sampled blocks in use, and what each site allocated and holds.

use std::collections::HashMap;

use crate::allocation::sampling::{PARTS, Weight, weight};
use crate::cpu::stack_walking::{End, StackId};

/// Sites that are kept apart; what comes later is one site. A program has some thousands.
const MOST_SITES: usize = 1 << 15;

/// Where and when a block was allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Site {
    pub(super) stack: StackId,
    pub(super) end: Ending,
    /// A number of [`super::phases`]; 0: none.
    pub(super) phase: u32,
    /// The operation's number; 0: none.
    pub(super) operation: u32,
}

/// How the walk through a stack ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Ending {
    Root,
    Truncated,
    Broken,
    /// There was no stack.
    Unread,
}

impl From<End> for Ending {
    fn from(end: End) -> Self {
        match end {
            End::Root => Self::Root,
            End::Truncated => Self::Truncated,
            End::Broken => Self::Broken,
        }
    }
}

impl Site {
    /// All sites that came when the table was full.
    const OTHER: Self = Self {
        stack: StackId::OTHER,
        end: Ending::Root,
        phase: 0,
        operation: 0,
    };
}

/// What a site's samples stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// All that it allocated.
    pub(super) allocated: Weight,
    /// Of it, freed within the operation that allocated it.
    pub(super) temporary: Weight,
    /// Of it, not freed yet.
    pub(super) in_use: Weight,
}

impl Sums {
    pub(super) fn add(&mut self, other: Self) {
        add(&mut self.allocated, other.allocated);
        add(&mut self.temporary, other.temporary);
        add(&mut self.in_use, other.in_use);
    }
}

/// Blocks, rounded.
pub(super) fn objects(weight: Weight) -> u64 {
    weight.object_parts.saturating_add(PARTS / 2) / PARTS
}

/// A sampled block in use.
#[derive(Clone, Copy, Debug)]
struct Live {
    site: u32,
    bytes: u64,
}

/// The ledger. Bounded: sites by [`MOST_SITES`], blocks by the entries of `allocation::sampling`.
#[derive(Debug)]
pub(super) struct Ledger {
    mean: u64,
    numbers: HashMap<Site, u32>,
    sites: Vec<(Site, Sums)>,
    live: HashMap<u32, Live>,
    /// Samples that came when the table of sites was full.
    pub(super) others: u64,
}

impl Ledger {
    pub(super) fn new(mean: u64) -> Self {
        Self {
            mean,
            numbers: HashMap::new(),
            sites: Vec::new(),
            live: HashMap::new(),
            others: 0,
        }
    }

    /// The block with this number was allocated.
    pub(super) fn born(&mut self, number: u32, site: Site, bytes: u64) {
        let site = self.site(site);
        let weight = weight(bytes, self.mean);
        if let Some((_, sums)) = self.sites.get_mut(site as usize) {
            add(&mut sums.allocated, weight);
            add(&mut sums.in_use, weight);
        }
        self.live.insert(number, Live { site, bytes });
    }

    /// It was freed. One that is not known is of an earlier recording.
    pub(super) fn freed(&mut self, number: u32, temporary: bool) {
        let Some(live) = self.live.remove(&number) else {
            return;
        };
        let weight = weight(live.bytes, self.mean);
        if let Some((_, sums)) = self.sites.get_mut(live.site as usize) {
            subtract(&mut sums.in_use, weight);
            if temporary {
                add(&mut sums.temporary, weight);
            }
        }
    }

    fn site(&mut self, site: Site) -> u32 {
        if let Some(&number) = self.numbers.get(&site) {
            return number;
        }
        if self.sites.len() >= MOST_SITES && site != Site::OTHER {
            self.others += 1;
            return self.site(Site::OTHER);
        }
        let number = u32::try_from(self.sites.len()).unwrap_or(u32::MAX);
        self.sites.push((site, Sums::default()));
        self.numbers.insert(site, number);
        number
    }

    /// All sites, each at the same place as before.
    pub(super) fn sites(&self) -> &[(Site, Sums)] {
        &self.sites
    }

    /// Sampled blocks in use.
    pub(super) fn live(&self) -> usize {
        self.live.len()
    }

    pub(super) fn total(&self) -> Sums {
        let mut total = Sums::default();
        self.sites.iter().for_each(|(_, sums)| total.add(*sums));
        total
    }

    /// Bytes held, about.
    pub(super) fn bytes(&self) -> usize {
        self.sites.len() * 160 + self.live.len() * 40
    }
}

fn add(sum: &mut Weight, weight: Weight) {
    sum.object_parts = sum.object_parts.saturating_add(weight.object_parts);
    sum.bytes = sum.bytes.saturating_add(weight.bytes);
}

fn subtract(sum: &mut Weight, weight: Weight) {
    sum.object_parts = sum.object_parts.saturating_sub(weight.object_parts);
    sum.bytes = sum.bytes.saturating_sub(weight.bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(stack: u32) -> Site {
        Site {
            stack: StackId(stack),
            ..Site::OTHER
        }
    }

    #[test]
    fn what_is_freed_takes_away_exactly_what_it_brought() {
        let mut ledger = Ledger::new(524_288);
        for number in 0..100 {
            ledger.born(number, site(number % 3), 1 + u64::from(number) * 977);
        }
        let before = ledger.total();
        assert_eq!((ledger.live(), ledger.sites().len()), (100, 3));
        assert_eq!(before.in_use, before.allocated);
        (0..100).for_each(|number| ledger.freed(number, number < 50));
        let after = ledger.total();
        assert_eq!(after.in_use, Weight::default());
        assert_eq!(after.allocated, before.allocated);
        assert!(after.temporary.bytes > 0 && after.temporary.bytes < after.allocated.bytes);
        ledger.freed(7, true); // again: it is not there
        assert_eq!(ledger.total(), after);
    }

    #[test]
    fn too_many_sites_are_one_and_their_sum_is_right() {
        let mut ledger = Ledger::new(1);
        let blocks = MOST_SITES as u32 + 500;
        for number in 0..blocks {
            ledger.born(number, site(number), 1000);
        }
        assert_eq!(ledger.others, 500);
        assert_eq!(ledger.sites().len(), MOST_SITES + 1);
        assert_eq!(objects(ledger.total().in_use), u64::from(blocks));
        (0..blocks).for_each(|number| ledger.freed(number, false));
        assert_eq!(ledger.total().in_use, Weight::default());
    }
}
